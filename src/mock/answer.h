// The answer under way on one connection: its head, and its body as the behaviour wants it sent.
//
// Waits for the first byte's time, frames, paces, corrupts and cuts. Does no I/O: writes what can
// be said now into what is to be sent, a bounded piece at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "http_head.h"
#include "output.h"
#include "ringway/base/clock.h"
#include "timed_stream.h"

namespace ringway::mock {

enum class BodySource : std::uint8_t {
    none,     // a head alone; what it says about a body stays true
    text,     // text()
    pattern,  // pattern.h
    stream,   // a TimedStream, which outlives the answer
};

struct AnswerPlan {
    static constexpr std::uint64_t nowhere = std::numeric_limits<std::uint64_t>::max();

    HeadParts head;
    BodySource source = BodySource::text;
    TimedStream* stream = nullptr;
    std::uint64_t chunk_bytes = 0;  // where the framing is chunked; a stream's pieces are chunks
    std::uint64_t rate = 0;         // bytes per second
    std::uint64_t corrupt_at = nowhere;
    std::uint64_t cut_at = nowhere;
    base::Instant begin_at;  // not before
};

class Answer {
  public:
    enum class Step : std::uint8_t { none, more, waiting, done, cut };

    // What a body of text is made of; filled before begin(), kept until the answer has ended.
    std::string& text() { return text_; }
    void begin(const AnswerPlan& plan);
    bool is_under_way() const { return under_way_; }

    // Writes at most one bounded piece. `waiting`: until due().
    Step advance(base::Instant now, Output& out);
    base::Instant due() const { return due_; }
    void client_ended() {
        if (!under_way_ || plan_.stream == nullptr) return;
        plan_.stream->client_ended();
        if (head_written_) due_ = {};
    }

  private:
    Step write_body(base::Instant now, Output& out);
    Step write_stream(base::Instant now, Output& out);
    std::uint64_t allowed_by_rate(base::Instant now);
    void emit(std::uint64_t bytes, std::string_view from, Output& out);
    Step end(Output& out);
    bool has_no_body() const {
        return plan_.source == BodySource::none ||
               (plan_.stream == nullptr && plan_.head.body_bytes == 0);
    }
    void clear();

    static constexpr std::uint64_t piece_bytes_max = 64 * 1024;
    static constexpr std::size_t text_bytes_kept = 64 * 1024;

    AnswerPlan plan_;
    std::string text_;
    base::Instant due_ = base::Instant::never();
    base::Instant body_began_;
    std::uint64_t offset_ = 0;  // of the body
    bool under_way_ = false;
    bool head_written_ = false;
};

}  // namespace ringway::mock
