// What an exchange needs of the client it serves, whatever version of HTTP that client speaks.
//
// Implemented by HttpSession for HTTP/1; a stream of an HTTP/2 connection is to be another. The
// request's body is read from body_in(), the response goes into out() as bytes; heads are written
// by the implementation, because they look different in each version.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/async/deadline.h"
#include "ringway/async/wake.h"
#include "ringway/http/framing.h"
#include "ringway/net/slice_queue.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/head_rewrite.h"

namespace ringway::proxy {

class ClientStream {
  public:
    ClientStream(async::Wake& stream_wake, async::Deadline& stream_deadline)
        : wake(stream_wake), deadline(stream_deadline) {}

    // ---- the request's body -------------------------------------------------------------------
    // As it arrives, in the framing that the request's head announced.
    virtual net::SliceQueue& body_in() = 0;
    // The client sends nothing any more.
    virtual bool in_has_ended() const = 0;
    // Keeps the reader running while there is room, parks it while there is not; `beyond_bytes` of
    // what it read are held further on. True while it is parked.
    virtual bool regulate_reader(std::uint64_t beyond_bytes) = 0;

    // ---- the response -------------------------------------------------------------------------
    // How a body of this framing goes to this client; `close` is set when it can only end with the
    // connection.
    virtual BodyForm form_for(const http::Framing& framing, bool& close) const = 0;
    virtual bool takes_interim_responses() const = 0;
    virtual net::SliceQueue& out() = 0;
    // Hands over what out() holds, as far as that can be done now. True when nothing is left that
    // still has to be handed over: the kernel may still be sending.
    virtual bool flush() = 0;
    virtual std::uint64_t sent_bytes() const = 0;  // from out(), ever
    virtual bool is_slow() const = 0;              // it has not taken what was sent
    // Wake the exchange also when everything was taken (else only when something is left).
    virtual void set_wake_on_sent(bool wanted) = 0;

    // ---- ends ---------------------------------------------------------------------------------
    virtual bool is_gone() const = 0;       // broken, or it has left
    virtual bool is_cancelled() const = 0;  // the drain deadline
    // The bare socket, for splice and tunnels; nullptr where frames stand between.
    virtual net::Socket* bare_socket() = 0;

    async::Wake& wake;
    async::Deadline& deadline;

  protected:
    ~ClientStream() = default;
};

}  // namespace ringway::proxy
