#include "ping_pong_client.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "ringway/mock/pattern.h"
#include "worker.h"

namespace ringway::bench {

PingPongClient::PingPongClient(Worker& worker, std::uint32_t index) : UnitClient(worker, index) {
    message_.resize(std::max<std::size_t>(worker.plan().message_bytes, 1));
    mock::fill_pattern(index, std::as_writable_bytes(std::span(message_)));
}

void PingPongClient::start() {
    // The number's low bytes first: even a message of one byte differs from the one before.
    ++number_;
    const std::uint32_t connection = index();
    char mark[sizeof number_ + sizeof connection];
    std::memcpy(mark, &number_, sizeof number_);
    std::memcpy(mark + sizeof number_, &connection, sizeof connection);
    std::memcpy(message_.data(), mark, std::min(sizeof mark, message_.size()));
    received_bytes_ = 0;
    send(message_);
}

void PingPongClient::forget() { received_bytes_ = 0; }

void PingPongClient::received(std::string_view bytes) {
    if (!is_busy()) {
        refuse_unasked();
        return;
    }
    note_progress();
    const std::string_view expected = std::string_view(message_).substr(received_bytes_);
    if (bytes.size() > expected.size() || expected.substr(0, bytes.size()) != bytes) {
        fail_unit(ErrorKind::wrong_body);
        return;
    }
    received_bytes_ += bytes.size();
    answer();
}

void PingPongClient::sent() { answer(); }

// The answer is complete, and so is what was answered.
void PingPongClient::answer() {
    if (!is_busy() || received_bytes_ < message_.size() || is_sending()) return;
    tally().answered_in_all.add();
    if (worker().counts(due())) {
        tally().answered.add();
        tally().body_bytes_in.add(message_.size());
        tally().add_latency(static_cast<std::uint64_t>((now() - due()).ns));
    }
    finish(true);
}

}  // namespace ringway::bench
