#include "ringway/net/splice_pump.h"

#include "pipe_moves.h"
#include "ringway/base/assert.h"
#include "ringway/base/planted.h"

namespace ringway::net {

SplicePump::~SplicePump() { RW_ASSERT(pipe_ == nullptr); }

bool SplicePump::start(Socket& source, Socket& target, std::uint64_t limit_bytes) {
    RW_ASSERT(pipe_ == nullptr);
    RW_ASSERT(!source.is_receiving() && source.received().empty());
    RW_ASSERT(!target.is_sending());
    pipe_ = context_.pipes.borrow();
    if (pipe_ == nullptr) return false;
    source_ = &source;
    target_ = &target;
    limit_ = limit_bytes;
    taken_ = given_ = 0;
    paused_ = ended_ = false;
    source.readable = target.writable = true;  // look once without being told
    return true;
}

bool SplicePump::fill() {
    const std::uint64_t beyond = base::planted(base::Bug::pump_beyond_limit) ? 1 : 0;
    const std::uint32_t came = fill_pipe(*pipe_, *source_, limit_ - taken_ + beyond);
    taken_ += came;
    return came > 0;
}

bool SplicePump::drain() {
    const std::uint32_t went = drain_pipe(*pipe_, *target_, flow_);
    given_ += went;
    return went > 0;
}

void SplicePump::advance() {
    if (pipe_ == nullptr) return;
    if (target_->is_broken()) {
        end();
        return;
    }
    const std::uint64_t given_before = given_;
    bool moved = true;
    while (moved) {
        const bool filled = fill();
        const bool drained = drain();
        moved = filled || drained;
        if (target_->is_broken()) {
            end();
            return;
        }
        const bool more_to_do = pipe_->held_bytes > 0 || (taken_ < limit_ && !source_->has_ended());
        if (more_to_do && given_ - given_before >= RelayThresholds::turn_bytes_max) {
            source_->wake().set_next_turn();
            return;
        }
    }
    wait_for_either();
}

// Nothing moves now: either that was all, or one of the two sides says when to go on.
void SplicePump::wait_for_either() {
    if (pipe_->held_bytes > 0) {
        if (!paused_) flow_.direction->pauses.add();
        paused_ = true;
        // What arrives meanwhile is looked for when the target has room again.
        source_->readable = true;
        target_->watch_writable();
        return;
    }
    paused_ = false;
    if (taken_ == limit_ || source_->has_ended()) {
        end();
        return;
    }
    source_->watch_readable();
}

void SplicePump::end() {
    ended_ = true;
    source_->stop_watching_readable();
    target_->stop_watching_writable();
    abandon();
}

void SplicePump::abandon() {
    if (pipe_ == nullptr) return;
    context_.pipes.give_back(pipe_);
    pipe_ = nullptr;
}

bool SplicePump::stopped() const {
    return source_ == nullptr ||
           (!source_->is_watching_readable() && !target_->is_watching_writable());
}

}  // namespace ringway::net
