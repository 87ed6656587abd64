#include "ringway/net/proxy_protocol.h"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace ringway::net;
using namespace std::string_literals;
using State = PreambleParser::State;

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

struct Outcome {
    State state = State::need_more;
    std::size_t taken = 0;
    Preamble preamble;
};

Outcome parse(std::string_view text, std::size_t step) {
    PreambleParser parser;
    Outcome outcome;
    for (std::size_t at = 0; at < text.size(); at += step) {
        std::size_t taken = 0;
        outcome.state = parser.feed(bytes_of(text.substr(at, step)), taken);
        outcome.taken += taken;
        if (outcome.state != State::need_more) break;
    }
    outcome.preamble = parser.preamble();
    return outcome;
}

// Whole, byte by byte and in steps: always the same.
Outcome parse_every_way(std::string_view text) {
    const Outcome whole = parse(text, text.size() + 1);
    for (const std::size_t step : {1u, 2u, 3u, 7u, 15u, 16u, 17u}) {
        const Outcome split = parse(text, step);
        CHECK(split.state == whole.state);
        CHECK(split.taken == whole.taken);
        CHECK(split.preamble.source == whole.preamble.source);
        CHECK(split.preamble.destination == whole.preamble.destination);
        CHECK(split.preamble.local == whole.preamble.local);
    }
    return whole;
}

const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string v2(std::uint8_t command, std::uint8_t family, std::string_view block) {
    std::string text = signature;
    text += static_cast<char>(command);
    text += static_cast<char>(family);
    text += static_cast<char>(block.size() >> 8);
    text += static_cast<char>(block.size() & 255);
    return text.append(block);
}

const std::string block4("\x0A\x00\x00\x01\xC0\x00\x02\x07\x1F\x90\x01\xBB", 12);
const std::string block6 = "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01" +
                           "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x02" +
                           "\x1F\x90\x01\xBB";

std::string written_v1(const Address& source, const Address& destination) {
    std::array<std::byte, preamble_written_bytes_max> out{};
    const std::size_t bytes = write_preamble_v1(out, source, destination);
    return {reinterpret_cast<const char*>(out.data()), bytes};
}

std::string written_v2(const Address& source, const Address& destination) {
    std::array<std::byte, preamble_written_bytes_max> out{};
    const std::size_t bytes = write_preamble_v2(out, source, destination);
    return {reinterpret_cast<const char*>(out.data()), bytes};
}

Address ip(const char* host, std::uint16_t port) { return *Address::parse(host, port); }

}  // namespace

TEST_CASE("well-formed preambles, and the data that follows them") {
    struct Case {
        std::string text;
        std::string source;
        std::string destination;
        bool local;
    };
    const std::string widest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    const std::vector<Case> cases = {
        {"PROXY TCP4 10.0.0.1 192.0.2.7 8080 443\r\n", "10.0.0.1:8080", "192.0.2.7:443", false},
        {"PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255:65535", "0.0.0.0:0",
         false},
        {"PROXY TCP6 2001:db8::1 2001:DB8::2 1 2\r\n", "[2001:db8::1]:1", "[2001:db8::2]:2", false},
        {"PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n", "10.0.0.1:1", "[::1]:2", false},
        {"PROXY TCP6 " + widest + " " + widest + " 65535 65535\r\n", "[" + widest + "]:65535",
         "[" + widest + "]:65535", false},
        {"PROXY UNKNOWN\r\n", "unknown", "unknown", false},
        {"PROXY UNKNOWN whatever is  here\t\x01\r\n", "unknown", "unknown", false},
        {"PROXY UNKNOWN " + std::string(preamble_v1_bytes_max - 16, 'x') + "\r\n", "unknown",
         "unknown", false},
        {v2(0x21, 0x11, block4), "10.0.0.1:8080", "192.0.2.7:443", false},
        {v2(0x21, 0x21, block6), "[2001:db8::1]:8080", "[2001:db8::2]:443", false},
        {v2(0x21, 0x11,
            block4 + "\x03\x00\x04"
                     "abcd"s),
         "10.0.0.1:8080", "192.0.2.7:443", false},
        {v2(0x21, 0x21, block6 + std::string(preamble_bytes_max - 16 - 36, '\r')),
         "[2001:db8::1]:8080", "[2001:db8::2]:443", false},
        {v2(0x21, 0x00, ""), "unknown", "unknown", false},
        {v2(0x21, 0x00, "whatever"), "unknown", "unknown", false},
        {v2(0x21, 0x12, block4), "unknown", "unknown", false},
        {v2(0x21, 0x22, block6), "unknown", "unknown", false},
        {v2(0x21, 0x31, std::string(216, '/')), "unix", "unix", false},
        {v2(0x21, 0x32, std::string(220, '/')), "unknown", "unknown", false},
        {v2(0x20, 0x00, ""), "unknown", "unknown", true},
        {v2(0x20, 0x11, block4), "unknown", "unknown", true},
        {v2(0x20, 0xFF, "x"), "unknown", "unknown", true},
    };
    for (const Case& each : cases) {
        CAPTURE(each.text);
        for (const std::string& data : {""s, "\r\n"s, "PROXY TCP4"s, signature}) {
            const Outcome outcome = parse_every_way(each.text + data);
            CHECK(outcome.state == State::done);
            CHECK(outcome.taken == each.text.size());
            CHECK(outcome.preamble.version == (each.text[0] == 'P' ? 1 : 2));
            CHECK(outcome.preamble.source.to_string() == each.source);
            CHECK(outcome.preamble.destination.to_string() == each.destination);
            CHECK(outcome.preamble.local == each.local);
        }
        // Every proper prefix needs more: never done early, never refused.
        for (std::size_t bytes = 0; bytes < each.text.size(); ++bytes) {
            REQUIRE(parse(each.text.substr(0, bytes), 4096).state == State::need_more);
        }
    }
}

