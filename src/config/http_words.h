// The grammar of HTTP as far as settings need it: tokens, fields, hosts, paths.
//
// Strict, and independent of the http layer, which reads messages: settings are written by people,
// who get a reason where something is wrong.
#pragma once

#include <string>
#include <string_view>

#include "ringway/config/checked.h"

namespace ringway::config {

// RFC 9110, 5.6.2.
bool is_token(std::string_view text);
// Visible characters, blanks and tabs between them, and bytes beyond ASCII (RFC 9110, 5.5).
bool is_field_value(std::string_view text);
// Without control characters.
bool is_one_line(std::string_view text);
std::string_view trimmed(std::string_view text);  // of blanks and tabs at both ends
std::string in_lower_case(std::string_view text);

// Why a field of this name is neither set, added nor removed by settings: it frames the message, is
// about one connection, or has an option of its own.
Complaint refusal_to_edit(std::string_view field_name);

// "api.example.com", "*.example.com", "192.0.2.7", "[::1]", in lower case.
Checked<std::string> parse_host_condition(std::string_view text);
// "api.example.com", "api.example.com:8443", "[::1]:80".
bool is_authority(std::string_view text);

// A path as requests' paths are compared: unreserved escapes decoded, others in upper case, what
// must be escaped escaped. Refuses dot segments, '?', '#' and '*'.
Checked<std::string> normal_path(std::string_view text);

// By the extension of a file: "text/html; charset=utf-8", ...
std::string content_type_of(std::string_view path);

}  // namespace ringway::config
