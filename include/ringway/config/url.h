// `[NAME=]URL[,URL...]`, as --listen and --upstream take it.
//
// Only the shape is judged here: which options an object has is for options.h to say.
#pragma once

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