TEST_CASE("malformed preambles") {
    const std::vector<std::string> cases = {
        "GET / HTTP/1.1\r\n",
        "proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY\r\n",
        "PROXY \r\n",
        "PROXY  TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY tcp4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY UNKNOWNX\r\n",
        "PROXY UNKNOWN\n",
        "PROXY UNKNOWN \r \r\n",
        "PROXY UNKNOWN \n \r\n",
        "PROXY UNKNOWN\r\r\n",
        "PROXY TCP4\r\n",
        "PROXY TCP4 1.2.3.4\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
        "PROXY TCP4 1.2.3.4  1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1  2\r\n",
        "PROXY TCP4 1.2.3.4\t1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r",
        "PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 00 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 1 100000\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.4 0x1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.256 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3.04 1 2\r\n",
        "PROXY TCP4 1.2.3.4 1.2.3 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP6 ::1 1.2.3.4 1 2\r\n",
        "PROXY TCP6 [::1] [::1] 1 2\r\n",
        "PROXY TCP6 fe80::1%lo ::1 1 2\r\n",
        "PROXY TCP6 ::1::2 ::1 1 2\r\n",
        "PROXY TCP4 1.2.3.4\0 1.2.3.4 1 2\r\n"s,
        "PROXY UNKNOWN " + std::string(preamble_v1_bytes_max - 15, 'x') + "\r\n",
        "PROXY UNKNOWN " + std::string(200, 'x'),
        "\r\n\r\n\r\n\r\n",
        "\r\n\r\n\0\r\nQUIT\r\n\x21\x11\0\0"s,
        v2(0x11, 0x11, block4),
        v2(0x31, 0x11, block4),
        v2(0x01, 0x11, block4),
        v2(0x22, 0x11, block4),
        v2(0x2F, 0x11, block4),
        v2(0x21, 0x10, block4),
        v2(0x21, 0x01, block4),
        v2(0x21, 0x13, block4),
        v2(0x21, 0x41, block4),
        v2(0x21, 0xFF, block4),
        v2(0x21, 0x11, block4.substr(1)),
        v2(0x21, 0x11, ""),
        v2(0x21, 0x21, block6.substr(1)),
        v2(0x21, 0x22, block6.substr(1)),
        v2(0x21, 0x31, std::string(215, '/')),
        v2(0x21, 0x11, block4 + std::string(preamble_bytes_max - 16 - 12 + 1, 'x')),
        v2(0x20, 0x00, std::string(65535, 'x')),
    };
    for (const std::string& text : cases) {
        CAPTURE(text);
        // One more byte, so that a lone CR at the end is seen for what it is.
        const Outcome outcome = parse_every_way(text + "x");
        CHECK(outcome.state == State::malformed);
    }
}

TEST_CASE("garbage is refused at its first wrong byte") {
    CHECK(parse("G", 1).state == State::malformed);
    CHECK(parse("PROXZ", 8).taken == 5);
    CHECK(parse("\r\n\r\nX", 8).taken == 5);
    CHECK(parse("", 1).state == State::need_more);
    PreambleParser parser;
    std::size_t taken = 0;
    CHECK(parser.feed(bytes_of("G"), taken) == State::malformed);
    CHECK(parser.feed(bytes_of("PROXY UNKNOWN\r\n"), taken) == State::malformed);
    CHECK(taken == 0);
}

TEST_CASE("what is written") {
    CHECK(written_v1(ip("10.0.0.1", 8080), ip("192.0.2.7", 443)) ==
          "PROXY TCP4 10.0.0.1 192.0.2.7 8080 443\r\n");
    CHECK(written_v1(ip("2001:db8::1", 1), ip("::1", 65535)) ==
          "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
    CHECK(written_v1(ip("10.0.0.1", 1), ip("::1", 2)) == "PROXY TCP6 ::ffff:10.0.0.1 ::1 1 2\r\n");
    CHECK(written_v1(Address::unix_peer(), ip("::1", 2)) == "PROXY UNKNOWN\r\n");
    CHECK(written_v1(ip("::1", 2), Address()) == "PROXY UNKNOWN\r\n");
    CHECK(written_v2(ip("10.0.0.1", 8080), ip("192.0.2.7", 443)) == v2(0x21, 0x11, block4));
    CHECK(written_v2(ip("2001:db8::1", 8080), ip("2001:db8::2", 443)) == v2(0x21, 0x21, block6));
    CHECK(written_v2(Address::unix_peer(), Address::unix_peer()) == v2(0x21, 0x00, ""));
    CHECK(written_v2(Address(), Address()) == v2(0x20, 0x00, ""));
}

TEST_CASE("what is written is read back") {
    const std::pair<Address, Address> pairs[] = {
        {ip("10.0.0.1", 8080), ip("192.0.2.7", 443)},
        {ip("2001:db8::1", 0), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535)},
        {ip("10.0.0.1", 1), ip("::1", 2)},
        {ip("::1", 1), ip("10.0.0.1", 2)},
    };
    for (const auto& [source, destination] : pairs) {
        for (const std::string& text :
             {written_v1(source, destination), written_v2(source, destination)}) {
            CAPTURE(text);
            const Outcome outcome = parse_every_way(text);
            CHECK(outcome.state == State::done);
            CHECK(outcome.taken == text.size());
            CHECK(outcome.preamble.source == source);
            CHECK(outcome.preamble.destination == destination);
        }
    }
    CHECK(parse_every_way(written_v2(Address(), Address())).preamble.local);
    CHECK(parse_every_way(written_v1(Address(), Address())).state == State::done);
}
