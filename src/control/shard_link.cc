#include "shard_link.h"

#include <algorithm>
#include <utility>
#include <variant>

#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::control {

ShardLink::ShardLink(std::size_t listeners, const stats::StatsSizes& sizes, int event_wake_fd,
                     std::size_t log_bytes)
    : wake_fd(ring::sys::make_wake_fd()),
      commands(mailbox_slots, wake_fd),
      events(mailbox_slots, event_wake_fd),
      stats(listeners, sizes),
      log(log_bytes) {
    if (wake_fd < 0) RW_PANIC("no descriptor left for a shard's wake-up");
}

ShardLink::~ShardLink() {
    RW_ASSERT(!thread.joinable());
    ::close(wake_fd);
}

void ShardLink::send(shard::Command command) {
    if (!outbox_.empty() || !commands.try_send(command)) outbox_.push_back(std::move(command));
}

bool ShardLink::flush() {
    while (!outbox_.empty() && commands.try_send(outbox_.front())) outbox_.pop_front();
    return outbox_.empty();
}

std::vector<shard::Adopt> ShardLink::take_back_connections() {
    RW_ASSERT(!thread.joinable());
    std::vector<shard::Adopt> unread;
    const auto keep = [&unread](const shard::Command& command) {
        if (const auto* adopt = std::get_if<shard::Adopt>(&command)) unread.push_back(*adopt);
    };
    while (const auto command = commands.try_receive()) keep(*command);
    std::for_each(outbox_.begin(), outbox_.end(), keep);
    outbox_.clear();
    return unread;
}

}  // namespace ringway::control
