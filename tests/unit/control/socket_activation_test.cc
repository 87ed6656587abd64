#include "socket_activation.h"

#include <doctest/doctest.h>

namespace ringway::control {
namespace {

config::Listener listener(std::string name, std::string host, std::uint16_t port) {
    config::Listener result;
    result.name = std::move(name);
    result.target.host = std::move(host);
    result.target.port = port;
    return result;
}

TEST_CASE("the variables count only for the process they name") {
    CHECK(parse_listen_variables("41", "2", "a:b", 42).empty());
    CHECK(parse_listen_variables(nullptr, "2", "a:b", 42).empty());
    CHECK(parse_listen_variables("42", nullptr, "a:b", 42).empty());
    CHECK(parse_listen_variables("42", "0", "", 42).empty());
    CHECK(parse_listen_variables("42", "-1", "", 42).empty());
    CHECK(parse_listen_variables("42", "1000000", "", 42).empty());
    CHECK(parse_listen_variables("42", "2x", "", 42).empty());
    CHECK(parse_listen_variables("", "2", "", 42).empty());
}

TEST_CASE("descriptors start at 3 and take their names in order") {
    const auto sockets = parse_listen_variables("42", "3", "web:admin", 42);
    REQUIRE(sockets.size() == 3);
    CHECK(sockets[0].fd == 3);
    CHECK(sockets[0].name == "web");
    CHECK(sockets[1].fd == 4);
    CHECK(sockets[1].name == "admin");
    CHECK(sockets[2].fd == 5);
    CHECK(sockets[2].name.empty());
    CHECK(parse_listen_variables("42", "1", nullptr, 42).size() == 1);
}

TEST_CASE("a name goes before an address, and a socket serves one listener") {
    const std::vector<InheritedSocket> sockets = {
        {3, "unknown", "127.0.0.1:80"}, {4, "web", "127.0.0.1:81"}, {5, "", "127.0.0.1:82"}};
    const std::vector<config::Listener> listeners = {
        listener("other", "127.0.0.1", 81),   // by address, but that socket is web's
        listener("web", "127.0.0.1", 80),     // by name
        listener("third", "127.0.0.1", 82),   // by address
        listener("fourth", "127.0.0.1", 82),  // taken already
        listener("fifth", "127.0.0.1", 80),   // by address
    };
    CHECK(match_inherited(sockets, listeners) == std::vector<int>{-1, 1, 2, -1, 0});
}

TEST_CASE("nothing inherited, nothing matched") {
    CHECK(match_inherited({}, {listener("a", "::1", 1)}) == std::vector<int>{-1});
}

}  // namespace
}  // namespace ringway::control
