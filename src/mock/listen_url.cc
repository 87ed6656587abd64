// Turns the URL of a mock listener into settings, or into a sentence about what is wrong with it.
#include <charconv>

#include <fmt/format.h>

#include "ringway/mock/origin.h"

namespace ringway::mock {
namespace {

struct ModeName {
    Mode mode;
    std::string_view name;
};
constexpr ModeName mode_names[] = {{Mode::echo, "echo"},
                                   {Mode::sink, "sink"},
                                   {Mode::source, "source"},
                                   {Mode::http, "http"},
                                   {Mode::close_first, "close-first"}};

bool parse_size(std::string_view text, std::uint64_t& bytes) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
    if (failure != std::errc{}) return false;
    const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    unsigned shift = 0;
    if (unit == "KiB")
        shift = 10;
    else if (unit == "MiB")
        shift = 20;
    else if (unit == "GiB")
        shift = 30;
    else if (!unit.empty() && unit != "B")
        return false;
    if (bytes > (~std::uint64_t{0} >> shift)) return false;
    bytes <<= shift;
    return true;
}

bool parse_option(std::string_view option, OriginSettings& settings, std::string& problem) {
    const std::size_t equals = option.find('=');
    const std::string_view key = option.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : option.substr(equals + 1);
    if (key == "mode") {
        for (const ModeName& known : mode_names) {
            if (known.name != value) continue;
            settings.mode = known.mode;
            return true;
        }
        problem = fmt::format("mode={}: must be echo, sink, source, http or close-first", value);
        return false;
    }
    if (key == "bytes") {
        if (parse_size(value, settings.bytes)) return true;
        problem = fmt::format("bytes={}: must be a size such as 4096, 64KiB or 1GiB", value);
        return false;
    }
    problem = fmt::format("unknown option '{}': known are mode and bytes", key);
    return false;
}

bool parse_host_and_port(std::string_view text, OriginSettings& settings, std::string& problem) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) {
        problem = "must name HOST:PORT (port 0 lets the kernel choose)";
        return false;
    }
    std::string_view host = text.substr(0, colon);
    if (host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos) {
        problem = "an IPv6 address must stand in brackets, as in tcp://[::1]:0";
        return false;
    }
    const std::string_view port = text.substr(colon + 1);
    const auto [end, failure] =
        std::from_chars(port.data(), port.data() + port.size(), settings.port);
    if (failure != std::errc{} || end != port.data() + port.size()) {
        problem = fmt::format("port '{}' must be a number from 0 to 65535", port);
        return false;
    }
    settings.host = host;
    return true;
}

}  // namespace

std::string_view name_of(Mode mode) {
    for (const ModeName& known : mode_names) {
        if (known.mode == mode) return known.name;
    }
    return "unknown";
}

std::optional<OriginSettings> parse_listen_url(std::string_view url, std::string& problem) {
    OriginSettings settings;
    const std::size_t question = url.find('?');
    const std::string_view target = url.substr(0, question);
    constexpr std::string_view tcp = "tcp://", http = "http://", unix_scheme = "tcp+unix:";
    if (target.starts_with(unix_scheme)) {
        settings.unix_path = target.substr(unix_scheme.size());
        if (settings.unix_path.empty()) {
            problem = "must name a path, as in tcp+unix:/run/mock.sock";
            return std::nullopt;
        }
    } else if (target.starts_with(tcp) || target.starts_with(http)) {
        const bool is_http = target.starts_with(http);
        if (is_http) settings.mode = Mode::http;
        settings.http_scheme = is_http;
        std::string_view authority = target.substr(is_http ? http.size() : tcp.size());
        if (authority.ends_with('/')) authority.remove_suffix(1);
        if (!parse_host_and_port(authority, settings, problem)) return std::nullopt;
    } else {
        problem = "must begin with tcp://, http:// or tcp+unix:";
        return std::nullopt;
    }
    std::string_view options =
        question == std::string_view::npos ? std::string_view{} : url.substr(question + 1);
    while (!options.empty()) {
        const std::size_t ampersand = options.find('&');
        if (!parse_option(options.substr(0, ampersand), settings, problem)) return std::nullopt;
        if (ampersand == std::string_view::npos) break;
        options.remove_prefix(ampersand + 1);
    }
    return settings;
}

}  // namespace ringway::mock
