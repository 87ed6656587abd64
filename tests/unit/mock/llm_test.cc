#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "llm_reply.h"
#include "llm_request.h"

using namespace ringway::mock;

namespace {

constexpr auto anthropic = LlmFormat::anthropic;
constexpr auto openai = LlmFormat::openai;

LlmRequest parsed(LlmFormat format, std::string_view body) {
    LlmParser parser;
    LlmRequest request;
    LlmFault fault;
    CAPTURE(body);
    const bool fine = parser.parse(format, body, request, fault);
    CAPTURE(fault.message);
    REQUIRE(fine);
    return request;
}

std::string fault_of(LlmFormat format, std::string_view body) {
    LlmParser parser;
    LlmRequest request;
    LlmFault fault;
    CAPTURE(body);
    REQUIRE_FALSE(parser.parse(format, body, request, fault));
    std::string text;
    write_fault(format, fault, text);
    return text;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

// All events of a stream; each due() must be given.
std::string stream_of(LlmReply& reply, const Behaviour& behaviour) {
    ringway::base::Random random(1);
    begin_reply(behaviour, random, reply);
    LlmStream stream;
    stream.begin(behaviour, reply, {1000});
    Output out;
    while (!stream.due().is_never()) stream.write_next(out);
    return std::string(out.view());
}

std::size_t count(const std::string& text, std::string_view part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

}  // namespace

TEST_CASE("requests of both formats are understood") {
    const LlmRequest one = parsed(
        anthropic,
        R"({"model":"m\"1","max_tokens":10,"stream":true,"system":"12345678","messages":[)"
        R"({"role":"user","content":"1234"},)"
        R"({"role":"assistant","content":[{"type":"text","text":"12345"},{"type":"image"}]}]})");
    CHECK(one.model == R"("m\"1")");
    CHECK(one.max_tokens == 10);
    CHECK(one.stream);
    CHECK(one.input_tokens == 2 + 3 + 1 + 3 + 2);

    const LlmRequest two = parsed(
        openai, R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"n":1,)"
                R"("max_completion_tokens":7,"messages":[{"role":"developer","content":"x"},)"
                R"({"role":"assistant","content":null,"tool_calls":[]}]})");
    CHECK(two.max_tokens == 7);
    CHECK(two.include_usage);
    CHECK(two.input_tokens == 4);
}

TEST_CASE("what is wrong with a request is said in its format's words") {
    CHECK(fault_of(anthropic, "{") == R"({"type":"error","error":{"type":"invalid_request_error",)"
                                      R"("message":"The request body is not valid JSON"}})");
    CHECK(has(fault_of(anthropic, "[]"), "JSON object"));
    CHECK(has(fault_of(anthropic, "{}"), "model: Field required"));
    CHECK(has(fault_of(anthropic, R"({"model":"m","messages":[]})"), "max_tokens: Field required"));
    CHECK(
        has(fault_of(anthropic, R"({"model":"m","max_tokens":0})"), "greater than or equal to 1"));
    CHECK(
        has(fault_of(anthropic, R"({"model":"m","max_tokens":1,"messages":[]})"), "at least one"));
    CHECK(has(fault_of(anthropic, R"({"model":"m","max_tokens":1,"messages":[{"role":"system"}]})"),
              "messages.0.role"));
    CHECK(has(fault_of(anthropic,
                       R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":1}]})"),
              "messages.0.content"));
    CHECK(fault_of(openai, R"({"model":"m"})") ==
          R"({"error":{"message":"Missing required parameter: 'messages'.",)"
          R"("type":"invalid_request_error","param":"messages",)"
          R"("code":"missing_required_parameter"}})");
    const std::string one_message = R"("messages":[{"role":"user","content":"x"}])";
    CHECK(has(fault_of(openai, R"({"model":1,)" + one_message + "}"), "invalid_type"));
    CHECK(has(fault_of(openai, R"({"model":"m","stream":"yes",)" + one_message + "}"), "boolean"));
    CHECK(has(fault_of(openai, R"({"model":"m","stream_options":{},)" + one_message + "}"),
              "only allowed when"));
    CHECK(has(fault_of(openai, R"({"model":"m","n":2,)" + one_message + "}"), "must be 1"));
    CHECK(
        has(fault_of(openai, R"({"model":"m","max_tokens":-1,)" + one_message + "}"), "below_min"));
    CHECK(has(fault_of(openai, ""), "could not parse"));
}

TEST_CASE("an error has the type that its status has in its format") {
    std::string text;
    write_fault(anthropic, {529, "m", {}, {}}, text);
    CHECK(has(text, "overloaded_error"));
    write_fault(anthropic, {429, "m", {}, {}}, text);
    CHECK(has(text, "rate_limit_error"));
    write_fault(anthropic, {500, "m", {}, {}}, text);
    CHECK(has(text, "api_error"));
    write_fault(openai, {503, "m", {}, {}}, text);
    CHECK(has(text, R"("type":"server_error","param":null,"code":null)"));
}

TEST_CASE("a reply has the tokens asked for, and says what ended it") {
    ringway::base::Random random(1);
    LlmReply reply{.format = openai, .request = {}, .id = {}, .fields = {}};
    reply.request.model = "\"m\"";
    Behaviour behaviour;
    begin_reply(behaviour, random, reply);
    CHECK(reply.tokens == 64);
    CHECK_FALSE(reply.is_cut_short);
    reply.request.max_tokens = 5000;
    begin_reply(behaviour, random, reply);
    CHECK(reply.tokens == 256);
    CHECK_FALSE(reply.is_cut_short);
    behaviour.tokens = 300;
    reply.request.max_tokens = 100;
    begin_reply(behaviour, random, reply);
    CHECK(reply.tokens == 100);
    CHECK(reply.is_cut_short);
    std::string text;
    write_reply(reply, text);
    CHECK(has(text, R"("finish_reason":"length")"));
    CHECK(has(text, R"("completion_tokens":100,"total_tokens":100)"));
    behaviour.token_rate = 100;
    behaviour.ttft = ringway::base::Duration::milliseconds(5);
    CHECK(time_of_reply(behaviour, 101) == ringway::base::Duration::milliseconds(1005));
}

TEST_CASE("a stream has its format's events in order, and each token at its time") {
    Behaviour behaviour;
    behaviour.tokens = 3;
    LlmReply reply{.format = anthropic, .request = {}, .id = {}, .fields = {}};
    reply.request.model = "\"m\"";
    SUBCASE("of Anthropic") {
        const std::string events = stream_of(reply, behaviour);
        std::size_t at = 0;
        for (const char* name :
             {"message_start", "content_block_start", "ping", "content_block_delta",
              "content_block_stop", "message_delta", "message_stop"}) {
            const std::size_t next = events.find("event: " + std::string(name) + "\n", at);
            CAPTURE(name);
            REQUIRE(next != std::string::npos);
            at = next;
        }
        CHECK(count(events, "event: content_block_delta\n") == 3);
        CHECK(count(events, "\n\n") == 9);
    }
    SUBCASE("of OpenAI, with usage and without") {
        reply.format = openai;
        std::string events = stream_of(reply, behaviour);
        CHECK(events.ends_with("data: [DONE]\n\n"));
        CHECK(count(events, "data: {") == 5);
        CHECK_FALSE(has(events, "usage"));
        reply.request.include_usage = true;
        events = stream_of(reply, behaviour);
        CHECK(count(events, "\"usage\":null") == 5);
        CHECK(count(events, "\"choices\":[],\"usage\":{") == 1);
    }
    SUBCASE("at its time") {
        behaviour.ttft = {100};
        behaviour.token_rate = 1e6;
        behaviour.stamps = true;
        ringway::base::Random random(1);
        begin_reply(behaviour, random, reply);
        LlmStream stream;
        stream.begin(behaviour, reply, {1000});
        Output out;
        std::vector<std::int64_t> due;
        while (!stream.due().is_never()) {
            due.push_back(stream.due().ns);
            stream.write_next(out);
        }
        CHECK(due ==
              std::vector<std::int64_t>{1000, 1000, 1000, 1100, 2100, 3100, 3100, 3100, 3100});
        CHECK(count(std::string(out.view()), ": n=") == 9);
    }
}
