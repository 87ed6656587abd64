#include "answer.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "ringway/mock/pattern.h"

namespace ringway::mock {

void Answer::begin(const AnswerPlan& plan) {
    plan_ = plan;
    due_ = plan.begin_at;
    offset_ = 0;
    under_way_ = true;
    head_written_ = false;
}

void Answer::clear() {
    under_way_ = false;
    due_ = base::Instant::never();
    plan_.stream = nullptr;
    if (text_.capacity() > text_bytes_kept) std::string().swap(text_);
}

Answer::Step Answer::advance(base::Instant now, Output& out) {
    if (!under_way_) return Step::none;
    if (now < due_) return Step::waiting;
    if (!head_written_) {
        if (plan_.cut_at == 0 && has_no_body()) {
            clear();
            return Step::cut;  // nothing that could be cut in two: not even a head
        }
        head_written_ = true;
        write_head(plan_.head, out);
        body_began_ = now;
        if (plan_.source == BodySource::none) return end(out);
    }
    if (offset_ >= plan_.cut_at) {
        clear();
        return Step::cut;
    }
    return plan_.source == BodySource::stream ? write_stream(now, out) : write_body(now, out);
}

Answer::Step Answer::write_body(base::Instant now, Output& out) {
    std::uint64_t bytes = std::min(plan_.head.body_bytes - offset_, piece_bytes_max);
    if (bytes == 0) return end(out);
    if (plan_.head.framing == BodyFraming::chunked) bytes = std::min(bytes, plan_.chunk_bytes);
    bytes = std::min(bytes, plan_.cut_at - offset_);
    if (plan_.rate > 0) {
        bytes = std::min(bytes, allowed_by_rate(now));
        if (bytes == 0) return Step::waiting;
    }
    const bool is_text = plan_.source == BodySource::text;
    emit(bytes, is_text ? std::string_view(text_).substr(offset_, bytes) : std::string_view{}, out);
    if (offset_ == plan_.head.body_bytes && offset_ < plan_.cut_at) return end(out);
    return Step::more;
}

// Up to a hundredth of a second's bytes at a time, each when it is due since the body began.
std::uint64_t Answer::allowed_by_rate(base::Instant now) {
    const double rate = static_cast<double>(plan_.rate);
    const auto quantum = std::max<std::uint64_t>(plan_.rate / 100, 1);
    const std::uint64_t wanted = std::min(quantum, plan_.head.body_bytes - offset_);
    const auto due_ns = static_cast<double>(offset_ + wanted) * 1e9 / rate;
    const base::Instant due{body_began_.ns + static_cast<std::int64_t>(due_ns)};
    if (now < due) {
        due_ = due;
        return 0;
    }
    const auto allowed = static_cast<double>(now.ns - body_began_.ns) * rate / 1e9;
    return std::max(wanted, static_cast<std::uint64_t>(allowed) - offset_);
}

void Answer::emit(std::uint64_t bytes, std::string_view from, Output& out) {
    const bool chunked = plan_.head.framing == BodyFraming::chunked;
    if (chunked) {
        out.append_number(bytes, 16);
        out.append("\r\n");
    }
    char* to = out.extend(bytes);
    if (from.data() != nullptr)
        std::memcpy(to, from.data(), bytes);
    else
        fill_pattern(offset_, std::as_writable_bytes(std::span(to, bytes)));
    if (plan_.corrupt_at - offset_ < bytes) {
        char& byte = to[plan_.corrupt_at - offset_];
        byte = static_cast<char>(byte ^ 0x01);
    }
    if (chunked) out.append("\r\n");
    offset_ += bytes;
}

// A piece is framed behind the room that its chunk's size takes: written where it belongs at once.
Answer::Step Answer::write_stream(base::Instant now, Output& out) {
    TimedStream& stream = *plan_.stream;
    if (stream.due().is_never()) return end(out);
    if (now < stream.due()) {
        due_ = stream.due();
        return Step::waiting;
    }
    constexpr std::size_t size_digits = 6;  // 16 MiB, more than any piece
    const bool chunked = plan_.head.framing == BodyFraming::chunked;
    const std::size_t begin = out.size();
    if (chunked) out.extend(size_digits + 2);
    const std::size_t piece = out.size();
    stream.write_next(out);
    const std::uint64_t bytes = std::min<std::uint64_t>(out.size() - piece, plan_.cut_at - offset_);
    out.truncate(piece + bytes);
    if (plan_.corrupt_at - offset_ < bytes) {
        char& byte = out.data()[piece + (plan_.corrupt_at - offset_)];
        byte = static_cast<char>(byte ^ 0x01);
    }
    if (chunked) {
        constexpr std::string_view digits = "0123456789abcdef";
        for (std::size_t i = 0; i < size_digits; ++i) {
            out.data()[begin + i] = digits[(bytes >> (4 * (size_digits - 1 - i))) & 15];
        }
        std::memcpy(out.data() + begin + size_digits, "\r\n", 2);
        out.append("\r\n");
    }
    offset_ += bytes;
    return Step::more;
}

Answer::Step Answer::end(Output& out) {
    const bool has_last_chunk =
        plan_.head.framing == BodyFraming::chunked && plan_.source != BodySource::none;
    if (has_last_chunk) out.append("0\r\n\r\n");
    clear();
    return Step::done;
}

}  // namespace ringway::mock
