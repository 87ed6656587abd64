// Replies as server-sent events, each token at its time.
#include <algorithm>

#include "llm_reply.h"
#include "loop.h"

namespace ringway::mock {

void LlmStream::begin(const Behaviour& behaviour, const LlmReply& reply, base::Instant first) {
    reply_ = &reply;
    first_ = first;
    ttft_ = behaviour.ttft;
    token_rate_ = behaviour.token_rate;
    stamps_ = behaviour.stamps;
    token_ = events_ = 0;
    part_ = Part::opening;
}

// Roughly: it only says where the middle is.
std::uint64_t LlmStream::expected_bytes() const {
    const bool anthropic = reply_->format == LlmFormat::anthropic;
    return 600 + reply_->tokens * (anthropic ? 125 : 240);
}

// Anthropic's opening comes before there is a token, OpenAI's with the first one.
base::Instant LlmStream::due() const {
    const bool is_opening = part_ < Part::token && reply_->format == LlmFormat::anthropic;
    if (part_ == Part::over) return base::Instant::never();
    if (is_opening) return first_;
    const base::Instant first_token = first_ + ttft_;
    if (token_rate_ <= 0) return first_token;
    const std::uint64_t token = std::min(token_, reply_->tokens - 1);
    const double seconds = std::min(static_cast<double>(token) / token_rate_, 1e9);
    return first_token + base::Duration{static_cast<std::int64_t>(seconds * 1e9)};
}

void LlmStream::write_stamp(Output& out) {
    out.append(": n=");
    out.append_padded(++events_, 10);
    out.append(" t=");
    out.append_padded(static_cast<std::uint64_t>(monotonic_now().ns), 20);
    out.append("\n");
}

void LlmStream::write_next(Output& out) {
    if (stamps_) write_stamp(out);
    if (reply_->format == LlmFormat::anthropic)
        write_anthropic(out);
    else
        write_openai(out);
    advance();
}

void LlmStream::advance() {
    const bool anthropic = reply_->format == LlmFormat::anthropic;
    switch (part_) {
        case Part::opening: part_ = anthropic ? Part::block : Part::token; break;
        case Part::block: part_ = Part::ping; break;
        case Part::ping: part_ = Part::token; break;
        case Part::token:
            if (++token_ == reply_->tokens) part_ = anthropic ? Part::block_end : Part::ending;
            break;
        case Part::block_end: part_ = Part::ending; break;
        case Part::ending:
            part_ = !anthropic && reply_->request.include_usage ? Part::usage : Part::last;
            break;
        case Part::usage: part_ = Part::last; break;
        case Part::last:
        case Part::over: part_ = Part::over; break;
    }
}

void LlmStream::write_anthropic(Output& out) {
    switch (part_) {
        case Part::opening:
            out.append(
                "event: message_start\n"
                R"(data: {"type":"message_start","message":{"id":")");
            out.append(reply_->id);
            out.append(R"(","type":"message","role":"assistant","model":)");
            out.append(reply_->request.model);
            out.append(R"(,"content":[],"stop_reason":null,"stop_sequence":null,)"
                       R"("usage":{"input_tokens":)");
            out.append_number(reply_->request.input_tokens);
            out.append(R"(,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,)"
                       R"("output_tokens":1}}})");
            break;
        case Part::block:
            out.append(
                "event: content_block_start\n"
                R"(data: {"type":"content_block_start","index":0,)"
                R"("content_block":{"type":"text","text":""}})");
            break;
        case Part::ping: out.append("event: ping\ndata: {\"type\":\"ping\"}"); break;
        case Part::token:
            out.append(
                "event: content_block_delta\n"
                R"(data: {"type":"content_block_delta","index":0,)"
                R"("delta":{"type":"text_delta","text":")");
            out.append(token_text(token_));
            out.append("\"}}");
            break;
        case Part::block_end:
            out.append(
                "event: content_block_stop\n"
                R"(data: {"type":"content_block_stop","index":0})");
            break;
        case Part::ending:
            out.append(
                "event: message_delta\n"
                R"(data: {"type":"message_delta","delta":{"stop_reason":")");
            out.append(reply_->is_cut_short ? "max_tokens" : "end_turn");
            out.append(R"(","stop_sequence":null},"usage":{"output_tokens":)");
            out.append_number(reply_->tokens);
            out.append("}}");
            break;
        default: out.append("event: message_stop\ndata: {\"type\":\"message_stop\"}"); break;
    }
    out.append("\n\n");
}

void LlmStream::begin_chunk(Output& out) const {
    out.append(R"(data: {"id":")");
    out.append(reply_->id);
    out.append(R"(","object":"chat.completion.chunk","created":)");
    out.append_number(reply_->created);
    out.append(R"(,"model":)");
    out.append(reply_->request.model);
    out.append(R"(,"system_fingerprint":"fp_ringway_mock","choices":[)");
}

// With usage asked for, every chunk but the last has it as null.
void LlmStream::end_chunk(Output& out) const {
    out.append("]");
    if (reply_->request.include_usage && part_ != Part::usage) out.append(R"(,"usage":null)");
    if (part_ == Part::usage) {
        out.append(R"(,"usage":{"prompt_tokens":)");
        out.append_number(reply_->request.input_tokens);
        out.append(R"(,"completion_tokens":)");
        out.append_number(reply_->tokens);
        out.append(R"(,"total_tokens":)");
        out.append_number(reply_->request.input_tokens + reply_->tokens);
        out.append("}");
    }
    out.append("}");
}

void LlmStream::write_openai(Output& out) {
    if (part_ == Part::last) return out.append("data: [DONE]\n\n");
    begin_chunk(out);
    switch (part_) {
        case Part::opening:
            out.append(R"({"index":0,"delta":{"role":"assistant","content":"","refusal":null},)"
                       R"("logprobs":null,"finish_reason":null})");
            break;
        case Part::token:
            out.append(R"({"index":0,"delta":{"content":")");
            out.append(token_text(token_));
            out.append(R"("},"logprobs":null,"finish_reason":null})");
            break;
        case Part::ending:
            out.append(R"({"index":0,"delta":{},"logprobs":null,"finish_reason":")");
            out.append(reply_->is_cut_short ? "length" : "stop");
            out.append("\"}");
            break;
        default: break;  // usage: no choices
    }
    end_chunk(out);
    out.append("\n\n");
}

}  // namespace ringway::mock
