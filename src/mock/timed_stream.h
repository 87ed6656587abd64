// A body that comes piece by piece, each at its time: server-sent events, tokens.
#pragma once

#include "output.h"
#include "ringway/base/clock.h"

namespace ringway::mock {

class TimedStream {
  public:
    virtual ~TimedStream() = default;
    // When the next piece is due; never() when there is none left.
    virtual base::Instant due() const = 0;
    // Appends the piece that is due.
    virtual void write_next(Output& out) = 0;
    // The client has said that it sends no more: a stream without an end ends.
    virtual void client_ended() {}
};

}  // namespace ringway::mock
