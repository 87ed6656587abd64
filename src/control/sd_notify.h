// What a service manager is told (sd_notify(3)), without its library: one datagram per message.
//
// Does nothing when $NOTIFY_SOCKET is not set. Never blocks: a message that the socket does not
// take is dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/clock.h"

namespace ringway::control {

class SdNotify {
  public:
    // `socket_name` as in $NOTIFY_SOCKET: a path, or '@' and an abstract name. Empty: off.
    explicit SdNotify(std::string_view socket_name);
    ~SdNotify();
    SdNotify(const SdNotify&) = delete;
    SdNotify& operator=(const SdNotify&) = delete;

    // Reads $NOTIFY_SOCKET.
    static std::string socket_from_environment();

    bool enabled() const { return fd_ >= 0; }
    void ready(std::string_view status);
    // Between this and ready(), a manager that waits for a reload waits.
    void reloading();
    void stopping(std::string_view status);
    void status(std::string_view status);
    void pet_watchdog();

  private:
    void send(std::string_view message);
    int fd_ = -1;
    std::string name_;
};

// One line per assignment; a newline within a status would start another, so it becomes a space.
std::string sd_message(std::string_view first, std::string_view status);

// How often the watchdog wants to hear of us ($WATCHDOG_USEC, when $WATCHDOG_PID is ours or unset).
std::optional<base::Duration> watchdog_interval(const char* usec, const char* pid,
                                                std::int64_t own_pid);

// Whether the shards live, judged by their heartbeats. A shard that sleeps has none: it is sent an
// empty command, which wakes it, and judged at the next look.
class WatchdogJudge {
  public:
    explicit WatchdogJudge(std::size_t shards) : seen_(shards, 0), pinged_(shards, false) {}

    struct Verdict {
        bool all_alive = true;
        std::vector<std::size_t> to_ping;
    };
    Verdict look(const std::vector<std::uint64_t>& heartbeats);

  private:
    std::vector<std::uint64_t> seen_;
    std::vector<bool> pinged_;
};

}  // namespace ringway::control
