#include "ringway/net/proxy_protocol.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <arpa/inet.h>

#include "ringway/base/assert.h"

namespace ringway::net {

namespace {

using State = PreambleParser::State;

constexpr std::string_view v1_start = "PROXY ";
constexpr std::string_view v2_signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t v2_header_bytes = 16;  // signature, version and command, family, length

// Version 2's numbers: the version's nibble with a command, and address family with transport.
constexpr std::uint8_t version_2 = 0x20;
constexpr std::uint8_t command_local = 0x0;
constexpr std::uint8_t command_proxy = 0x1;
constexpr std::uint8_t over_unspecified = 0x00;
constexpr std::uint8_t over_tcp4 = 0x11;
constexpr std::uint8_t over_udp4 = 0x12;
constexpr std::uint8_t over_tcp6 = 0x21;
constexpr std::uint8_t over_udp6 = 0x22;
constexpr std::uint8_t over_unix_stream = 0x31;
constexpr std::uint8_t over_unix_datagram = 0x32;

// Two addresses and, but for Unix sockets, two ports.
constexpr std::size_t tcp4_bytes = 2 * (4 + 2);
constexpr std::size_t tcp6_bytes = 2 * (16 + 2);
constexpr std::size_t unix_bytes = 2 * 108;
static_assert(v2_header_bytes + tcp6_bytes <= preamble_v1_bytes_max);

constexpr std::size_t mapped_offset = 12;  // of an IPv4 address within its IPv6 form

bool is_ip(const Address& address) {
    return address.family() == AF_INET || address.family() == AF_INET6;
}

Address address_of(bool six, const std::uint8_t* host, std::uint16_t port) {
    if (!six) {
        sockaddr_in made{};
        made.sin_family = AF_INET;
        made.sin_port = htons(port);
        std::memcpy(&made.sin_addr, host, sizeof made.sin_addr);
        return Address::from(reinterpret_cast<const sockaddr*>(&made), sizeof made);
    }
    sockaddr_in6 made{};
    made.sin6_family = AF_INET6;
    made.sin6_port = htons(port);
    std::memcpy(&made.sin6_addr, host, sizeof made.sin6_addr);
    return Address::from(reinterpret_cast<const sockaddr*>(&made), sizeof made);
}

// The host alone; an IPv4 address in its mapped form where the pair is IPv6.
std::string host_text(const Address& address, bool six) {
    const auto bytes = address.mapped();
    char text[INET6_ADDRSTRLEN] = "";
    if (six) {
        inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
    } else {
        inet_ntop(AF_INET, bytes.data() + mapped_offset, text, sizeof text);
    }
    return text;
}

class Writer {
  public:
    explicit Writer(std::span<std::byte> out) : out_(out) {}
    void bytes(const void* data, std::size_t count) {
        RW_ASSERT(count <= out_.size() - at_);
        std::memcpy(out_.data() + at_, data, count);
        at_ += count;
    }
    void text(std::string_view words) { bytes(words.data(), words.size()); }
    void byte(std::uint8_t value) { bytes(&value, 1); }
    void big_endian(std::uint16_t value) {
        byte(static_cast<std::uint8_t>(value >> 8));
        byte(static_cast<std::uint8_t>(value & 0xFF));
    }
    std::size_t written() const { return at_; }

