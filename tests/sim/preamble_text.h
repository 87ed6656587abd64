// PROXY preambles as the simulated clients write and the simulated servers read them, written from
// the protocol's text and sharing nothing with ringway's own code.
#pragma once

#include <cstdint>
#include <string>

#include "ringway/config/settings.h"

namespace ringway::sim {

struct PreambleReading {
    enum class State : std::uint8_t { incomplete, complete, bad };
    State state = State::incomplete;
    std::string source;  // "10.0.0.1:80", or "unknown"
};
PreambleReading read_preamble(const std::string& bytes, config::ProxyProtocol version);

// For an IPv4 client; `ip` in host byte order.
std::string write_preamble(config::ProxyProtocol version, std::uint32_t ip, std::uint16_t port);
std::string text_of(std::uint32_t ip, std::uint16_t port);

}  // namespace ringway::sim
