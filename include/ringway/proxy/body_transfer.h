// One body on its way: from the bytes as they arrive to the bytes as they leave.
//
// Knows how the body is framed where it comes from (http/framing.h decided it) and how it is to be
// framed where it goes. Slices are moved, never copied; a chunked body that stays chunked keeps its
// chunks as they are, less their extensions and the trailer fields that may not pass. Holds nothing
// back: whatever has arrived leaves. Pure but for the queues it is given.
#pragma once

#include <cstdint>

#include "ringway/http/chunked.h"
#include "ringway/http/framing.h"
#include "ringway/http/parser.h"
#include "ringway/net/slice_queue.h"
#include "ringway/proxy/head_rewrite.h"

namespace ringway::proxy {

class BodyTransfer {
  public:
    BodyTransfer(net::BlockPool& blocks, const http::HeadLimits& trailer_limits)
        : blocks_(blocks), limits_(trailer_limits) {}
    BodyTransfer(const BodyTransfer&) = delete;
    BodyTransfer& operator=(const BodyTransfer&) = delete;
    ~BodyTransfer() { reset(); }

    void begin(http::Framing in, BodyForm out);
    void reset();

    // Moves what has arrived, until `to` holds `held_bytes_max`.
    void advance(net::SliceQueue& from, net::SliceQueue& to, std::uint32_t held_bytes_max);
    // The stream that the body came in has ended: the end of a body that only ends so, else a cut.
    void source_ended(net::SliceQueue& to);

    bool has_ended() const { return state_ == State::ended; }  // complete
    bool was_cut() const { return state_ == State::cut; }      // its source ended before it did
    bool has_failed() const { return state_ == State::failed; }
    http::Fault fault() const { return fault_; }
    bool out_of_memory() const { return has_failed() && fault_ == http::Fault::none; }

    // Bytes of the body itself, without any framing.
    std::uint64_t body_bytes() const { return body_bytes_; }
    // Body bytes that are certain to come and that pass unchanged: what may go by splice. Ends of
    // streams are unknown: all ones where the body ends with its connection.
    std::uint64_t spliceable_bytes() const;
    void note_spliced(std::uint64_t bytes);
    // More body bytes than this are a fault (0: no limit).
    void set_limit(std::uint64_t body_bytes_max) { body_bytes_max_ = body_bytes_max; }

  private:
    enum class State : std::uint8_t { idle, data, trailers, ended, cut, failed };

    void advance_length(net::SliceQueue& from, net::SliceQueue& to, std::uint64_t room);
    void advance_until_close(net::SliceQueue& from, net::SliceQueue& to, std::uint64_t room);
    void advance_chunked(net::SliceQueue& from, net::SliceQueue& to, std::uint32_t held_bytes_max);
    // The pieces of one slice; how much of it was used. False when it has to stop there.
    bool take_chunks(net::SliceQueue& from, net::SliceQueue& to);
    void advance_trailers(net::SliceQueue& from, net::SliceQueue& to);
    bool gather_trailers(net::SliceQueue& from);
    void write_trailers(net::SliceQueue& to);
    void pass_data(net::SliceQueue& from, std::size_t bytes, net::SliceQueue& to);
    bool write_chunk_line(net::SliceQueue& to, std::uint64_t bytes);
    bool count(std::uint64_t bytes);
    void end(net::SliceQueue& to);
    void fail(http::Fault fault);
    void release_block();

    net::BlockPool& blocks_;
    const http::HeadLimits& limits_;
    http::Framing in_;
    BodyForm out_ = BodyForm::none;
    State state_ = State::idle;
    http::Fault fault_ = http::Fault::none;
    std::uint64_t left_ = 0;  // of a body of known length
    std::uint64_t body_bytes_ = 0;
    std::uint64_t body_bytes_max_ = 0;
    http::ChunkedReader chunks_;
    net::Block* block_ = nullptr;  // chunk lines that we write; then the trailers as they came
};

}  // namespace ringway::proxy
