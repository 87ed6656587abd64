#include "sd_notify.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/net/address.h"
#include "ringway/ring/sys.h"

namespace ringway::control {

std::string sd_message(std::string_view first, std::string_view status) {
    std::string message(first);
    if (!status.empty()) {
        if (!message.empty()) message += '\n';
        message += "STATUS=";
        message += status;
        const std::size_t from = message.size() - status.size();
        std::replace(message.begin() + static_cast<std::ptrdiff_t>(from), message.end(), '\n', ' ');
    }
    return message;
}

std::string SdNotify::socket_from_environment() {
    const char* name = std::getenv("NOTIFY_SOCKET");
    return name != nullptr ? name : "";
}

SdNotify::SdNotify(std::string_view socket_name) : name_(socket_name) {
    if (name_.empty()) return;
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

SdNotify::~SdNotify() {
    if (fd_ >= 0) ::close(fd_);
}

void SdNotify::send(std::string_view message) {
    if (fd_ < 0) return;
    sockaddr_un address{};
    if (name_.size() >= sizeof address.sun_path) return;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    const bool abstract = name_.front() == '@';
    if (abstract) address.sun_path[0] = '\0';
    // An abstract name is exactly its bytes; a path ends in a zero.
    const auto bytes =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size() + (abstract ? 0 : 1));
    (void)::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
                   reinterpret_cast<const sockaddr*>(&address), bytes);
}

void SdNotify::ready(std::string_view status) {
    send(sd_message(fmt::format("READY=1\nMAINPID={}", ::getpid()), status));
}
void SdNotify::reloading() {
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", ring::sys::now().ns / 1000));
}
void SdNotify::stopping(std::string_view status) { send(sd_message("STOPPING=1", status)); }
void SdNotify::status(std::string_view status) { send(sd_message("", status)); }
void SdNotify::pet_watchdog() { send("WATCHDOG=1"); }

namespace {

std::optional<std::int64_t> number_in(const char* text) {
    if (text == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const char* end = text + std::strlen(text);
    const auto [stopped, failure] = std::from_chars(text, end, number);
    if (failure != std::errc{} || stopped != end || stopped == text) return std::nullopt;
    return number;
}

}  // namespace

std::optional<base::Duration> watchdog_interval(const char* usec, const char* pid,
                                                std::int64_t own_pid) {
    constexpr std::int64_t day_us = 86'400'000'000;
    const auto interval = number_in(usec);
    if (!interval || *interval <= 0) return std::nullopt;
    if (pid != nullptr && number_in(pid) != own_pid) return std::nullopt;
    return base::Duration::microseconds(std::min(*interval, day_us));
}

WatchdogJudge::Verdict WatchdogJudge::look(const std::vector<std::uint64_t>& heartbeats) {
    RW_ASSERT(heartbeats.size() == seen_.size());
    Verdict verdict;
    for (std::size_t shard = 0; shard < seen_.size(); ++shard) {
        const bool moved = heartbeats[shard] != seen_[shard];
        seen_[shard] = heartbeats[shard];
        if (moved) {
            pinged_[shard] = false;
        } else if (pinged_[shard]) {
            verdict.all_alive = false;  // it was woken and did not turn since
        } else {
            pinged_[shard] = true;
            verdict.to_ping.push_back(shard);
        }
    }
    return verdict;
}

}  // namespace ringway::control
