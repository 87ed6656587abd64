// The PROXY protocol, versions 1 and 2: who a connection is from, told before its first byte.
//
// No I/O: a writer into a caller's buffer, and a parser that is fed bytes as they come. What the
// parser has been told is bounded (v1 by its line, v2 by preamble_bytes_max) and it keeps only what
// it still needs. Strict: what the specification does not allow is malformed, and never guessed at.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ringway/net/address.h"

namespace ringway::net {

inline constexpr std::size_t preamble_v1_bytes_max = 107;  // with CR LF
// The largest v2 preamble that is accepted, extensions (TLVs) included. They are skipped unread, so
// this bounds a peer's time, not memory; real ones have some hundred bytes.
inline constexpr std::size_t preamble_bytes_max = 4096;
// What a writer needs room for.
inline constexpr std::size_t preamble_written_bytes_max = preamble_v1_bytes_max;

// Bytes written. IPv4 and IPv6 pairs are written as they are, a mixed pair as IPv6 with the IPv4
// address in its mapped form; anything else (Unix sockets) as "UNKNOWN" (v1) or an unspecified
// family (v2), and v2 with an unspecified source as LOCAL, a connection of the proxy's own.
std::size_t write_preamble_v1(std::span<std::byte, preamble_written_bytes_max> out,
                              const Address& source, const Address& destination);
std::size_t write_preamble_v2(std::span<std::byte, preamble_written_bytes_max> out,
                              const Address& source, const Address& destination);

// What a preamble said. Unspecified addresses: use those of the connection itself.
struct Preamble {
    std::uint8_t version = 0;  // 1 or 2
    bool local = false;  // v2's LOCAL: the proxy's own connection, a health check for instance
    Address source;
    Address destination;
};

class PreambleParser {
  public:
    enum class State : std::uint8_t { need_more, done, malformed };

    // Takes bytes from the front of `bytes` up to the preamble's end; `taken` says how many: what
    // follows them is the connection's own data. Once done or malformed, takes nothing more.
    State feed(std::span<const std::byte> bytes, std::size_t& taken);

    State state() const { return state_; }
    const Preamble& preamble() const { return preamble_; }  // valid when done

  private:
    State take_first(std::uint8_t byte);
    State take_v1(std::uint8_t byte);
    State take_v2(std::uint8_t byte);
    State finish_v1();
    State finish_v2_header();
    State finish_v2_addresses();

    Preamble preamble_;
    State state_ = State::need_more;
    std::uint16_t held_ = 0;     // bytes in buffer_
    std::uint16_t to_keep_ = 0;  // v2: header and addresses
    std::uint16_t to_skip_ = 0;  // v2: what follows them
    std::array<char, preamble_v1_bytes_max> buffer_{};
};

}  // namespace ringway::net
