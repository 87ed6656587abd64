#include "ringway/base/result.h"

#include <cerrno>

namespace ringway::base {

std::string_view name_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::system: return "system";
        case ErrorCode::timed_out: return "timed-out";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::closed: return "closed";
        case ErrorCode::reset: return "reset";
        case ErrorCode::refused: return "refused";
        case ErrorCode::malformed: return "malformed";
        case ErrorCode::limit: return "limit";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::no_memory: return "no-memory";
    }
    return "unknown";
}

std::string_view name_of(ErrorSource source) {
    switch (source) {
        case ErrorSource::internal: return "internal";
        case ErrorSource::downstream: return "downstream";
        case ErrorSource::upstream: return "upstream";
    }
    return "unknown";
}

Error Error::from_errno(int negative_errno, ErrorSource source) {
    const int number = -negative_errno;
    ErrorCode code = ErrorCode::system;
    if (number == ECANCELED) code = ErrorCode::cancelled;
    if (number == ECONNRESET || number == EPIPE) code = ErrorCode::reset;
    if (number == ECONNREFUSED || number == ENOENT) code = ErrorCode::refused;
    if (number == ETIMEDOUT) code = ErrorCode::timed_out;
    if (number == ENOMEM || number == ENOBUFS) code = ErrorCode::no_memory;
    if (number == EMFILE || number == ENFILE) code = ErrorCode::limit;
    return {code, source, number};
}

}  // namespace ringway::base
