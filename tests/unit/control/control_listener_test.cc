#include "control_listener.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ringway/control/ctl_client.h"
#include "temp_dir.h"

namespace ringway::control {
namespace {

mode_t mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 0777;
}

TEST_CASE("the directory is made and the socket has mode 0660") {
    const TempDir directory;
    const std::string path = directory.file("a/b/ringway.sock");
    const ControlListener opened = open_control_listener(path);
    REQUIRE_MESSAGE(opened.fd >= 0, opened.error);
    CHECK(mode_of(path) == 0660);
    ::close(opened.fd);
    remove_control_file(path);
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket file on which nobody answers is replaced") {
    const TempDir directory;
    const std::string path = directory.file("ringway.sock");
    const ControlListener dead = open_control_listener(path);
    REQUIRE(dead.fd >= 0);
    ::close(dead.fd);  // as after kill -9: the file stays
    REQUIRE(std::filesystem::exists(path));
    const ControlListener opened = open_control_listener(path);
    REQUIRE_MESSAGE(opened.fd >= 0, opened.error);
    ::close(opened.fd);
}

TEST_CASE("a socket that answers is left alone") {
    const TempDir directory;
    const std::string path = directory.file("ringway.sock");
    const ControlListener living = open_control_listener(path);
    REQUIRE(living.fd >= 0);
    const ControlListener second = open_control_listener(path);
    CHECK(second.fd == -1);
    CHECK(second.error.find("another ringway") != std::string::npos);
    CHECK(second.error.find("--control") != std::string::npos);
    CHECK(std::filesystem::exists(path));
    ::close(living.fd);
}

TEST_CASE("a file of another kind is never removed") {
    const TempDir directory;
    const std::string path = directory.file("precious.txt");
    std::ofstream(path) << "keep me";
    const ControlListener opened = open_control_listener(path);
    CHECK(opened.fd == -1);
    CHECK(opened.error.find("another kind") != std::string::npos);
    remove_control_file(path);
    CHECK(std::filesystem::file_size(path) == 7);
}

TEST_CASE("a path that is too long or has no directory to be is refused") {
    CHECK(open_control_listener(std::string(200, 'x')).error.find("too long") != std::string::npos);
    const TempDir directory;
    std::ofstream(directory.file("plain")) << "x";
    const ControlListener opened = open_control_listener(directory.file("plain/ringway.sock"));
    CHECK(opened.fd == -1);
    CHECK(opened.error.find("directory") != std::string::npos);
}

TEST_CASE("asking where nobody listens says what to check") {
    const TempDir directory;
    std::string reply;
    CHECK_FALSE(ask_control_socket(directory.file("none.sock"), "info", reply));
    CHECK(reply.find("is ringway running") != std::string::npos);
    CHECK(reply.find("none.sock") != std::string::npos);
}

}  // namespace
}  // namespace ringway::control
