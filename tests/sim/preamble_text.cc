#include "preamble_text.h"

#include <cstring>
#include <sstream>
#include <string_view>

#include <fmt/core.h>

namespace ringway::sim {

namespace {

constexpr std::string_view signature{"\r\n\r\n\0\r\nQUIT\n", 12};
using State = PreambleReading::State;

PreambleReading read_text(const std::string& bytes) {
    constexpr std::string_view start = "PROXY ";
    if (bytes.compare(0, std::min(bytes.size(), start.size()), start, 0,
                      std::min(bytes.size(), start.size())) != 0) {
        return {State::bad, ""};
    }
    if (bytes.size() > 107) return {State::bad, ""};
    if (bytes.size() < 2 || bytes.substr(bytes.size() - 2) != "\r\n") return {};
    std::istringstream words(bytes);
    std::string proxy;
    std::string family;
    std::string from;
    std::string to;
    unsigned from_port = 0;
    unsigned to_port = 0;
    words >> proxy >> family;
    if (family == "UNKNOWN") return {State::complete, "unknown"};
    words >> from >> to >> from_port >> to_port;
    if (!words || family != "TCP4") return {State::bad, ""};
    return {State::complete, fmt::format("{}:{}", from, from_port)};
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

PreambleReading read_binary(const std::string& bytes) {
    const std::size_t compared = std::min(bytes.size(), signature.size());
    if (std::memcmp(bytes.data(), signature.data(), compared) != 0) return {State::bad, ""};
    if (bytes.size() < 16) return {};
    const std::uint32_t length = big_endian(bytes, 14, 2);
    if (length > 512) return {State::bad, ""};
    if (bytes.size() < 16 + length) return {};
    const auto command = static_cast<unsigned char>(bytes[12]);
    const auto family = static_cast<unsigned char>(bytes[13]);
    if (command == 0x20 || family == 0x00) return {State::complete, "unknown"};
    if (command != 0x21 || family != 0x11 || length < 12) return {State::bad, ""};
    return {State::complete, text_of(big_endian(bytes, 16, 4),
                                     static_cast<std::uint16_t>(big_endian(bytes, 24, 2)))};
}

}  // namespace

PreambleReading read_preamble(const std::string& bytes, config::ProxyProtocol version) {
    return version == config::ProxyProtocol::v1 ? read_text(bytes) : read_binary(bytes);
}

std::string text_of(std::uint32_t ip, std::uint16_t port) {
    return fmt::format("{}.{}.{}.{}:{}", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255, port);
}

std::string write_preamble(config::ProxyProtocol version, std::uint32_t ip, std::uint16_t port) {
    if (version == config::ProxyProtocol::v1) {
        const std::string from = text_of(ip, port);
        return fmt::format("PROXY TCP4 {} 192.0.2.1 {} 443\r\n", from.substr(0, from.find(':')),
                           port);
    }
    std::string bytes(signature);
    bytes += '\x21';
    bytes += '\x11';
    bytes += '\0';
    bytes += static_cast<char>(12);
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(ip >> shift & 255);
    bytes += std::string("\xC0\x00\x02\x01", 4);
    bytes += static_cast<char>(port >> 8);
    bytes += static_cast<char>(port & 255);
    bytes += std::string("\x01\xBB", 2);
    return bytes;
}

}  // namespace ringway::sim
