// Moves a known or open number of bytes from one socket to another through a pipe: bulk bodies.
//
// Used while a body flows; nothing may be receiving on the source or sending on the target (queues
// are empty, requests have ended) from start() to has_ended(). Borrows a pipe for that time alone.
// Never waits: advance() does what can be done now and arms one-shot watches for the rest; the
// session waits for the wake-up. Reads not one byte more than `limit`.
#pragma once

#include <cstdint>
#include <limits>

#include "ringway/net/pipe_pool.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"

namespace ringway::net {

class SplicePump {
  public:
    static constexpr std::uint64_t until_end = std::numeric_limits<std::uint64_t>::max();

    SplicePump(RelayContext& context, Flow& flow) : context_(context), flow_(flow) {}
    SplicePump(const SplicePump&) = delete;
    SplicePump& operator=(const SplicePump&) = delete;
    ~SplicePump();

    // False when no pipe is to be had: go on copying.
    bool start(Socket& source, Socket& target, std::uint64_t limit_bytes);
    bool is_running() const { return pipe_ != nullptr; }
    void advance();

    // Nothing is left to do: all bytes were moved and delivered, or the source ended early, or a
    // side broke (see the sockets). The watches have been asked to end; stopped() tells when.
    bool has_ended() const { return ended_; }
    bool stopped() const;  // no request of ours is in flight: the sockets may be used again
    std::uint64_t taken_bytes() const { return taken_; }      // read from the source
    std::uint64_t delivered_bytes() const { return given_; }  // written to the target
    // Gives the pipe back whatever is in it; the sockets are being closed.
    void abandon();

  private:
    bool fill();
    bool drain();
    void wait_for_either();
    void end();

    RelayContext& context_;
    Flow& flow_;
    Socket* source_ = nullptr;
    Socket* target_ = nullptr;
    Pipe* pipe_ = nullptr;
    std::uint64_t limit_ = 0;
    std::uint64_t taken_ = 0;
    std::uint64_t given_ = 0;
    bool paused_ = false;  // the target is slow; counted once, until it has taken everything
    bool ended_ = false;
};

}  // namespace ringway::net
