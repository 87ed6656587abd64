// `[NAME=]URL[,URL...]`, as --listen and --upstream take it.
//
// Only the shape is judged here: which options an object has is for options.h to say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/checked.h"
#include "ringway/config/settings.h"

namespace ringway::config {

// "key=value" of a URL's query; "key" alone is "key=on".
struct UrlOption {
    std::string key;
    std::string value;
};

struct Url {
    Target target;
    std::vector<UrlOption> options;
};

// tcp://HOST:PORT, tcp://[IPV6]:PORT, tcp+unix:/PATH, tcp+unix:@NAME, and the same with http, where
// a port that is left out is 80; with ?key=value&key=value.
Checked<Url> parse_url(std::string_view text);

// "key=value&key=value", percent-encoded; a key alone is on.
Checked<std::vector<UrlOption>> parse_query(std::string_view query);

// The two hexadecimal digits that `digits` consists of, or -1.
int hex_byte(std::string_view digits);
// %3F and the like; nothing when a % is not followed by two hex digits, hides a zero byte, or when
// the whole is not UTF-8.
std::optional<std::string> percent_decoded(std::string_view text);
inline constexpr std::string_view percent_rule =
    "a % stands before two hexadecimal digits, and what they stand for is UTF-8";

// A name as DNS has it, or an IPv4 address.
bool is_host_name(std::string_view host);

struct NamedUrls {
    std::string name;               // empty when none was given
    std::vector<std::string> urls;  // at least one
};
Checked<NamedUrls> split_named_urls(std::string_view text);

// Names of listeners and upstreams: letters, digits, '_', '-', '.', at most 64.
bool is_object_name(std::string_view name);
inline constexpr std::string_view object_name_rule =
    "a name of 1 to 64 letters, digits, '_', '-' and '.', beginning with a letter";

// The target as a URL that parse_url takes.
std::string format_url(const Target& target);

}  // namespace ringway::config
