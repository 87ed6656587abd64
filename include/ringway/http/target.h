// The request target and the Host field (RFC 9112, 3.2; RFC 3986).
//
// Says what is asked of whom; changes nothing. The bytes that are forwarded are those that came;
// the normalized path is for choosing a route alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ringway/http/fault.h"
#include "ringway/http/head.h"

namespace ringway::http {

enum class TargetForm : std::uint8_t { origin, absolute, authority, asterisk };

struct Target {
    TargetForm form = TargetForm::origin;
    std::string_view scheme;          // of the absolute form
    std::string_view authority;       // who is asked: of the target, or else the Host field
    std::string_view host;            // of the authority, without the port; brackets kept
    std::string_view path;            // as it came, without the query; "/" for an empty one, "*"
    std::string_view query;           // with its '?'; empty when there is none
    std::string_view path_and_query;  // as it came; "/" or "/?q" where the path was empty
};

struct TargetResult {
    Target target;
    Fault fault = Fault::none;
};

// The views are into the head's bytes (or are constants): valid while those are. Checks Host:
// exactly one in HTTP/1.1, at most one in HTTP/1.0, valid, and equal to the authority of an
// absolute target or replaced by it (RFC 9112, 3.2.2). `scratch` is for the one path that must be
// put together: an absolute target with a query and no path.
TargetResult read_target(const RequestHead& head, std::span<char> scratch);

// For matching: unreserved escapes decoded, other escapes in upper case, dot segments removed,
// repeated slashes kept. Writes to `out`, which has room for path.size() bytes. Fault::bad_path for
// %00, a '%' without two digits, or a path that leaves the root. "*" and the empty path of CONNECT
// stay as they are.
struct NormalPath {
    std::string_view path;
    Fault fault = Fault::none;
};
NormalPath normalize_path(std::string_view path, std::span<char> out);

bool is_valid_authority(std::string_view authority);  // host [":" port], no user information

}  // namespace ringway::http
