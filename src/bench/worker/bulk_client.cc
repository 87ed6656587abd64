#include "bulk_client.h"

#include <algorithm>
#include <span>
#include <string>

#include "ringway/mock/pattern.h"
#include "ringway/ring/sys.h"
#include "worker.h"

namespace ringway::bench {
namespace {

// In one request to the kernel: more would fall out of the caches, and be counted in large steps.
constexpr std::size_t upload_bytes = 2 * bulk_block_bytes;

std::string first_of_pattern(std::size_t bytes) {
    std::string text(bytes, '\0');
    mock::fill_pattern(0, std::as_writable_bytes(std::span(text)));
    return text;
}

// Both are made once and never change: all threads read them.
const PatternCheck& shared_check() {
    static const PatternCheck check;
    return check;
}
std::string_view shared_block() {
    static const std::string block = first_of_pattern(upload_bytes);
    return block;
}

}  // namespace

PatternCheck::PatternCheck() : block_(first_of_pattern(block_bytes)) {}

bool PatternCheck::matches(std::uint64_t offset, std::string_view bytes) const {
    while (!bytes.empty()) {
        const std::size_t at = offset % block_bytes;
        const std::size_t count = std::min(bytes.size(), block_bytes - at);
        const auto added = static_cast<unsigned char>(mock::pattern_byte(offset - at));
        unsigned char difference = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const auto expected =
                static_cast<unsigned char>(static_cast<unsigned char>(block_[at + i]) + added);
            difference = static_cast<unsigned char>(
                difference | (expected ^ static_cast<unsigned char>(bytes[i])));
        }
        if (difference != 0) return false;
        bytes.remove_prefix(count);
        offset += count;
    }
    return true;
}

void BlockMeter::count(std::size_t bytes, bool in_window, Tally& tally) {
    if (in_window) tally.body_bytes_in.add(bytes);
    for (bytes_ += bytes; bytes_ >= bulk_block_bytes; bytes_ -= bulk_block_bytes) {
        // Not the turn's time: many blocks may come in one turn.
        const base::Instant at = ring::sys::now();
        tally.answered_in_all.add();
        if (in_window) {
            tally.answered.add();
            tally.add_latency(static_cast<std::uint64_t>((at - begun_).ns));
        }
        begun_ = at;
    }
}

DownloadClient::DownloadClient(Worker& worker, std::uint32_t index)
    : UnitClient(worker, index),
      check_(worker.plan().verification.check == BodyCheck::hash ? &shared_check() : nullptr) {}

void DownloadClient::received(std::string_view bytes) {
    note_progress();
    if (is_busy() && check_ != nullptr && !check_->matches(offset_, bytes)) {
        fail_unit(ErrorKind::wrong_body);
        return;
    }
    offset_ += bytes.size();
    if (is_busy()) meter_.count(bytes.size(), worker().in_window(), tally());
}

// The peer has sent all it had.
void DownloadClient::peer_ended() {
    if (!is_busy()) {
        close();
        return;
    }
    const Verification& wanted = worker().plan().verification;
    const bool has_length = wanted.check == BodyCheck::length ||
                            (wanted.check == BodyCheck::hash && wanted.expected_body_bytes > 0);
    if (offset_ == 0 || (has_length && offset_ < wanted.expected_body_bytes)) {
        fail_unit(ErrorKind::short_body);
    } else if (has_length && offset_ > wanted.expected_body_bytes) {
        fail_unit(ErrorKind::wrong_body);
    } else {
        finish(false);
    }
}

UploadClient::UploadClient(Worker& worker, std::uint32_t index)
    : UnitClient(worker, index), outgoing_(shared_block()) {}

void UploadClient::start() {
    meter_.begin(now());
    send(outgoing_);
}

void UploadClient::sent() {
    note_progress();
    if (!is_busy()) return;
    meter_.count(outgoing_.size(), worker().in_window(), tally());
    send(outgoing_);
}

}  // namespace ringway::bench
