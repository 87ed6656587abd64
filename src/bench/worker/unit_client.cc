#include "unit_client.h"

#include "worker.h"

namespace ringway::bench {

base::Instant UnitClient::now() { return worker().now(); }
Tally& UnitClient::tally() { return worker().tally(); }
bool UnitClient::is_counted() { return worker().counts(due_) || worker().in_window(); }

KindTally* UnitClient::kind_tally(std::uint32_t kind) {
    return tally().kinds.empty() ? nullptr : tally().kinds[kind].get();
}

void UnitClient::begin(base::Instant due) {
    RW_ASSERT(!is_busy_);
    is_busy_ = true;
    due_ = due;
    note_progress();
    worker().count_begun(due);
    if (state() == State::closed) {
        open();
    } else if (state() == State::open) {
        start();
    }
    // Otherwise it is about to close, and opens again for this unit.
}

void UnitClient::opened() {
    if (is_busy_) {
        note_progress();
        start();
    } else if (thinking == 0) {
        worker().has_room(*this);
    }
}

void UnitClient::make_room(bool stays_open) {
    if (state() != State::open) return;
    if (stays_open && !peer_has_ended() && !worker().plan().new_connection_each) {
        worker().has_room(*this);
    } else {
        close();
    }
}

void UnitClient::finish(bool stays_open) {
    is_busy_ = false;
    failures_in_a_row = 0;
    worker().count_ended();
    make_room(stays_open);
}

void UnitClient::fail_unit(ErrorKind error, bool stays_open) {
    if (is_counted()) {
        tally().errors[static_cast<std::size_t>(error)].add();
        if (KindTally* of_kind = kind_tally(kind())) of_kind->errors.add();
    }
    is_busy_ = false;
    ++failures_in_a_row;
    worker().count_ended();
    make_room(stays_open);
}

void UnitClient::abandon() {
    if (!is_busy_) return;
    is_busy_ = false;
    worker().count_ended();
    close();
}

void UnitClient::refuse_unasked() {
    worker().count_error(ErrorKind::malformed);
    ++failures_in_a_row;
    close();
}

void UnitClient::peer_ended() {
    if (is_busy_) fail_unit(ErrorKind::short_body);
    close();
}

void UnitClient::broke(ErrorKind kind) {
    if (is_busy_) {
        fail_unit(kind);
        return;
    }
    worker().count_error(kind);
    ++failures_in_a_row;
}

void UnitClient::closed() {
    forget();
    if (is_busy_) {
        // For a unit that began while it was closing; begun after that, it has opened it already.
        if (state() == State::closed) open();
        return;
    }
    if (!worker().may_begin() || thinking > 0) return;
    const base::Duration pause = pause_before_opening();
    if (pause.ns > 0) {
        wake_after(pause);
    } else {
        wake();
    }
}

void UnitClient::wake() {
    if (state() != State::closed || !worker().may_begin()) return;
    if (worker().plan().new_connection_each) {
        worker().has_room(*this);
    } else {
        open();
    }
}

void UnitClient::check_timeout(base::Instant at) {
    if (is_busy_ && at - progress_at_ >= worker().plan().timeout) fail_unit(ErrorKind::timeout);
}

void UnitClient::give_up() {
    if (!is_busy_) return;
    if (worker().counts(due_)) tally().unfinished.add();
    is_busy_ = false;
    worker().count_ended();
}

}  // namespace ringway::bench
