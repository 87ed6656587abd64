// Accepts from one listener, never more connections than the shard has permits for.
//
// Owns the listening descriptor. While permits are plenty it accepts many at a time (multishot);
// when fewer are left than the queue could bring at once, it watches the queue and accepts one by
// one, a permit each, so that nothing is accepted that could not be served. Out of descriptors it
// pauses and never spins.
#pragma once

#include <cstdint>

#include "ringway/async/deadline.h"
#include "ringway/async/task.h"
#include "ringway/async/wake.h"
#include "ringway/net/acceptor.h"
#include "ringway/shard/shard.h"

namespace ringway::shard {

class AcceptLoop {
  public:
    AcceptLoop(Core& shard, std::uint32_t listener, int fd, bool hands_over);
    AcceptLoop(const AcceptLoop&) = delete;
    AcceptLoop& operator=(const AcceptLoop&) = delete;

    // Runs until the listener is closed: after drain(), when its queue is empty.
    async::Task<void> run();

    void drain();  // accept what is queued, then close
    // Permits came, or were recalled: look again at what may be accepted, and how.
    void permits_changed() { wake_.set(); }
    bool accepts_many() const { return acceptor_.is_armed() && acceptor_.accepts_many(); }

    // How many connections one turn may bring at most while a listener accepts many at a time.
    static std::int64_t many_margin(std::uint32_t backlog);

  private:
    void arm();
    void take_all();
    void accept_while_permitted();
    void deal(int fd);
    void pause(int os_error);

    Core& shard_;
    async::Wake wake_;
    async::Deadline resume_at_;
    net::Acceptor acceptor_;
    const std::uint32_t listener_;
    const bool hands_over_;
    bool draining_ = false;
    bool paused_ = false;
    bool somebody_waits_ = false;    // in the listener's queue, as far as is known
    bool short_of_permits_ = false;  // and no permit is there for them
};

}  // namespace ringway::shard
