// How long a message's body is: the ONE place that decides it (RFC 9112, 6).
//
// Everything that is ambiguous is an error here, and nothing after an error may be interpreted: the
// connection closes. What next hops are told is made from this decision, never from the fields that
// came in.
#pragma once

#include <cstdint>

#include "ringway/http/fault.h"
#include "ringway/http/head.h"

namespace ringway::http {

enum class BodyKind : std::uint8_t {
    none,    // no body at all
    length,  // `length` bytes (0 is possible: "Content-Length: 0")
    chunked,
    until_close,  // a response that ends with its connection
    tunnel,       // after 101 or a successful CONNECT: no message any more
};

struct Framing {
    BodyKind kind = BodyKind::none;
    std::uint64_t length = 0;
    bool operator==(const Framing&) const = default;
};

struct FramingResult {
    Framing framing;
    Fault fault = Fault::none;
};

// Content-Length once or repeated with one value is that value when all are plain digits; with
// Transfer-Encoding beside it, the request is refused (RFC 9112, 6.3, 3: a proxy may).
FramingResult frame_request(const RequestHead& head);

// What the request was decides what its response can carry.
struct RequestTraits {
    Method method = Method::get;
    bool asked_for_upgrade = false;
};
FramingResult frame_response(const ResponseHead& head, const RequestTraits& request);

// What the Connection field says (RFC 9110, 7.6.1), with the version's default.
struct ConnectionWishes {
    bool keep_alive = true;
    // The option "upgrade" is named, an Upgrade field names something else than HTTP/2, and there
    // is no body. Any other wish is ignored, as RFC 9110, 7.8 allows: then Upgrade is not passed
    // on.
    bool upgrade = false;
    Fault fault = Fault::none;
};
ConnectionWishes connection_wishes(const FieldList& head, std::uint8_t version_minor);

// What the Expect field says (RFC 9110, 10.1.1). HTTP/1.0 clients cannot wait for 100 Continue.
struct Expectation {
    bool wants_continue = false;
    Fault fault = Fault::none;  // expectation_failed: something else than 100-continue
};
Expectation expectation_of(const RequestHead& head);

}  // namespace ringway::http
