#include "ringway/async/mailbox.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

using ringway::async::Mailbox;
namespace sys = ringway::ring::sys;

namespace {

struct WakeFd {
    WakeFd() : fd(sys::make_wake_fd()) { REQUIRE(fd >= 0); }
    ~WakeFd() { ::close(fd); }
    WakeFd(const WakeFd&) = delete;
    WakeFd& operator=(const WakeFd&) = delete;
    bool is_signalled() const {
        pollfd wanted{fd, POLLIN, 0};
        return ::poll(&wanted, 1, 0) == 1;
    }
    int fd;
};

// The consumer as a shard is one: takes everything, then sleeps until it is woken.
struct Consumer {
    std::uint64_t received = 0;
    std::uint64_t sleeps = 0;
    bool in_order = true;
    bool woken_in_time = true;

    void run(Mailbox<std::uint64_t>& box, const WakeFd& wake, std::uint64_t until) {
        while (received < until) {
            while (auto message = box.try_receive()) {
                in_order = in_order && *message == received;
                ++received;
            }
            if (received == until || !box.prepare_to_sleep()) continue;
            ++sleeps;
            pollfd wanted{wake.fd, POLLIN, 0};
            if (::poll(&wanted, 1, 20'000) != 1) {
                woken_in_time = false;
                return;
            }
            sys::clear_wake_fd(wake.fd);
        }
    }
};

}  // namespace

TEST_CASE("messages come out in their order; a full box refuses and leaves the message alone") {
    const WakeFd wake;
    Mailbox<std::unique_ptr<std::string>> box(4, wake.fd);
    CHECK_FALSE(box.try_receive().has_value());
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 4; ++i) {
            auto message = std::make_unique<std::string>(std::to_string(i));
            CHECK(box.try_send(message));
        }
        auto fifth = std::make_unique<std::string>("4");
        CHECK_FALSE(box.try_send(fifth));
        REQUIRE(fifth != nullptr);
        CHECK(*fifth == "4");
        for (int i = 0; i < 4; ++i) {
            const auto message = box.try_receive();
            REQUIRE(message.has_value());
            CHECK(**message == std::to_string(i));
        }
        CHECK_FALSE(box.try_receive().has_value());
    }
}

TEST_CASE("only a sleeping consumer is woken, and only once per sleep") {
    const WakeFd wake;
    Mailbox<int> box(8, wake.fd);
    int message = 1;
    CHECK(box.try_send(message));
    CHECK_FALSE(wake.is_signalled());  // it was awake
    CHECK_FALSE(box.prepare_to_sleep());
    CHECK(box.try_receive() == 1);
    CHECK(box.prepare_to_sleep());
    message = 2;
    CHECK(box.try_send(message));
    CHECK(wake.is_signalled());
    sys::clear_wake_fd(wake.fd);
    message = 3;
    CHECK(box.try_send(message));
    CHECK_FALSE(wake.is_signalled());
    CHECK(box.try_receive() == 2);
    CHECK(box.try_receive() == 3);
}

TEST_CASE("a message that was taken leaves nothing behind in the box") {
    const WakeFd wake;
    Mailbox<std::shared_ptr<int>> box(2, wake.fd);
    auto message = std::make_shared<int>(1);
    const std::weak_ptr<int> watch = message;
    CHECK(box.try_send(message));
    CHECK(message == nullptr);
    box.try_receive().reset();
    CHECK(watch.expired());
}

TEST_CASE("a million messages between two threads: all, in order, and no wake-up is lost") {
    constexpr std::uint64_t total = 1'000'000;
    const WakeFd wake;
    Mailbox<std::uint64_t> box(256, wake.fd);
    Consumer consumer;
    std::thread thread([&] { consumer.run(box, wake, total); });
    for (std::uint64_t i = 0; i < total;) {
        std::uint64_t message = i;
        if (box.try_send(message)) {
            ++i;
        } else {
            std::this_thread::yield();
        }
    }
    thread.join();
    CHECK(consumer.received == total);
    CHECK(consumer.in_order);
    CHECK(consumer.woken_in_time);
}

TEST_CASE("a consumer that sleeps between almost all messages misses none") {
    constexpr std::uint64_t total = 20'000;
    const WakeFd there;
    const WakeFd back;
    Mailbox<std::uint64_t> box(4, there.fd);
    Mailbox<std::uint64_t> echo(4, back.fd);
    std::thread thread([&] {
        for (std::uint64_t i = 0; i < total;) {
            auto message = box.try_receive();
            if (message) {
                ++i;
                while (!echo.try_send(*message)) std::this_thread::yield();
                continue;
            }
            if (!box.prepare_to_sleep()) continue;
            pollfd wanted{there.fd, POLLIN, 0};
            if (::poll(&wanted, 1, 20'000) != 1) return;
            sys::clear_wake_fd(there.fd);
        }
    });
    // One message is under way at a time: each has to find the other side asleep or falling so.
    Consumer consumer;
    for (std::uint64_t i = 0; i < total && consumer.woken_in_time; ++i) {
        std::uint64_t message = i;
        if (!box.try_send(message)) break;
        consumer.run(echo, back, i + 1);
    }
    thread.join();
    CHECK(consumer.received == total);
    CHECK(consumer.in_order);
    CHECK(consumer.woken_in_time);
    CHECK(consumer.sleeps > 0);
}
