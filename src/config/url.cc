#include "ringway/config/url.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "ringway/base/utf8.h"
#include "ringway/config/limits.h"
#include "ringway/config/units.h"

namespace ringway::config {
namespace {

constexpr std::string_view shape_rule =
    "a URL is http://HOST:PORT, tcp://HOST:PORT, http+unix:/PATH or tcp+unix:/PATH";

struct NamedScheme {
    std::string_view name;
    Scheme scheme;
    std::uint16_t default_port;  // 0: none, it must be written
};
// In the order of the enumerators.
constexpr auto schemes = std::to_array<NamedScheme>({{"tcp", Scheme::tcp, 0},
                                                     {"tcp+unix", Scheme::tcp_unix, 0},
                                                     {"http", Scheme::http, 80},
                                                     {"http+unix", Scheme::http_unix, 0}});

// Schemes that this release has not; naming them tells a misspelling from a wish.
constexpr auto absent_schemes = std::to_array<std::string_view>(
    {"tls", "https", "h2", "h2c", "tls+unix", "https+unix", "udp", "ws", "wss"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Where a URL begins: "scheme:" followed by '/' or, for an abstract Unix socket, '@'.
std::string_view scheme_at(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '+')) {
        ++end;
    }
    if (end == 0 || is_digit(text[0]) || end + 1 >= text.size() || text[end] != ':') return {};
    return text[end + 1] == '/' || text[end + 1] == '@' ? text.substr(0, end) : std::string_view{};
}

// Names of digits and dots alone are addresses that went wrong: 10.0.0.256.
bool looks_like_ipv4(std::string_view host) {
    return std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

// The one spelling of an IPv6 address, so that two of the same are seen to be the same.
Checked<std::string> canonical_ipv6(std::string_view literal) {
    in6_addr address{};
    const std::string text{literal};
    if (inet_pton(AF_INET6, text.c_str(), &address) != 1) {
        return Refusal{fmt::format("\"{}\" is not an IPv6 address", printable(literal)), {}};
    }
    char canonical[INET6_ADDRSTRLEN] = {};
    inet_ntop(AF_INET6, &address, canonical, sizeof canonical);
    return std::string{canonical};
}

Checked<std::string> checked_host(std::string_view host) {
    if (host.empty()) {
        return Refusal{"the host is missing",
                       "0.0.0.0 and [::] are every IPv4 and IPv6 address of this machine"};
    }
    if (host.find('@') != std::string_view::npos) {
        return Refusal{"a URL of ringway carries no user and password", {}};
    }
    if (host.find(',') != std::string_view::npos) {
        return Refusal{"every URL of a list needs its scheme", "tcp://a:1,tcp://b:2"};
    }
    if (host.find(':') != std::string_view::npos) {
        return Refusal{"an IPv6 address stands in brackets", "tcp://[::1]:80"};
    }
    in_addr address{};
    const std::string text{host};
    if (inet_pton(AF_INET, text.c_str(), &address) == 1) return text;
    if (!is_host_name(host) || looks_like_ipv4(host)) {
        return Refusal{fmt::format("\"{}\" is neither a host name nor an address", printable(host)),
                       {}};
    }
    std::string lower = text;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower;
}

// "HOST:PORT", "[IPV6]:PORT"; the port may be left out where the scheme has one of its own.
Checked<Target> parse_authority(const NamedScheme& scheme, std::string_view authority) {
    Target target{.scheme = scheme.scheme};
    std::string_view port_text;
    Checked<std::string> host = Refusal{};
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) {
            return Refusal{"the bracket of the IPv6 address is not closed", "tcp://[::1]:80"};
        }
        host = canonical_ipv6(authority.substr(1, close - 1));
        port_text = authority.substr(close + 1);
    } else {
        const std::size_t colon = authority.rfind(':');
        host = checked_host(authority.substr(0, colon));
        if (colon != std::string_view::npos) port_text = authority.substr(colon);
    }
    if (!host) return host.reason();
    target.host = *host;
    if (port_text.empty() && scheme.default_port != 0) {
        target.port = scheme.default_port;
        return target;
    }
    if (!port_text.starts_with(':')) {
        return Refusal{"the port is missing", fmt::format("{}://HOST:PORT", scheme.name)};
    }
    const auto port = parse_count(port_text.substr(1));
    if (!port || *port > 65535) {
        return Refusal{fmt::format("\"{}\" is not a port: a whole number from 0 to 65535",
                                   printable(port_text.substr(1))),
                       {}};
    }
    target.port = static_cast<std::uint16_t>(*port);
    return target;
}

Checked<Target> parse_unix(const NamedScheme& scheme, std::string_view path) {
    if (path.starts_with("//")) path.remove_prefix(2);  // tcp+unix:///run/x as well
    Target target{.scheme = scheme.scheme};
    auto decoded = percent_decoded(path);
    if (!decoded) return Refusal{std::string{percent_rule}, "%25 is a % itself"};
    if (!decoded->starts_with('/') && !decoded->starts_with('@')) {
        return Refusal{"the path of a Unix socket begins with / (or @, for an abstract one)", {}};
    }
    if (decoded->size() < 2 || decoded->size() > unix_path_bytes_max) {
        return Refusal{
            fmt::format("the path of a Unix socket has 2 to {} bytes", unix_path_bytes_max), {}};
    }
    if (path.find(',') != std::string_view::npos) {
        return Refusal{"a comma separates URLs", "write it %2C within a path"};
    }
    target.path = std::move(*decoded);
    return target;
}

Refusal unknown_scheme(std::string_view scheme) {
    const bool is_wish =
        std::find(absent_schemes.begin(), absent_schemes.end(), scheme) != absent_schemes.end();
    if (!is_wish) {
        return {"this release speaks http://, tcp://, http+unix: and tcp+unix:, and nothing else",
                {}};
    }
    return {fmt::format("{}:// is not in this release, which speaks http://, tcp://, http+unix: "
                        "and tcp+unix:",
                        scheme),
            "tcp:// passes its bytes through untouched"};
}

Checked<Target> parse_place(const NamedScheme& scheme, std::string_view rest) {
    if (is_unix(scheme.scheme)) return parse_unix(scheme, rest);
    if (!rest.starts_with("//")) return Refusal{std::string{shape_rule}, {}};
    std::string_view authority = rest.substr(2);
    if (authority.ends_with('/')) authority.remove_suffix(1);
    if (authority.find('/') == std::string_view::npos) return parse_authority(scheme, authority);
    if (!is_http(scheme.scheme)) return Refusal{"tcp:// has no path", {}};
    return Refusal{"http:// has no path here: it names a place to listen or to connect to",
                   "a route's path= and rewrite= choose and change paths"};
}

}  // namespace