  private:
    std::span<std::byte> out_;
    std::size_t at_ = 0;
};

// ---- reading version 1 ------------------------------------------------------------------------

// The next word: up to one space or the end. nullopt when nothing is left.
std::optional<std::string_view> next_word(std::optional<std::string_view>& rest) {
    if (!rest) return std::nullopt;
    const auto space = rest->find(' ');
    const std::string_view word = rest->substr(0, space);
    if (space == std::string_view::npos) {
        rest.reset();
    } else {
        rest = rest->substr(space + 1);
    }
    return word;
}

std::optional<std::uint16_t> parse_port(std::string_view word) {
    if (word.empty() || word.size() > 5) return std::nullopt;
    if (word.size() > 1 && word.front() == '0') return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : word) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (value > 0xFFFF) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

// Into `host`: 4 or 16 bytes. inet_pton refuses leading zeros, short forms and anything else that
// is no plain literal, but it stops at a zero byte.
bool parse_host(std::string_view word, bool six, std::uint8_t* host) {
    char text[INET6_ADDRSTRLEN] = "";
    if (word.size() >= sizeof text || word.find('\0') != std::string_view::npos) return false;
    std::copy(word.begin(), word.end(), text);
    return inet_pton(six ? AF_INET6 : AF_INET, text, host) == 1;
}

bool parse_pair(std::optional<std::string_view> rest, bool six, Preamble& preamble) {
    std::uint8_t hosts[2][16] = {};
    std::uint16_t ports[2] = {};
    for (auto& host : hosts) {
        const auto word = next_word(rest);
        if (!word || !parse_host(*word, six, host)) return false;
    }
    for (auto& port : ports) {
        const auto word = next_word(rest);
        const auto parsed = word ? parse_port(*word) : std::nullopt;
        if (!parsed) return false;
        port = *parsed;
    }
    if (rest) return false;
    preamble.source = address_of(six, hosts[0], ports[0]);
    preamble.destination = address_of(six, hosts[1], ports[1]);
    return true;
}

// ---- reading version 2 ------------------------------------------------------------------------

// How many bytes the addresses of a family take; nullopt for a family that does not exist.
std::optional<std::size_t> address_bytes_of(std::uint8_t family) {
    switch (family) {
        case over_unspecified: return 0;
        case over_tcp4:
        case over_udp4: return tcp4_bytes;
        case over_tcp6:
        case over_udp6: return tcp6_bytes;
        case over_unix_stream:
        case over_unix_datagram: return unix_bytes;
        default: return std::nullopt;
    }
}

}  // namespace

std::size_t write_preamble_v1(std::span<std::byte, preamble_written_bytes_max> out,
                              const Address& source, const Address& destination) {
    Writer writer(out);
    writer.text(v1_start);
    if (!is_ip(source) || !is_ip(destination)) {
        writer.text("UNKNOWN\r\n");
        return writer.written();
    }
    const bool six = source.family() == AF_INET6 || destination.family() == AF_INET6;
    writer.text(six ? "TCP6 " : "TCP4 ");
    writer.text(host_text(source, six));
    writer.text(" ");
    writer.text(host_text(destination, six));
    writer.text(" ");
    writer.text(std::to_string(source.port()));
    writer.text(" ");
    writer.text(std::to_string(destination.port()));
    writer.text("\r\n");
    return writer.written();
}

std::size_t write_preamble_v2(std::span<std::byte, preamble_written_bytes_max> out,
                              const Address& source, const Address& destination) {
    Writer writer(out);
    writer.text(v2_signature);
    writer.byte(version_2 | (source.is_specified() ? command_proxy : command_local));
    if (!is_ip(source) || !is_ip(destination)) {
        writer.byte(over_unspecified);
        writer.big_endian(0);
        return writer.written();
    }
    const bool six = source.family() == AF_INET6 || destination.family() == AF_INET6;
    writer.byte(six ? over_tcp6 : over_tcp4);
    writer.big_endian(six ? tcp6_bytes : tcp4_bytes);
    for (const Address* address : {&source, &destination}) {
        const auto host = address->mapped();
        if (six) {
            writer.bytes(host.data(), host.size());
        } else {
            writer.bytes(host.data() + mapped_offset, host.size() - mapped_offset);
        }
    }
    writer.big_endian(source.port());
    writer.big_endian(destination.port());
    return writer.written();
}

State PreambleParser::feed(std::span<const std::byte> bytes, std::size_t& taken) {
    taken = 0;
    while (state_ == State::need_more && taken < bytes.size()) {
        if (preamble_.version == 2 && to_skip_ > 0 && held_ == to_keep_) {
            const std::size_t skipped = std::min<std::size_t>(to_skip_, bytes.size() - taken);
            to_skip_ = static_cast<std::uint16_t>(to_skip_ - skipped);
            taken += skipped;
            if (to_skip_ == 0) state_ = State::done;
            continue;
        }
        const auto byte = std::to_integer<std::uint8_t>(bytes[taken++]);
        switch (preamble_.version) {
            case 0: state_ = take_first(byte); break;
            case 1: state_ = take_v1(byte); break;
            default: state_ = take_v2(byte); break;
        }
    }
    return state_;
}

State PreambleParser::take_first(std::uint8_t byte) {
    const char first = static_cast<char>(byte);
    if (first == v1_start.front()) {
        preamble_.version = 1;
        return take_v1(byte);
    }
    if (first != v2_signature.front()) return State::malformed;
    preamble_.version = 2;
    to_keep_ = v2_header_bytes;
    return take_v2(byte);
}

State PreambleParser::take_v1(std::uint8_t byte) {
    const char c = static_cast<char>(byte);
    if (held_ < v1_start.size() && c != v1_start[held_]) return State::malformed;
    // CR and LF come as a pair and end the line; alone they are nowhere allowed.
    const bool after_cr = held_ > 0 && buffer_[held_ - 1u] == '\r';
    if (after_cr != (c == '\n')) return State::malformed;
    buffer_[held_++] = c;
    if (c == '\n') return finish_v1();
    return held_ < buffer_.size() ? State::need_more : State::malformed;
}

State PreambleParser::finish_v1() {
    const std::string_view line(buffer_.data(), held_ - 2u);
    if (line.size() < v1_start.size()) return State::malformed;
    std::optional<std::string_view> rest = line.substr(v1_start.size());
    const std::string_view protocol = *next_word(rest);
    // Whatever follows UNKNOWN is to be ignored.
    if (protocol == "UNKNOWN") return State::done;
    if (protocol != "TCP4" && protocol != "TCP6") return State::malformed;
    return parse_pair(rest, protocol == "TCP6", preamble_) ? State::done : State::malformed;
}

State PreambleParser::take_v2(std::uint8_t byte) {
    const char c = static_cast<char>(byte);
    if (held_ < v2_signature.size() && c != v2_signature[held_]) return State::malformed;
    buffer_[held_++] = c;
    if (held_ < to_keep_) return State::need_more;
    return held_ == v2_header_bytes ? finish_v2_header() : finish_v2_addresses();
}

State PreambleParser::finish_v2_header() {
    const auto at = [this](std::size_t index) { return static_cast<std::uint8_t>(buffer_[index]); };
    const std::uint8_t command = at(12) & 0x0F;
    const std::uint8_t family = at(13);
    const std::size_t length = static_cast<std::size_t>(at(14) << 8 | at(15));
    if ((at(12) & 0xF0) != version_2) return State::malformed;
    if (command != command_local && command != command_proxy) return State::malformed;
    if (v2_header_bytes + length > preamble_bytes_max) return State::malformed;
    std::size_t kept = 0;
    if (command == command_local) {
        // The family is to be ignored together with everything that follows.
        preamble_.local = true;
    } else {
        const auto wanted = address_bytes_of(family);
        if (!wanted || length < *wanted) return State::malformed;
        if (family == over_unix_stream) {
            preamble_.source = Address::unix_peer();
            preamble_.destination = Address::unix_peer();
        }
        // Datagram families exist but cannot describe this connection: they count as unspecified.
        if (family == over_tcp4 || family == over_tcp6) kept = *wanted;
    }
    to_keep_ = static_cast<std::uint16_t>(v2_header_bytes + kept);
    to_skip_ = static_cast<std::uint16_t>(length - kept);
    return length == 0 ? State::done : State::need_more;
}

State PreambleParser::finish_v2_addresses() {
    const bool six = static_cast<std::uint8_t>(buffer_[13]) == over_tcp6;
    const std::size_t host_bytes = six ? 16 : 4;
    const auto* block = reinterpret_cast<const std::uint8_t*>(buffer_.data()) + v2_header_bytes;
    const std::uint8_t* ports = block + 2 * host_bytes;
    const auto port_at = [ports](std::size_t index) {
        return static_cast<std::uint16_t>(ports[index] << 8 | ports[index + 1]);
    };
    preamble_.source = address_of(six, block, port_at(0));
    preamble_.destination = address_of(six, block + host_bytes, port_at(2));
    return to_skip_ == 0 ? State::done : State::need_more;
}

}  // namespace ringway::net
