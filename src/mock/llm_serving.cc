#include "llm_serving.h"

#include <fmt/format.h>

namespace ringway::mock {
namespace {

LlmFormat format_of(const HttpRequest& request) {
    return request.path.kind == PathKind::messages ? LlmFormat::anthropic : LlmFormat::openai;
}

}  // namespace

void LlmServing::choose(const HttpRequest& request, const Behaviour& behaviour,
                        base::Random& random, LlmParser& parser, AnswerPlan& plan,
                        std::string& text) {
    reply_.format = format_of(request);
    if (request.method != "POST") {
        fault_ = {405, fmt::format("{} is not allowed here: use POST", request.method), {}, {}};
        return plan_fault(plan, text);
    }
    if (!parser.parse(reply_.format, request.body, reply_.request, fault_)) {
        return plan_fault(plan, text);
    }
    begin_reply(behaviour, random, reply_);
    plan.head.more = reply_.fields;
    if (reply_.request.stream) {
        stream_.begin(behaviour, reply_, plan.begin_at);
        plan.source = BodySource::stream;
        plan.stream = &stream_;
        plan.head.type = "text/event-stream; charset=utf-8";
        reply_.fields += "Cache-Control: no-cache\r\n";
        plan.head.more = reply_.fields;
        plan.head.body_bytes = stream_.expected_bytes();
        return;
    }
    plan.begin_at = plan.begin_at + time_of_reply(behaviour, reply_.tokens);
    plan.head.type = "application/json";
    write_reply(reply_, text);
    plan.head.body_bytes = text.size();
}

void LlmServing::choose_error(const HttpRequest& request, int status, AnswerPlan& plan,
                              std::string& text) {
    reply_.format = format_of(request);
    fault_ = {status, "ringway mock made this error, as it was asked to", {}, {}};
    if (status == 429) fault_.code = "rate_limit_exceeded";
    plan_fault(plan, text);
}

void LlmServing::plan_fault(AnswerPlan& plan, std::string& text) {
    plan.head.status = fault_.status;
    plan.head.type = "application/json";
    if (fault_.status == 429) plan.head.more = "retry-after: 1\r\n";
    write_fault(reply_.format, fault_, text);
    plan.head.body_bytes = text.size();
}

}  // namespace ringway::mock
