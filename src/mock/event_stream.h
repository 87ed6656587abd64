// Server-sent events that carry their number and the time at which they were written.
//
//   id: 1
//   data: n=0000000001 t=00000001234567890123 ....
#pragma once

#include <cstdint>

#include "ringway/base/random.h"
#include "ringway/mock/behaviour.h"
#include "timed_stream.h"

namespace ringway::mock {

class EventStream final : public TimedStream {
  public:
    static constexpr std::uint64_t endless = ~std::uint64_t{0};
    static constexpr std::uint64_t event_bytes_max = 1024 * 1024;

    // The first event is due at `first`; `random` draws the jitter and outlives the stream.
    void begin(const Behaviour& behaviour, std::uint64_t count, base::Instant first,
               base::Random& random);
    // Of the whole body: what is known of it, for cutting in the middle.
    std::uint64_t expected_bytes() const;

    base::Instant due() const override { return due_; }
    void write_next(Output& out) override;
    void client_ended() override {
        if (count_ == endless) due_ = base::Instant::never();
    }

  private:
    void set_due();

    base::Instant first_;
    base::Instant due_ = base::Instant::never();
    base::Duration interval_;
    base::Duration jitter_;
    std::uint64_t event_bytes_ = 0;  // at least
    std::uint64_t count_ = 0;
    std::uint64_t written_ = 0;
    base::Random* random_ = nullptr;
};

}  // namespace ringway::mock
