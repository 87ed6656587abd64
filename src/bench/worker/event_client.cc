#include "event_client.h"

#include <algorithm>

#include "ringway/ring/sys.h"
#include "worker.h"

namespace ringway::bench {

EventClient::EventClient(Worker& worker, std::uint32_t index)
    : UnitClient(worker, index), reader_(worker.reader_scratch(), false) {
    reader_.set_sink(this);
}

void EventClient::start() {
    forget();
    if (worker().is_constant()) {
        kind_ = 0;
        is_head_ = worker().constant_is_head();
        send(worker().constant_requests(1));
        return;
    }
    const OutgoingRequest request = worker().next_request(outgoing_, index());
    kind_ = request.kind;
    is_head_ = request.is_head;
    send(request.bytes);
}

void EventClient::forget() {
    reader_.reset();
    events_.reset();
    seen_ = 0;
    stream_is_counted_ = false;
    ends_here_ = false;
    last_number_.reset();
}

void EventClient::received(std::string_view bytes) {
    if (is_busy()) note_progress();
    while (!bytes.empty()) {
        if (!is_busy()) {
            refuse_unasked();
            return;
        }
        switch (reader_.read(bytes, worker().known_head(kind_), is_head_)) {
            case ResponseReader::Progress::need_more:
                if (ends_here_) abandon();
                return;
            case ResponseReader::Progress::failed: fail_unit(ErrorKind::malformed); return;
            case ResponseReader::Progress::done: end_stream(); break;
        }
        if (state() != State::open) return;
    }
}

void EventClient::peer_ended() {
    if (is_busy() && reader_.end_completes() && !events_.is_inside()) end_stream();
    UnitClient::peer_ended();
}

bool EventClient::is_expected_status() {
    // As of a HEAD: what a stream's body holds is judged event by event.
    return !worker().judge_answer(kind_, true, reader_.status(), 0, 0);
}

// The response is complete.
void EventClient::end_stream() {
    const bool may_stay = reader_.keep_alive() && !is_sending();
    const auto error = worker().judge_answer(kind_, true, reader_.status(), 0, 0);
    if (error) {
        if (is_counted()) tally().status[reader_.status() % status_count].add();
        fail_unit(*error, may_stay);
    } else if (seen_ == 0) {
        fail_unit(ErrorKind::short_body, may_stay);
    } else {
        finish(may_stay);
    }
}

void EventClient::wind_down() {
    if (seen_ > 0) abandon();
}

void EventClient::take_body(std::string_view bytes) {
    if (!is_expected_status()) return;
    if (worker().in_window()) tally().body_bytes_in.add(bytes.size());
    events_.take(bytes, [this](const StreamEvent& event) { take_event(event); });
}

void EventClient::take_event(const StreamEvent& event) {
    const base::Instant at = now();
    const bool in_window = worker().in_window();
    tally().answered_in_all.add();
    if (++seen_ == 1) first_ns_ = static_cast<std::uint64_t>((at - due()).ns);
    if (is_counted()) count_stream();
    if (in_window) {
        EventTally& all = *tally().events;
        all.events.add();
        tally().answered.add();
        if (KindTally* of_kind = kind_tally(kind_)) of_kind->answered.add();
        if (seen_ > 1) all.gap.record(static_cast<std::uint64_t>((at - last_event_at_).ns));
        if (worker().plan().stamped_events && event.stamp_ns) count_delay(*event.stamp_ns);
        worker().use_quota();
    }
    if (worker().plan().stamped_events && event.number) count_number(*event.number);
    last_event_at_ = at;
    // The window is over and only the first event was waited for, or there were enough.
    if (at >= worker().window_end() || worker().used_up()) ends_here_ = true;
}

// Once for each stream of which anything falls into the window: its first event may have come
// before.
void EventClient::count_stream() {
    if (stream_is_counted_) return;
    stream_is_counted_ = true;
    tally().events->streams.add();
    tally().events->first_event.record(first_ns_);
    tally().status[reader_.status() % status_count].add();
    if (worker().plan().stamped_events) return;
    tally().add_latency(first_ns_);
    if (KindTally* of_kind = kind_tally(kind_)) of_kind->latency.record(first_ns_);
}

void EventClient::count_delay(std::uint64_t stamp_ns) {
    // The turn's time may lie before an event that came while the turn was worked off.
    auto at_ns = static_cast<std::uint64_t>(now().ns);
    if (stamp_ns > at_ns) at_ns = static_cast<std::uint64_t>(ring::sys::now().ns);
    const std::uint64_t delay_ns = at_ns - std::min(stamp_ns, at_ns);
    tally().events->delay.record(delay_ns);
    tally().add_latency(delay_ns);
    if (KindTally* of_kind = kind_tally(kind_)) of_kind->latency.record(delay_ns);
}

void EventClient::count_number(std::uint64_t number) {
    const std::optional<std::uint64_t> last = last_number_;
    last_number_ = std::max(number, last.value_or(0));
    if (!last || number == *last + 1 || !worker().in_window()) return;
    KindTally* of_kind = kind_tally(kind_);
    if (number <= *last) {
        // Twice, or out of order.
        tally().errors[static_cast<std::size_t>(ErrorKind::wrong_body)].add();
        if (of_kind != nullptr) of_kind->errors.add();
        return;
    }
    const std::uint64_t lost = number - *last - 1;
    tally().events->lost.add(lost);
    tally().errors[static_cast<std::size_t>(ErrorKind::lost_event)].add(lost);
    if (of_kind != nullptr) of_kind->errors.add(lost);
}

}  // namespace ringway::bench
