// A point in time after which a waiting coroutine is woken.
//
// One per activity and phase; moving it costs a list operation at most. `renew` postpones without
// touching the timer wheel at all: the timer looks at the new instant when it fires and re-arms.
#pragma once

#include "ringway/async/wake.h"
#include "ringway/base/clock.h"
#include "ringway/base/planted.h"
#include "ringway/base/timer_wheel.h"

namespace ringway::async {

class Deadline : private base::Timer {
  public:
    Deadline(base::TimerWheel& wheel, Wake& wake)
        : base::Timer(&Deadline::fire), wheel_(wheel), wake_(wake) {}
    ~Deadline() { clear(); }

    // From now on: expires at `at`, and not before. A timer that is armed for an earlier instant
    // stays where it is and looks again when it fires: most deadlines are replaced by later ones.
    void set(base::Instant at) {
        at_ = at;
        expired_ = false;
        if (is_armed() && due() <= at) return;
        wheel_.arm(*this, at);
    }
    void clear() {
        at_ = base::Instant::never();
        expired_ = false;
        wheel_.disarm(*this);
    }
    // Postpones a deadline that is set; `at` must not be earlier than it was.
    void renew(base::Instant at) { at_ = at; }

    bool expired() const { return expired_; }
    base::Instant at() const { return at_; }

  private:
    static void fire(base::Timer& timer) {
        auto& self = static_cast<Deadline&>(timer);
        if (self.at_ > self.due()) {  // renewed meanwhile
            if (!base::planted(base::Bug::timer_not_rearmed)) self.wheel_.arm(self, self.at_);
            return;
        }
        self.expired_ = true;
        self.wake_.set();
    }

    base::TimerWheel& wheel_;
    Wake& wake_;
    base::Instant at_ = base::Instant::never();
    bool expired_ = false;
};

}  // namespace ringway::async
