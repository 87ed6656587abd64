#include "http_client.h"

#include <algorithm>

#include "worker.h"

namespace ringway::bench {

namespace {

// How long a peer that announced to close is given to do so.
constexpr base::Duration end_wait = base::Duration::milliseconds(100);

bool needs_hash(const RunPlan& plan) {
    return plan.verification.check == BodyCheck::hash ||
           plan.verification.check == BodyCheck::first;
}

}  // namespace

HttpClient::HttpClient(Worker& worker, std::uint32_t index)
    : Connection(worker, index),
      reader_(worker.reader_scratch(), needs_hash(worker.plan())),
      under_way_(std::max(1u, worker.plan().pipeline)) {}

void HttpClient::begin(base::Instant due) {
    RW_ASSERT(count_ < under_way_.size());
    UnderWay& request = under_way_[(first_ + count_) % under_way_.size()];
    request.due = due;
    request.begun = worker().now();
    ++count_;
    prepare(request);
    worker().count_begun(due);
    if (state() == State::closed) {
        open();
    } else if (under_way_.size() == 1) {
        flush();
    } else {
        worker().flush_later(*this);
    }
}

void HttpClient::prepare(UnderWay& request) {
    if (worker().is_constant()) {
        request.kind = 0;
        request.is_head = worker().constant_is_head();
        ++unsent_requests_;
        return;
    }
    const bool alone = under_way_.size() == 1;
    const OutgoingRequest made = worker().next_request(alone ? outgoing_ : made_, index());
    request.kind = made.kind;
    request.is_head = made.is_head;
    if (alone) {
        next_ = made.bytes;
    } else {
        gathering_.append(made.bytes);
    }
}

void HttpClient::flush() {
    if (is_sending() || state() != State::open) return;
    if (unsent_requests_ > 0) {
        send(worker().constant_requests(unsent_requests_));
        unsent_requests_ = 0;
    } else if (!next_.empty()) {
        send(next_);
        next_ = {};
    } else if (!gathering_.empty()) {
        std::swap(gathering_, outgoing_);
        gathering_.clear();
        send(outgoing_);
    }
}

// Either for a request that was begun while it was closed, or to have room again.
void HttpClient::opened() {
    const std::size_t taken = count_ + thinking;
    flush();
    for (std::size_t i = taken; i < under_way_.size(); ++i) worker().has_room(*this);
}

void HttpClient::sent() {
    flush();
    if (room_owed_ && !is_sending()) {
        room_owed_ = false;
        after_answer();
    }
}

void HttpClient::received(std::string_view bytes) {
    while (!bytes.empty()) {
        if (count_ == 0) {
            // Nobody asked for this.
            worker().count_error(ErrorKind::malformed);
            ++failures_in_a_row;
            close();
            return;
        }
        const UnderWay& request = front();
        switch (reader_.read(bytes, worker().known_head(request.kind), request.is_head)) {
            case ResponseReader::Progress::need_more: return;
            case ResponseReader::Progress::failed:
                fail_all(ErrorKind::malformed);
                close();
                return;
            case ResponseReader::Progress::done: answer(); break;
        }
        if (state() != State::open) return;
    }
}

void HttpClient::answer() {
    const UnderWay request = front();
    pop();
    failures_in_a_row = 0;
    judge(request);
    worker().count_ended();
    if (is_sending() && under_way_.size() == 1) {
        room_owed_ = true;
    } else {
        after_answer();
    }
}

// Counts the answer that is complete.
void HttpClient::judge(const UnderWay& request) {
    Tally& tally = worker().tally();
    tally.answered_in_all.add();
    const std::uint16_t status = reader_.status();
    const bool with_hash = worker().verifies_hash();
    const std::optional<ErrorKind> error =
        worker().judge_answer(request.kind, request.is_head, status, reader_.body_bytes(),
                              with_hash && !request.is_head ? reader_.body_hash() : 0);
    if (!worker().counts(request.due)) return;
    tally.status[status % status_count].add();
    KindTally* kind = tally.kinds.empty() ? nullptr : tally.kinds[request.kind].get();
    if (error) {
        tally.errors[static_cast<std::size_t>(*error)].add();
        if (kind != nullptr) kind->errors.add();
        return;
    }
    const auto latency_ns = static_cast<std::uint64_t>((worker().now() - request.due).ns);
    tally.answered.add();
    tally.body_bytes_in.add(reader_.body_bytes());
    tally.add_latency(latency_ns);
    if (kind != nullptr) {
        kind->answered.add();
        kind->latency.record(latency_ns);
    }
}

// What the connection does once an answer is complete and the request was sent.
void HttpClient::after_answer() {
    if (reader_.keep_alive() && !worker().plan().new_connection_each) {
        worker().has_room(*this);
        return;
    }
    // Whatever else was asked for on this connection will not be answered any more.
    if (count_ > 0) fail_all(ErrorKind::short_body);
    if (reader_.keep_alive() || peer_has_ended()) {
        close();
    } else {
        // The side that closes first remembers the connection for a minute: let it be the peer.
        awaits_end_ = true;
        wake_after(end_wait);
    }
}

void HttpClient::peer_ended() {
    if (count_ > 0 && reader_.end_completes()) {
        reader_.reset();
        answer();
    }
    if (count_ > 0) fail_all(ErrorKind::short_body);
    close();
}

void HttpClient::broke(ErrorKind kind) {
    if (count_ == 0) {
        if (awaits_end_) return;  // all was said before it broke
        worker().count_error(kind);
        ++failures_in_a_row;
        return;
    }
    fail_all(kind);
}

void HttpClient::fail_all(ErrorKind kind) {
    while (count_ > 0) {
        const UnderWay request = front();
        pop();
        count_failure(request, kind);
        worker().count_ended();
    }
    forget_unsent();
    ++failures_in_a_row;
}

void HttpClient::forget_unsent() {
    unsent_requests_ = 0;
    next_ = {};
    gathering_.clear();
}

void HttpClient::count_failure(const UnderWay& request, ErrorKind kind) {
    if (!worker().counts(request.due)) return;
    Tally& tally = worker().tally();
    tally.errors[static_cast<std::size_t>(kind)].add();
    if (!tally.kinds.empty()) tally.kinds[request.kind]->errors.add();
}

void HttpClient::check_timeout(base::Instant now) {
    if (count_ == 0 || now - front().begun < worker().plan().timeout) return;
    fail_all(ErrorKind::timeout);
    close();
}

void HttpClient::give_up() {
    while (count_ > 0) {
        if (worker().counts(front().due)) worker().tally().unfinished.add();
        pop();
        worker().count_ended();
    }
}

void HttpClient::closed() {
    reader_.reset();
    room_owed_ = false;
    awaits_end_ = false;
    if (count_ > 0) {
        // Begun when a pause was over while this connection was closing: nothing of it was sent.
        if (state() == State::closed) open();
        return;
    }
    forget_unsent();
    // While it thinks it stays closed; the next request opens it.
    if (!worker().may_begin() || thinking > 0) return;
    const base::Duration pause = pause_before_opening();
    if (pause.ns > 0) {
        wake_after(pause);
    } else {
        wake();
    }
}

void HttpClient::wake() {
    if (state() == State::open) {
        if (awaits_end_) close();
    } else if (state() == State::closed && worker().may_begin()) {
        if (worker().plan().new_connection_each) {
            worker().has_room(*this);
        } else {
            open();
        }
    }
}

}  // namespace ringway::bench
