// A look every so often at the few sessions that need one (a relay that may leave splice mode).
//
// One timer for all of a shard's sessions, armed only while somebody is listed. Owns no session.
#pragma once

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/timer_wheel.h"

namespace ringway::proxy {

// A member of what wants to be looked at; it leaves the list when it is destroyed.
struct Ticking {
    // Answers whether it wants to be looked at again.
    using Look = bool (*)(Ticking&);
    explicit Ticking(Look callback) : look(callback) {}
    base::ListLink link;
    Look look;
};

class Ticker : private base::Timer {
  public:
    Ticker(base::TimerWheel& wheel, const base::Instant& now, base::Duration interval)
        : base::Timer(&Ticker::fire), wheel_(wheel), now_(now), interval_(interval) {}

    void add(Ticking& ticking) {
        if (ticking.link.is_linked()) return;
        list_.push_back(ticking);
        if (!is_armed()) wheel_.arm(*this, now_ + interval_);
    }

  private:
    static void fire(base::Timer& timer) {
        auto& self = static_cast<Ticker&>(timer);
        self.list_.for_each([](Ticking& ticking) {
            if (!ticking.look(ticking)) ticking.link.unlink();
        });
        if (!self.list_.empty()) self.wheel_.arm(self, self.now_ + self.interval_);
    }

    base::TimerWheel& wheel_;
    const base::Instant& now_;
    base::Duration interval_;
    base::IntrusiveList<Ticking, &Ticking::link> list_;
};

}  // namespace ringway::proxy
