// TCP messages there and back: what comes back must be what was sent, byte for byte.
//
// A message begins with its number and its connection's, as far as it is long enough, and goes on
// with a pattern; so an answer that belongs to another exchange or another connection is found out.
// A unit of work is one exchange.
#pragma once

#include <string>

#include "unit_client.h"

namespace ringway::bench {

class PingPongClient final : public UnitClient {
  public:
    PingPongClient(Worker& worker, std::uint32_t index);

  private:
    void start() override;
    void forget() override;
    void received(std::string_view bytes) override;
    void sent() override;

    void answer();

    std::string message_;
    std::size_t received_bytes_ = 0;
    std::uint64_t number_ = 0;
};

}  // namespace ringway::bench