int hex_byte(std::string_view digits) {
    if (digits.size() != 2) return -1;
    const int high = hex_value(digits[0]);
    const int low = hex_value(digits[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int byte = hex_byte(text.substr(i + 1, 2));
        if (byte <= 0) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    if (!base::is_utf8(out)) return std::nullopt;
    return out;
}

bool is_host_name(std::string_view host) {
    constexpr std::size_t host_bytes_max = 253;
    if (host.empty() || host.size() > host_bytes_max) return false;
    if (host.front() == '.' || host.front() == '-') return false;
    return std::all_of(host.begin(), host.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    });
}

Checked<std::vector<UrlOption>> parse_query(std::string_view query) {
    std::vector<UrlOption> options;
    while (true) {
        const std::size_t ampersand = query.find('&');
        const std::string_view pair = query.substr(0, ampersand);
        const std::size_t equals = pair.find('=');
        const std::string_view key = pair.substr(0, equals);
        auto value = equals == std::string_view::npos ? std::optional<std::string>{"on"}
                                                      : percent_decoded(pair.substr(equals + 1));
        if (key.empty()) return Refusal{"an option is KEY=VALUE", "?weight=3&backup"};
        if (!value) return Refusal{std::string{percent_rule}, "%25 is a % itself"};
        options.push_back({std::string{key}, std::move(*value)});
        if (ampersand == std::string_view::npos) return options;
        query.remove_prefix(ampersand + 1);
    }
}

std::string Target::to_string() const {
    if (is_unix(scheme)) return "unix:" + path;
    const bool ipv6 = host.find(':') != std::string::npos;
    return ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string format_url(const Target& target) {
    const std::string scheme{schemes.at(static_cast<std::size_t>(target.scheme)).name};
    if (!is_unix(target.scheme)) return scheme + "://" + target.to_string();
    std::string path;
    for (const char c : target.path) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte == 0x7f || std::string_view{"%?,#"}.find(c) < 4) {
            path += fmt::format("%{:02X}", byte);
        } else {
            path += c;
        }
    }
    return scheme + ":" + path;
}

bool is_object_name(std::string_view name) {
    if (name.empty() || name.size() > name_bytes_max || !is_letter(name.front())) return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return is_letter(c) || is_digit(c) || c == '_' || c == '-' || c == '.';
    });
}

Checked<Url> parse_url(std::string_view text) {
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
        return Refusal{"a URL has no blanks and control characters", "write them %20 and the like"};
    }
    const std::size_t question = text.find('?');
    const std::string_view place = text.substr(0, question);
    if (place.find('#') != std::string_view::npos) return Refusal{"a URL of ringway has no #", {}};
    const std::string_view scheme = scheme_at(place);
    if (scheme.empty()) return Refusal{std::string{shape_rule}, {}};
    const std::string_view rest = place.substr(scheme.size() + 1);

    const auto known = std::find_if(schemes.begin(), schemes.end(),
                                    [&](const NamedScheme& each) { return each.name == scheme; });
    if (known == schemes.end()) return unknown_scheme(scheme);
    auto target = parse_place(*known, rest);
    if (!target) return target.reason();
    Url url{std::move(*target), {}};
    if (question != std::string_view::npos) {
        auto options = parse_query(text.substr(question + 1));
        if (!options) return options.reason();
        url.options = std::move(*options);
    }
    return url;
}

Checked<NamedUrls> split_named_urls(std::string_view text) {
    NamedUrls named;
    // A name stands before the first '=', and a URL has its ':' before any.
    const std::size_t mark = text.find_first_of("=:/");
    if (mark != std::string_view::npos && text[mark] == '=') {
        named.name = text.substr(0, mark);
        if (!is_object_name(named.name)) return Refusal{std::string{object_name_rule}, {}};
        text.remove_prefix(mark + 1);
    }
    // Commas occur in option values too: one separates URLs only where a scheme follows.
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',' || scheme_at(text.substr(i + 1)).empty()) continue;
        named.urls.emplace_back(text.substr(begin, i - begin));
        begin = i + 1;
    }
    named.urls.emplace_back(text.substr(begin));
    return named;
}

}  // namespace ringway::config
