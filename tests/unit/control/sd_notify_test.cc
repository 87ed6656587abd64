#include "sd_notify.h"

#include <cstring>
#include <string>

#include <doctest/doctest.h>
#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ringway/net/address.h"
#include "temp_dir.h"

namespace ringway::control {
namespace {

class Manager {
  public:
    explicit Manager(const std::string& name)
        : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        const bool abstract = name.front() == '@';
        if (abstract) address.sun_path[0] = '\0';
        const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                                  (abstract ? 0 : 1));
        REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), bytes) == 0);
    }
    ~Manager() { ::close(fd_); }
    Manager(const Manager&) = delete;
    Manager& operator=(const Manager&) = delete;

    std::string received() {
        char bytes[512];
        const ssize_t count = ::recv(fd_, bytes, sizeof bytes, 0);
        return count < 0 ? "nothing" : std::string(bytes, static_cast<std::size_t>(count));
    }

  private:
    int fd_;
};

TEST_CASE("messages are assignments, one a line") {
    CHECK(sd_message("READY=1", "") == "READY=1");
    CHECK(sd_message("READY=1", "all well") == "READY=1\nSTATUS=all well");
    CHECK(sd_message("", "all well") == "STATUS=all well");
    CHECK(sd_message("STOPPING=1", "a\nWATCHDOG=1") == "STOPPING=1\nSTATUS=a WATCHDOG=1");
}

TEST_CASE("a manager at a path hears everything") {
    const TempDir directory;
    Manager manager(directory.file("notify"));
    SdNotify notify(directory.file("notify"));
    CHECK(notify.enabled());
    notify.ready("here");
    CHECK(manager.received() == fmt::format("READY=1\nMAINPID={}\nSTATUS=here", ::getpid()));
    notify.pet_watchdog();
    CHECK(manager.received() == "WATCHDOG=1");
    notify.stopping("bye");
    CHECK(manager.received() == "STOPPING=1\nSTATUS=bye");
    CHECK(manager.received() == "nothing");
}

TEST_CASE("a manager at an abstract name hears us too") {
    const std::string name = fmt::format("@ringway-test-{}", ::getpid());
    Manager manager(name);
    SdNotify notify(name);
    notify.status("abstract");
    CHECK(manager.received() == "STATUS=abstract");
}

TEST_CASE("without a manager nothing is sent and nothing fails") {
    SdNotify none("");
    CHECK_FALSE(none.enabled());
    none.ready("x");
    SdNotify nobody("/nonexistent/notify");
    nobody.ready("x");
    SdNotify too_long(std::string(300, 'x'));
    too_long.ready("x");
}

TEST_CASE("the watchdog's interval counts only when it is meant for us") {
    CHECK(watchdog_interval("2000000", nullptr, 7) == base::Duration::seconds(2));
    CHECK(watchdog_interval("2000000", "7", 7) == base::Duration::seconds(2));
    CHECK_FALSE(watchdog_interval("2000000", "8", 7));
    CHECK_FALSE(watchdog_interval(nullptr, nullptr, 7));
    CHECK_FALSE(watchdog_interval("0", nullptr, 7));
    CHECK_FALSE(watchdog_interval("soon", nullptr, 7));
    CHECK(watchdog_interval("9223372036854775807", nullptr, 7) == base::Duration::seconds(86400));
}

TEST_CASE("a sleeping shard is woken once and judged afterwards") {
    WatchdogJudge judge(2);
    auto verdict = judge.look({5, 5});
    CHECK(verdict.all_alive);
    CHECK(verdict.to_ping.empty());
    verdict = judge.look({6, 5});
    CHECK(verdict.all_alive);
    CHECK(verdict.to_ping == std::vector<std::size_t>{1});
    SUBCASE("it turns") {
        verdict = judge.look({7, 6});
        CHECK(verdict.all_alive);
        CHECK(verdict.to_ping.empty());
    }
    SUBCASE("it hangs") {
        verdict = judge.look({7, 5});
        CHECK_FALSE(verdict.all_alive);
        verdict = judge.look({8, 5});
        CHECK_FALSE(verdict.all_alive);
        verdict = judge.look({9, 6});
        CHECK(verdict.all_alive);
    }
}

}  // namespace
}  // namespace ringway::control
