#include "http_words.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ringway/config/units.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(int byte) {
    const char c = static_cast<char>(byte);
    return byte < 0x80 && (is_alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == '~');
}

// RFC 9112, 6 and 9.6; RFC 9110, 7.6.1 and 10.1.1. In lower case.
constexpr auto not_to_edit = std::to_array<std::string_view>(
    {"connection", "content-length", "expect", "http2-settings", "keep-alive",
     "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"});

struct KnownExtension {
    std::string_view extension;
    std::string_view content_type;
};
constexpr auto extensions = std::to_array<KnownExtension>({{".html", "text/html; charset=utf-8"},
                                                           {".htm", "text/html; charset=utf-8"},
                                                           {".json", "application/json"},
                                                           {".xml", "application/xml"}});

Refusal bad_path(std::string rule) {
    return {std::move(rule), "a path is /a/b, or /a/* for everything at and below /a"};
}

// "." and ".." between slashes, also where they are spelled with escapes.
bool has_dot_segment(std::string_view path) {
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        const std::string_view segment = path.substr(0, path.find('/'));
        if (segment == "." || segment == "..") return true;
        path.remove_prefix(segment.size());
    }
    return false;
}

}  // namespace

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) < 15;
    });
}

bool is_one_line(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte != 0x7f;
    });
}

bool is_field_value(std::string_view text) {
    if (text.empty()) return true;
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    if (is_blank(text.front()) || is_blank(text.back())) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string in_lower_case(std::string_view text) {
    std::string lower{text};
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

Complaint refusal_to_edit(std::string_view field_name) {
    const std::string name = in_lower_case(field_name);
    if (name == "host") {
        return Refusal{"Host has an option of its own", "upstream-host=endpoint"};
    }
    if (std::find(not_to_edit.begin(), not_to_edit.end(), name) == not_to_edit.end()) return {};
    return Refusal{fmt::format("{} is about one connection or one message's framing: ringway "
                               "writes it itself",
                               field_name),
                   {}};
}

Checked<std::string> parse_host_condition(std::string_view text) {
    const Refusal rule{"a host such as api.example.com, *.example.com, 192.0.2.7 or [::1]", {}};
    if (text == "*") return Refusal{rule.rule, "leave it out where every host is meant"};
    if (text.starts_with('[')) {
        auto url = parse_url("http://" + in_lower_case(text));
        if (!url || !text.ends_with(']')) return rule;
        return fmt::format("[{}]", url->target.host);
    }
    const std::string_view name = text.starts_with("*.") ? text.substr(2) : text;
    if (name.find(':') != std::string_view::npos) {
        return Refusal{rule.rule, "without a port: it is compared without one"};
    }
    if (!is_host_name(name) || name.ends_with('.')) return rule;
    return in_lower_case(text);
}

bool is_authority(std::string_view text) {
    if (text.find_first_of("/?#,@ ") != std::string_view::npos) return false;
    const auto url = parse_url(fmt::format("http://{}", text));
    return url && url->target.port != 0;
}

Checked<std::string> normal_path(std::string_view text) {
    if (!text.starts_with('/')) return bad_path("a path begins with /");
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const auto byte = static_cast<unsigned char>(c);
        if (c == '*') return bad_path("a * stands at the end alone, after a /");
        if (c == '?' || c == '#') {
            return bad_path(fmt::format("a path has no {}: queries choose no route", c));
        }
        if (byte < 0x20 || byte == 0x7f) return bad_path("a path has no control characters");
        if (c == '%') {
            const int escaped = hex_byte(text.substr(i + 1, 2));
            if (escaped < 1) return bad_path("a % stands before two hexadecimal digits, not 00");
            out += is_unreserved(escaped) ? std::string(1, static_cast<char>(escaped))
                                          : fmt::format("%{:02X}", escaped);
            i += 2;
        } else if (byte == ' ' || byte >= 0x80) {
            out += fmt::format("%{:02X}", byte);
        } else {
            out += c;
        }
    }
    if (has_dot_segment(out)) return bad_path("a path has no . and .. in it");
    return out;
}

std::string content_type_of(std::string_view path) {
    const std::string lower = in_lower_case(path);
    for (const KnownExtension& known : extensions) {
        if (lower.ends_with(known.extension)) return std::string{known.content_type};
    }
    return "text/plain; charset=utf-8";
}

}  // namespace ringway::config
