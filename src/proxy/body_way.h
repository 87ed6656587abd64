// How one body travels through an exchange: copied through buffers, or its rest spliced.
//
// Chooses between the two ways and changes between them without losing a byte. Never waits: the
// exchange's loop calls advance() whenever something happened.
#pragma once

#include <cstdint>

#include "ringway/net/splice_pump.h"
#include "ringway/proxy/body_transfer.h"

namespace ringway::proxy {

class BodyWay {
  public:
    // Splicing pays from so many bytes on that are still to come (docs/decisions/0009).
    static constexpr std::uint64_t splice_bytes_min = 32 * 1024;

    BodyWay(BodyTransfer& transfer, net::SplicePump& pump, net::Flow& flow,
            const net::RelayContext& relay)
        : transfer_(transfer), pump_(pump), flow_(flow), relay_(relay) {}

    // `target` may be nullptr where frames stand between: then everything is copied.
    void set_ends(net::Socket* source, net::Socket* target, net::SliceQueue* out) {
        source_ = source;
        target_ = target;
        out_ = out;
    }

    void advance(net::SliceQueue& arrived);
    // The source's receiving is ours: nobody else may start or stop it.
    bool holds_reader() const { return state_ != State::copying; }
    // Everything of the body has arrived, and left or waits in the out queue.
    bool has_ended() const { return state_ == State::copying && transfer_.has_ended(); }
    // Everything that could be spliced was delivered; the watches are being called home.
    bool is_settling() const { return state_ == State::splicing && pump_.has_ended(); }
    // The sockets are being closed.
    void abandon();

  private:
    enum class State : std::uint8_t { copying, leaving_copy, splicing };

    bool should_splice() const;
    void leave_copy();
    void advance_splicing();

    BodyTransfer& transfer_;
    net::SplicePump& pump_;
    net::Flow& flow_;
    const net::RelayContext& relay_;
    net::Socket* source_ = nullptr;
    net::Socket* target_ = nullptr;
    net::SliceQueue* out_ = nullptr;
    std::uint64_t spliced_ = 0;
    State state_ = State::copying;
    bool no_pipe_ = false;
};

}  // namespace ringway::proxy
