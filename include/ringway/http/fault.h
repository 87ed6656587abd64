// What can be wrong with a message, and which status answers it. One list for parsing, framing,
// targets and limits, so that a reply, a log line and a counter speak of the same thing.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringway::http {

enum class Fault : std::uint8_t {
    none,
    // The start line (RFC 9112, 3 and 4).
    bad_request_line,
    bad_method,
    bad_target,
    bad_version,          // not HTTP/x.y at all
    unsupported_version,  // 505: a major version other than 1
    bad_status_line,
    target_too_long,  // 414
    method_not_implemented,
    // Field lines (RFC 9112, 5).
    bad_field_name,  // also blanks before the colon
    bad_field_value,
    folded_field,      // obs-fold
    bare_line_ending,  // CR without LF, LF without CR
    head_too_large,    // 431
    too_many_fields,   // 431
    // Host and target (RFC 9112, 3.2).
    host_missing,
    host_repeated,
    bad_host,
    bad_path,           // an escape that is none, %00, or a path that leaves the root
    connect_forbidden,  // CONNECT where it is not allowed
    // Framing (RFC 9112, 6).
    bad_content_length,
    conflicting_content_length,
    length_and_chunked,
    bad_transfer_encoding,          // chunked twice, not last, in HTTP/1.0, or not parsable
    unsupported_transfer_encoding,  // 501: a coding that ringway does not know
    unexpected_body,                // a length or coding where none may be (a 101, a 204)
    length_required,                // 411
    body_too_large,                 // 413
    bad_chunk,
    bad_trailer,
    expectation_failed,  // 417: an Expect that is not 100-continue
    bad_upgrade,         // a 101 that nobody asked for
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::bad_upgrade) + 1;

std::string_view name_of(Fault fault);  // "bad-chunk": for logs and counters
// One sentence for the body of the reply.
std::string_view sentence_of(Fault fault);
// The status that a client gets for a request with this fault. A response with a fault is 502.
int status_of(Fault fault);

}  // namespace ringway::http
