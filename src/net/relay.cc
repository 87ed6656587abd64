#include "ringway/net/relay.h"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "pipe_moves.h"
#include "ringway/base/planted.h"
#include "ringway/ring/sys.h"

namespace ringway::net {

const char* name_of(RelayWay way) {
    switch (way) {
        case RelayWay::copy: return "copy";
        case RelayWay::splice: return "splice";
        case RelayWay::peek: return "peek";
    }
    return "?";
}

RelayDirection::~RelayDirection() { RW_ASSERT(pipe_ == nullptr); }

RelayWay RelayDirection::way() const {
    switch (state_) {
        case State::splicing:
        case State::leaving_splice: return RelayWay::splice;
        case State::peeking: return RelayWay::peek;
        default: return RelayWay::copy;
    }
}

std::uint64_t RelayDirection::held_bytes() const {
    return source_.received().bytes() + std::uint64_t{pipe_ == nullptr ? 0 : pipe_->held_bytes};
}

void RelayDirection::start() {
    if (context_.settings.mode == config::RelayMode::splice) {
        leave_copy(State::splicing);
    }
    advance();
}

void RelayDirection::advance() {
    State before;
    do {
        if (target_.is_broken()) {
            drop_undeliverable();
            return;
        }
        if (state_ == State::ended) return;
        before = state_;
        switch (state_) {
            case State::copying: advance_copying(); break;
            case State::leaving_copy: advance_leaving_copy(); break;
            case State::splicing: advance_splicing(); break;
            case State::leaving_splice: advance_leaving_splice(); break;
            case State::peeking: advance_peeking(); break;
            case State::ended: break;
        }
        // It broke just now: nobody else will wake us.
        const bool unseen = base::planted(base::Bug::broken_target_unseen);
        if (target_.is_broken() && !unseen) drop_undeliverable();
    } while (state_ != before);
}

// Nobody takes these bytes any more; their buffers are needed elsewhere, perhaps by the other
// direction of this very session. What the target itself sent is that direction's business, and
// still delivered.
void RelayDirection::drop_undeliverable() {
    if (state_ != State::ended) {
        source_.stop_receiving();
        end();
    }
    if (!target_.is_sending()) source_.received().clear();
}

// ---- copy -------------------------------------------------------------------------------------

void RelayDirection::flush_held() {
    SliceQueue& held = source_.received();
    if (held.empty() || target_.is_sending()) return;
    if (!target_.send_from(held, flow)) source_.wake().set_next_turn();
}

void RelayDirection::advance_copying() {
    flush_held();
    if (source_.has_ended()) {
        const bool all_sent = source_.received().empty() && !target_.is_sending();
        if (all_sent || base::planted(base::Bug::half_close_early)) {
            pass_end_on();
        } else {
            target_.set_wake_on_sent(true);
        }
        return;
    }
    if (is_bulk()) {
        leave_copy(State::splicing);
        return;
    }
    regulate_reader();
}

// What one turn brings counts as one read, however many completions it took: that is what a relay
// that reads and writes once per turn would see.
bool RelayDirection::is_bulk() {
    const std::uint32_t arrived = source_.take_arrived();
    if (arrived > 0) {
        // As many reads as can be counted and still no 64 KiB: as small as messages can be.
        constexpr auto reads_max = std::numeric_limits<std::uint16_t>::max();
        if (streak_reads_ == reads_max) streak_bytes_ = streak_reads_ = 0;
        streak_bytes_ += arrived;
        ++streak_reads_;
        if (arrived <= RelayThresholds::small_move_bytes) one_at_a_time_ = false;
    }
    if (context_.settings.mode == config::RelayMode::copy) return false;
    // There was no pipe a moment ago. (While starved, last_move_ is the end of the patience with
    // buffers, which a pipe makes unnecessary.)
    if (!starved_ && context_.now < last_move_) return false;
    if (context_.settings.mode == config::RelayMode::splice) return true;
    // Splicing needs no buffer: better than waiting for one.
    if (source_.is_waiting_for_buffer() && !starved_) return true;
    if (streak_bytes_ < RelayThresholds::splice_after_bytes) return false;
    const std::uint32_t mean = streak_bytes_ / streak_reads_;
    streak_bytes_ = streak_reads_ = 0;
    return mean >= RelayThresholds::splice_read_bytes_mean;
}

// Once from the moment at which the reader must stand still until it may run again.
void RelayDirection::count_pause() {
    if (!paused_) flow.direction->pauses.add();
    paused_ = true;
}

// Keeps the reader running while there is room, and parks it while there is not.
void RelayDirection::regulate_reader() {
    const std::uint32_t limit = context_.buffers.scarce() ? RelayThresholds::small_move_bytes
                                                          : context_.settings.held_bytes_max;
    const std::uint32_t held = source_.received().bytes();
    if (source_.is_receiving()) {
        if (!paused_ && held >= limit) {
            count_pause();
            one_at_a_time_ = true;
            source_.stop_receiving();
            target_.set_wake_on_sent(true);
        }
        return;
    }
    if (source_.is_waiting_for_buffer()) {
        if (!starved_) last_move_ = context_.now + RelayThresholds::buffer_patience;
        starved_ = true;
        return;
    }
    if (held > limit / 2) {
        count_pause();
        target_.set_wake_on_sent(true);
        return;
    }
    paused_ = false;
    starved_ = false;
    target_.set_wake_on_sent(false);
    // A multishot may bring megabytes in one turn; whoever overran the limit gets a buffer a time.
    if (one_at_a_time_) {
        source_.receive_once();
    } else {
        source_.start_receiving();
    }
}

void RelayDirection::leave_copy(State next) {
    state_ = State::leaving_copy;
    next_ = next;
    // One turn may have brought more than the target takes: the way into a pipe is then as long as
    // the target is slow, and nothing is read on it. While a read is still to be called home its
    // end is the moment to look (advance_leaving_copy).
    const bool stands_still = !source_.is_receiving();
    if (stands_still && source_.received().bytes() >= context_.settings.held_bytes_max) {
        count_pause();
    }
    source_.stop_receiving();
    source_.give_up_waiting_for_buffer();
    target_.set_wake_on_sent(true);
}

void RelayDirection::advance_leaving_copy() {
    if (base::planted(base::Bug::held_bytes_forgotten) && !target_.is_sending()) {
        source_.received().clear();
    }
    flush_held();
    const bool unsent = !source_.received().empty() || target_.is_sending();
    // A target that takes what it is given has done so by the turn in which reading has stopped.
    if (unsent && !source_.is_receiving()) count_pause();
    if (unsent || source_.is_receiving()) return;
    starved_ = false;
    source_.give_up_waiting_for_buffer();  // the last completion may have found no buffer
    target_.set_wake_on_sent(false);
    paused_ = false;
    if (source_.has_ended()) {
        state_ = State::copying;
        return;
    }
    if (next_ == State::splicing) {
        pipe_ = context_.pipes.borrow();
        if (pipe_ == nullptr) {
            last_move_ = context_.now + RelayThresholds::splice_idle;
            state_ = State::copying;
            return;
        }
        flow.direction->into_splice.add();
    }
    state_ = next_;
    small_moves_ = 0;
    last_move_ = context_.now;
    source_.readable = target_.writable = true;  // look once without being told
}

// ---- splice -----------------------------------------------------------------------------------

bool RelayDirection::fill() {
    const std::uint32_t came = fill_pipe(*pipe_, source_, pipe_->capacity_bytes);
    if (came == 0) return false;
    last_move_ = context_.now;
    small_moves_ = came < RelayThresholds::small_move_bytes
                       ? static_cast<std::uint16_t>(small_moves_ + 1)
                       : std::uint16_t{0};
    return true;
}

bool RelayDirection::drain() {
    if (drain_pipe(*pipe_, target_, flow) == 0) return false;
    last_move_ = context_.now;
    return true;
}

void RelayDirection::advance_splicing() {
    const std::uint64_t start = flow.bytes;
    bool moved = true;
    while (moved) {
        const bool filled = fill();
        const bool drained = drain();
        moved = filled || drained;
        if (target_.is_broken()) return;
        if (flow.bytes - start >= RelayThresholds::turn_bytes_max) {
            source_.wake().set_next_turn();
            return;
        }
    }
    if (pipe_->held_bytes > 0) {
        // As a parked reader in copy mode: counted once, until the target has taken everything.
        count_pause();
        // What arrives meanwhile is looked for when the target has room again.
        source_.readable = true;
        target_.watch_writable();
        return;
    }
    paused_ = false;
    if (source_.has_ended()) {
        pass_end_on();
        return;
    }
    if (context_.settings.mode == config::RelayMode::automatic &&
        small_moves_ >= RelayThresholds::small_moves_in_a_row) {
        leave_splicing();
        return;
    }
    source_.watch_readable();
}

void RelayDirection::leave_splicing() {
    RW_ASSERT(pipe_ == nullptr || pipe_->held_bytes == 0);
    if (pipe_ != nullptr) {
        context_.pipes.give_back(pipe_);
        pipe_ = nullptr;
        flow.direction->out_of_splice.add();
    }
    stop_watching();
    state_ = State::leaving_splice;
}

void RelayDirection::stop_watching() {
    source_.stop_watching_readable();
    target_.stop_watching_writable();
}

void RelayDirection::advance_leaving_splice() {
    if (source_.is_receiving() || target_.is_sending()) return;
    streak_bytes_ = streak_reads_ = 0;
    last_move_ = {0};
    state_ = State::copying;
}

// ---- peek -------------------------------------------------------------------------------------

void RelayDirection::advance_peeking() {
    std::uint64_t moved = 0;
    while (source_.readable && target_.writable && moved < RelayThresholds::turn_bytes_max) {
        const std::int64_t seen =
            ring::sys::peek(source_.fd(), context_.scratch, context_.scratch_bytes);
        if (seen == -EAGAIN) {
            source_.readable = false;
            break;
        }
        if (seen <= 0) {
            if (seen < 0) source_.break_with(static_cast<int>(seen));
            source_.mark_ended();
            pass_end_on();
            return;
        }
        const std::int64_t sent =
            ring::sys::send_now(target_.fd(), context_.scratch, static_cast<std::size_t>(seen));
        if (sent == -EAGAIN) {
            target_.writable = false;
            break;
        }
        if (sent < 0) {
            target_.break_with(static_cast<int>(sent));
            return;
        }
        ring::sys::discard(source_.fd(), static_cast<std::size_t>(sent));
        source_.note_received();
        flow.count(static_cast<std::uint64_t>(sent), &stats::DirectionStats::peeked_bytes);
        moved += static_cast<std::uint64_t>(sent);
    }
    if (moved >= RelayThresholds::turn_bytes_max) {
        source_.wake().set_next_turn();
    } else if (!target_.writable) {
        source_.readable = true;  // as far as we know
        target_.watch_writable();
    } else {
        source_.watch_readable();
    }
}

// ---- ticks and ends ---------------------------------------------------------------------------

bool RelayDirection::wants_ticks() const {
    switch (state_) {
        case State::splicing: return context_.settings.mode == config::RelayMode::automatic;
        case State::peeking: return true;
        case State::copying: return source_.is_waiting_for_buffer();
        default: return false;
    }
}

void RelayDirection::tick() {
    const State before = state_;
    if (state_ == State::splicing) {
        const bool idle = context_.now - last_move_ >= RelayThresholds::splice_idle;
        if (idle && pipe_->held_bytes == 0 && wants_ticks()) leave_splicing();
    } else if (state_ == State::peeking) {
        if (!context_.buffers.scarce()) leave_splicing();
    } else if (state_ == State::copying && source_.is_waiting_for_buffer() &&
               context_.now >= last_move_) {
        leave_copy(State::peeking);
    }
    // With no request in flight nothing else would come to carry the change through.
    if (state_ != before) source_.wake().set();
}

void RelayDirection::pass_end_on() {
    owes_end_ = !source_.is_broken();  // a reset is passed on as a reset, when the session closes
    end();
}

void RelayDirection::settle_end() {
    if (!owes_end_) return;
    owes_end_ = false;
    if (base::planted(base::Bug::half_close_dropped)) return;
    if (!target_.is_broken()) target_.shutdown_write();
}

void RelayDirection::end() {
    if (state_ == State::splicing || state_ == State::peeking) stop_watching();
    if (pipe_ != nullptr) {
        if (!base::planted(base::Bug::splice_forgets_pipe)) context_.pipes.give_back(pipe_);
        pipe_ = nullptr;
    }
    state_ = State::ended;
}

}  // namespace ringway::net
