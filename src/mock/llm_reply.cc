// Whole replies, errors, and what replies have in common.
#include "llm_reply.h"

#include <algorithm>
#include <ctime>
#include <iterator>

#include <fmt/format.h>

#include "ringway/stats/json.h"

namespace ringway::mock {
namespace {

constexpr std::uint64_t tokens_default_max = 256;
constexpr std::uint64_t tokens_without_limit = 64;

void append_id(std::string_view prefix, std::size_t characters, base::Random& random,
               std::string& out) {
    constexpr std::string_view alphabet =
        "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789";
    out += prefix;
    for (std::size_t i = 0; i < characters; ++i) out += alphabet[random.below(alphabet.size())];
}

std::string_view anthropic_type(int status) {
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 429: return "rate_limit_error";
        case 529: return "overloaded_error";
        default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

std::string_view openai_type(int status) {
    if (status == 429) return "rate_limit_error";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

void append_text(std::uint64_t tokens, std::string& out) {
    for (std::uint64_t i = 0; i < tokens; ++i) out += token_text(i);
}

}  // namespace

std::string_view token_text(std::uint64_t index) {
    constexpr std::string_view words[] = {" the",   " river", " runs",  " past",  " a",  " small",
                                          " house", " and",   " every", " stone", " in", " it",
                                          " has",   " seen",  " more",  " water"};
    if (index == 0) return "Once";
    return words[(index * 7 + index / 16) % std::size(words)];
}

void begin_reply(const Behaviour& behaviour, base::Random& random, LlmReply& reply) {
    const std::uint64_t limit = reply.request.max_tokens.value_or(~std::uint64_t{0});
    const std::uint64_t usual = reply.request.max_tokens
                                    ? std::min(*reply.request.max_tokens, tokens_default_max)
                                    : tokens_without_limit;
    reply.tokens = std::min(behaviour.tokens.value_or(usual), limit);
    reply.is_cut_short = reply.tokens == limit;
    reply.created = static_cast<std::uint64_t>(::time(nullptr));
    reply.id.clear();
    reply.fields.clear();
    const bool anthropic = reply.format == LlmFormat::anthropic;
    append_id(anthropic ? "msg_01" : "chatcmpl-", anthropic ? 22 : 29, random, reply.id);
    reply.fields += anthropic ? "request-id: " : "x-request-id: ";
    append_id("req_", 24, random, reply.fields);
    reply.fields += "\r\n";
}

base::Duration time_of_reply(const Behaviour& behaviour, std::uint64_t tokens) {
    if (behaviour.token_rate <= 0) return behaviour.ttft;
    const double seconds = static_cast<double>(tokens - 1) / behaviour.token_rate;
    return behaviour.ttft + base::Duration{static_cast<std::int64_t>(std::min(seconds, 1e9) * 1e9)};
}

void write_reply(const LlmReply& reply, std::string& out) {
    const auto to = std::back_inserter(out);
    out.clear();
    if (reply.format == LlmFormat::anthropic) {
        fmt::format_to(to,
                       R"({{"id":"{}","type":"message","role":"assistant","model":{},)"
                       R"("content":[{{"type":"text","text":")",
                       reply.id, reply.request.model);
        append_text(reply.tokens, out);
        fmt::format_to(to,
                       R"("}}],"stop_reason":"{}","stop_sequence":null,"usage":{{)"
                       R"("input_tokens":{},"cache_creation_input_tokens":0,)"
                       R"("cache_read_input_tokens":0,"output_tokens":{}}}}})",
                       reply.is_cut_short ? "max_tokens" : "end_turn", reply.request.input_tokens,
                       reply.tokens);
        return;
    }
    fmt::format_to(to,
                   R"({{"id":"{}","object":"chat.completion","created":{},"model":{},)"
                   R"("choices":[{{"index":0,"message":{{"role":"assistant","content":")",
                   reply.id, reply.created, reply.request.model);
    append_text(reply.tokens, out);
    fmt::format_to(to,
                   R"(","refusal":null}},"logprobs":null,"finish_reason":"{}"}}],"usage":{{)"
                   R"("prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}},)"
                   R"("system_fingerprint":"fp_ringway_mock"}})",
                   reply.is_cut_short ? "length" : "stop", reply.request.input_tokens, reply.tokens,
                   reply.request.input_tokens + reply.tokens);
}

void write_fault(LlmFormat format, const LlmFault& fault, std::string& out) {
    out.clear();
    stats::JsonWriter json(out);
    json.begin_object();
    if (format == LlmFormat::anthropic) {
        json.text("type", "error")
            .begin_object("error")
            .text("type", anthropic_type(fault.status))
            .text("message", fault.message)
            .end_object();
    } else {
        json.begin_object("error")
            .text("message", fault.message)
            .text("type", openai_type(fault.status))
            .text_or_null("param", fault.parameter)
            .text_or_null("code", fault.code)
            .end_object();
    }
    json.end_object();
}

}  // namespace ringway::mock
