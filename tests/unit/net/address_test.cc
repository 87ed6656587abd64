#include "ringway/net/address.h"

#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <doctest/doctest.h>

using ringway::net::Address;
using ringway::net::UnixPath;

TEST_CASE("literals of both families are read and written") {
    struct Case {
        const char* host;
        std::uint16_t port;
        int family;
        const char* text;
    };
    const Case cases[] = {
        {"10.0.0.1", 80, AF_INET, "10.0.0.1:80"},
        {"0.0.0.0", 0, AF_INET, "0.0.0.0:0"},
        {"255.255.255.255", 65535, AF_INET, "255.255.255.255:65535"},
        {"::1", 80, AF_INET6, "[::1]:80"},
        {"::", 1, AF_INET6, "[::]:1"},
        {"2001:DB8:0:0::1", 443, AF_INET6, "[2001:db8::1]:443"},
        {"fe80::1%1", 443, AF_INET6, "[fe80::1%1]:443"},
        {"fe80::1%lo", 443, AF_INET6, "[fe80::1%1]:443"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.host);
        const auto address = Address::parse(each.host, each.port);
        REQUIRE(address.has_value());
        CHECK(address->family() == each.family);
        CHECK(address->port() == each.port);
        CHECK(address->is_specified());
        CHECK(address->to_string() == each.text);
        CHECK(Address::from(address->raw(), address->raw_bytes()) == *address);
    }
}

TEST_CASE("what is not a literal is not an address") {
    const char* const wrong[] = {"",
                                 "localhost",
                                 "1.2.3",
                                 "1.2.3.4.5",
                                 "1.2.3.256",
                                 "01.2.3.4",
                                 "[::1]",
                                 "::1::",
                                 "fe80::1%",
                                 "fe80::1%no-such-if",
                                 "1.2.3.4 ",
                                 "1.2.3.4%1",
                                 "fe80::1%99999999999"};
    for (const char* host : wrong) {
        CAPTURE(host);
        CHECK_FALSE(Address::parse(host, 80).has_value());
    }
    CHECK_FALSE(Address::parse(std::string_view("1.2.3.4\0x", 9), 80).has_value());
    CHECK_FALSE(Address::parse(std::string_view("::1\0x", 5), 80).has_value());
}

TEST_CASE("an IPv4 peer of an IPv6 socket is an IPv4 address") {
    sockaddr_in6 mapped{};
    mapped.sin6_family = AF_INET6;
    mapped.sin6_port = htons(4000);
    REQUIRE(inet_pton(AF_INET6, "::ffff:192.0.2.7", &mapped.sin6_addr) == 1);
    const auto address = Address::from(reinterpret_cast<const sockaddr*>(&mapped), sizeof mapped);
    CHECK(address.family() == AF_INET);
    CHECK(address == *Address::parse("192.0.2.7", 4000));
    const std::array<std::uint8_t, 16> bytes{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 7};
    CHECK(address.mapped() == bytes);
}

TEST_CASE("addresses compare by family, host and port") {
    const auto address = *Address::parse("10.0.0.1", 80);
    auto other = address;
    CHECK(other == address);
    other.set_port(81);
    CHECK_FALSE(other == address);
    CHECK_FALSE(*Address::parse("::1", 80) == *Address::parse("::2", 80));
    CHECK_FALSE(*Address::parse("fe80::1%1", 80) == *Address::parse("fe80::1%2", 80));
    CHECK_FALSE(*Address::parse("::ffff:10.0.0.1", 80) == address);
    CHECK(Address::unix_peer() == Address::unix_peer());
    CHECK_FALSE(Address::unix_peer() == Address());
}

TEST_CASE("what a sockaddr's padding holds does not matter") {
    sockaddr_in dirty{};
    std::memset(&dirty, 0xAB, sizeof dirty);
    dirty.sin_family = AF_INET;
    dirty.sin_port = htons(80);
    REQUIRE(inet_pton(AF_INET, "10.0.0.1", &dirty.sin_addr) == 1);
    const auto address = Address::from(reinterpret_cast<const sockaddr*>(&dirty), sizeof dirty);
    CHECK(address == *Address::parse("10.0.0.1", 80));
    const auto clean = *Address::parse("10.0.0.1", 80);
    CHECK(std::memcmp(address.raw(), clean.raw(), sizeof dirty) == 0);
}

TEST_CASE("a Unix peer and an address of no known family") {
    sockaddr_un peer{};
    peer.sun_family = AF_UNIX;
    const auto* raw = reinterpret_cast<const sockaddr*>(&peer);
    CHECK(Address::from(raw, sizeof(sa_family_t)) == Address::unix_peer());
    CHECK(Address::unix_peer().to_string() == "unix");
    CHECK(Address::unix_peer().mapped() == std::array<std::uint8_t, 16>{});
    CHECK_FALSE(Address::from(raw, 1).is_specified());
    sockaddr_in cut{};
    cut.sin_family = AF_INET;
    CHECK_FALSE(Address::from(reinterpret_cast<const sockaddr*>(&cut), 8).is_specified());
    CHECK(Address().to_string() == "unknown");
}

TEST_CASE("paths of Unix sockets, in the file system and abstract") {
    const auto path = UnixPath::parse("/run/x.sock");
    REQUIRE(path.has_value());
    CHECK(path->storage.sun_family == AF_UNIX);
    CHECK(std::strcmp(path->storage.sun_path, "/run/x.sock") == 0);
    CHECK(path->bytes == offsetof(sockaddr_un, sun_path) + 12);

    const auto abstract = UnixPath::parse("@name");
    REQUIRE(abstract.has_value());
    CHECK(abstract->storage.sun_path[0] == '\0');
    CHECK(std::memcmp(abstract->storage.sun_path + 1, "name", 4) == 0);
    CHECK(abstract->bytes == offsetof(sockaddr_un, sun_path) + 5);

    CHECK_FALSE(UnixPath::parse("").has_value());
    CHECK_FALSE(UnixPath::parse("@").has_value());
    CHECK_FALSE(UnixPath::parse(std::string_view("/a\0b", 4)).has_value());
    CHECK(UnixPath::parse(std::string(107, 'a')).has_value());
    CHECK_FALSE(UnixPath::parse(std::string(108, 'a')).has_value());
    CHECK(UnixPath::parse("@" + std::string(107, 'a')).has_value());
    CHECK_FALSE(UnixPath::parse("@" + std::string(108, 'a')).has_value());
}
