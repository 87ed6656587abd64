#include "shard_link.h"

#include <utility>

#include <unistd.h>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::control {

ShardLink::ShardLink(std::size_t listeners, std::size_t endpoints, int event_wake_fd,
                     std::size_t log_bytes)
    : wake_fd(ring::sys::make_wake_fd()),
      commands(mailbox_slots, wake_fd),
      events(mailbox_slots, event_wake_fd),
      stats(listeners, endpoints),
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

std::optional<shard::Command> ShardLink::take_back() {
    RW_ASSERT(!thread.joinable());
    std::optional<shard::Command> unread = commands.try_receive();
    if (!unread && !outbox_.empty()) {
        unread.emplace(std::move(outbox_.front()));
        outbox_.pop_front();
    }
    return unread;
}

}  // namespace ringway::control
