#include "http_check.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace ringway::control {

std::string check_request(const config::HealthCheck& rule, std::string_view address) {
    return fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: ringway-health-check\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n",
        rule.path, rule.host.empty() ? address : std::string_view(rule.host));
}

HttpCheck::Verdict HttpCheck::fail(std::string reason) {
    reason_ = std::move(reason);
    return Verdict::failed;
}

HttpCheck::Verdict HttpCheck::feed(std::string_view bytes) {
    input_ += bytes;
    if (!in_body_) return read_heads();
    return read_body();
}

// Interim responses are passed over; the final one's status decides, and then the body may.
HttpCheck::Verdict HttpCheck::read_heads() {
    for (;;) {
        const http::Progress progress = parser_.parse(input_);
        if (progress == http::Progress::need_more) return Verdict::undecided;
        if (progress == http::Progress::failed) {
            return fail(fmt::format("malformed response: {}", http::name_of(parser_.fault())));
        }
        const bool is_interim = head_.status >= 100 && head_.status < 200;
        if (!is_interim || head_.status == 101) break;
        input_.erase(0, head_.head_bytes());
        parser_.reset();
    }
    if (head_.status < rule_.status_min || head_.status > rule_.status_max) {
        return fail(fmt::format("status {}", head_.status));
    }
    const http::FramingResult framing = http::frame_response(head_, {});
    if (framing.fault != http::Fault::none) {
        return fail(fmt::format("malformed response: {}", http::name_of(framing.fault)));
    }
    if (rule_.body.empty()) return Verdict::passed;
    framing_ = framing.framing;
    return begin_body();
}

HttpCheck::Verdict HttpCheck::begin_body() {
    in_body_ = true;
    body_left_ = framing_.kind == http::BodyKind::length ? framing_.length : 0;
    input_.erase(0, head_.head_bytes());
    return read_body();
}

void HttpCheck::take_body(std::size_t count) {
    const std::size_t room = body_bytes_max - body_.size();
    body_.append(input_, 0, std::min(count, room));
    input_.erase(0, count);
}

HttpCheck::Verdict HttpCheck::read_body() {
    switch (framing_.kind) {
        case http::BodyKind::none:
        case http::BodyKind::tunnel: return look_for_text(true);
        case http::BodyKind::until_close: take_body(input_.size()); return look_for_text(false);
        case http::BodyKind::length: {
            const std::size_t count = std::min<std::uint64_t>(body_left_, input_.size());
            body_left_ -= count;
            take_body(count);
            return look_for_text(body_left_ == 0);
        }
        case http::BodyKind::chunked: break;
    }
    for (;;) {
        const http::ChunkPiece piece = chunks_.next(input_);
        switch (piece.part) {
            case http::ChunkPart::need_more: return look_for_text(false);
            case http::ChunkPart::framing:
            case http::ChunkPart::extension: input_.erase(0, piece.bytes); break;
            case http::ChunkPart::data: take_body(piece.bytes); break;
            case http::ChunkPart::last: return look_for_text(true);
            case http::ChunkPart::failed:
                return fail(fmt::format("malformed response: {}", http::name_of(chunks_.fault())));
        }
    }
}

HttpCheck::Verdict HttpCheck::look_for_text(bool is_whole) {
    if (body_.find(rule_.body) != std::string::npos) return Verdict::passed;
    if (is_whole || body_.size() == body_bytes_max) {
        return fail("the body lacks what the check asks for");
    }
    return Verdict::undecided;
}

HttpCheck::Verdict HttpCheck::end() {
    if (!in_body_) return fail("closed before the response was complete");
    if (framing_.kind == http::BodyKind::until_close) return look_for_text(true);
    return fail("closed within the body");
}

}  // namespace ringway::control
