#include "ringway/bench/result.h"

namespace ringway::bench {

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::connect: return "connect";
        case ErrorKind::connect_timeout: return "connect_timeout";
        case ErrorKind::timeout: return "timeout";
        case ErrorKind::reset: return "reset";
        case ErrorKind::short_body: return "short_body";
        case ErrorKind::malformed: return "malformed";
        case ErrorKind::wrong_body: return "wrong_body";
        case ErrorKind::status_4xx: return "status_4xx";
        case ErrorKind::status_5xx: return "status_5xx";
        case ErrorKind::status_other: return "status_other";
        case ErrorKind::lost_event: return "lost_event";
    }
    return "unknown";
}

std::uint64_t ErrorCounts::total() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : of) sum += count;
    return sum;
}

void ErrorCounts::add(const ErrorCounts& other) {
    for (std::size_t kind = 0; kind < error_kind_count; ++kind) of[kind] += other.of[kind];
}

double RunResult::rate() const {
    return window.ns > 0 ? static_cast<double>(answered) / window.to_seconds() : 0;
}

double RunResult::goodput() const {
    return window.ns > 0 ? static_cast<double>(body_bytes_in) / window.to_seconds() : 0;
}

double RunResult::error_rate() const {
    const std::uint64_t failed = errors.total();
    const std::uint64_t ended = answered + failed;
    return ended > 0 ? static_cast<double>(failed) / static_cast<double>(ended) : 0;
}

}  // namespace ringway::bench
