#include "body_way.h"

namespace ringway::proxy {

bool BodyWay::should_splice() const {
    if (no_pipe_ || source_ == nullptr || target_ == nullptr) return false;
    if (relay_.settings.mode == config::RelayMode::copy) return false;
    return transfer_.spliceable_bytes() >= splice_bytes_min && !source_->has_ended();
}

void BodyWay::advance(net::SliceQueue& arrived) {
    if (state_ == State::splicing) {
        advance_splicing();
        return;
    }
    transfer_.advance(arrived, *out_, relay_.settings.held_bytes_max);
    if (state_ == State::copying && should_splice()) {
        state_ = State::leaving_copy;
        source_->stop_receiving();
        source_->give_up_waiting_for_buffer();
        target_->set_wake_on_sent(true);
    }
    if (state_ == State::leaving_copy) leave_copy();
}

// What was received before the switch goes first, and by the old way.
void BodyWay::leave_copy() {
    if (source_->is_receiving() || !source_->received().empty() || !out_->empty() ||
        target_->is_sending()) {
        return;
    }
    source_->give_up_waiting_for_buffer();  // the last completion may have found no buffer
    state_ = State::copying;
    target_->set_wake_on_sent(false);
    if (!should_splice()) return;
    if (!pump_.start(*source_, *target_, transfer_.spliceable_bytes())) {
        no_pipe_ = true;
        return;
    }
    flow_.direction->into_splice.add();
    state_ = State::splicing;
    spliced_ = 0;
    advance_splicing();
}

void BodyWay::advance_splicing() {
    pump_.advance();
    transfer_.note_spliced(pump_.taken_bytes() - spliced_);
    spliced_ = pump_.taken_bytes();
    if (!pump_.has_ended() || !pump_.stopped()) return;
    pump_.abandon();
    flow_.direction->out_of_splice.add();
    state_ = State::copying;
}

void BodyWay::abandon() {
    pump_.abandon();
    state_ = State::copying;
}

}  // namespace ringway::proxy
