// Turns the URL of a mock listener into settings, or into a sentence about what is wrong with it.
#include <charconv>

#include <fmt/format.h>

#include "keys.h"
#include "ringway/config/units.h"
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
                                   {Mode::close_first, "close-first"},
                                   {Mode::throttle, "throttle"}};

bool set_mode(std::string_view value, OriginSettings& settings, std::string& problem) {
    for (const ModeName& known : mode_names) {
        if (known.name != value) continue;
        settings.mode = known.mode;
        return true;
    }
    problem =
        fmt::format("mode={}: must be echo, sink, source, http, close-first or throttle", value);
    return false;
}

bool set_bytes(std::string_view value, OriginSettings& settings, std::string& problem) {
    if (const auto bytes = config::parse_size(value)) {
        settings.bytes = *bytes;
        return true;
    }
    problem = fmt::format("bytes={}: must be a size such as 4096, 64KiB or 1GiB", value);
    return false;
}

bool parse_host_and_port(std::string_view text, std::string& host, std::uint16_t& port,
                         std::string& problem);

// ---- what a hop takes -------------------------------------------------------------------------

bool set_duration(std::string_view value, base::Duration& into) {
    const auto duration = config::parse_duration(value);
    if (!duration || *duration > base::Duration::seconds(3600)) return false;
    into = *duration;
    return true;
}

bool set_throttle_key(std::string_view key, std::string_view value, ThrottleSettings& settings,
                      std::string& problem) {
    std::string_view rule = "a duration up to 1h such as 5ms";
    bool fine = false;
    if (key == "to") {
        std::string why;
        if (parse_host_and_port(value, settings.to_host, settings.to_port, why) &&
            settings.to_port != 0) {
            return true;
        }
        rule = "HOST:PORT, where the hop leads";
    } else if (key == "rate") {
        const auto rate = config::parse_size(value);
        fine = value == "off" || rate.has_value();
        settings.bytes_per_second = rate.value_or(0);
        rule = "a size per second such as 10MiB, or off";
    } else if (key == "delay") {
        fine = set_duration(value, settings.delay);
    } else if (key == "jitter") {
        fine = set_duration(value, settings.jitter);
    } else if (key == "rto") {
        fine = set_duration(value, settings.retransmission_timeout);
    } else if (key == "loss") {
        const auto share = parse_share(value);
        fine = share.has_value();
        settings.loss = share.value_or(0);
        rule = "a share of the segments such as 0.1%, or off";
    } else if (key == "seed") {
        const auto seed = config::parse_count(value);
        fine = seed.has_value();
        settings.seed = seed.value_or(0);
        rule = "a whole number";
    } else {
        problem = fmt::format(
            "unknown option '{}': mode=throttle knows to, rate, delay, jitter, loss, rto and seed",
            key);
        return false;
    }
    if (!fine) problem = fmt::format("{}={}: must be {}", key, value, rule);
    return fine;
}

// ---- options by mode --------------------------------------------------------------------------

bool set_option(std::string_view key, std::string_view value, OriginSettings& settings,
                std::string& problem) {
    if (key == "mode") return true;
    if (settings.mode == Mode::throttle) {
        return set_throttle_key(key, value, settings.throttle, problem);
    }
    if (key == "bytes" && settings.mode != Mode::http) return set_bytes(value, settings, problem);
    if (settings.mode != Mode::http) {
        problem = fmt::format("unknown option '{}': mode={} knows mode and bytes", key,
                              name_of(settings.mode));
        return false;
    }
    const std::string pair = fmt::format("{}={}", key, value);
    if (!apply_keys(pair, UnknownKeys::refuse, settings.behaviour, problem)) return false;
    settings.bytes = settings.behaviour.bytes.value_or(0);
    return true;
}

bool set_options(std::string_view options, OriginSettings& settings, std::string& problem) {
    const auto take_mode = [&](std::string_view key, std::string_view value) {
        return key != "mode" || set_mode(value, settings, problem);
    };
    const auto take_rest = [&](std::string_view key, std::string_view value) {
        return set_option(key, value, settings, problem);
    };
    if (!each_key(options, take_mode) || !each_key(options, take_rest)) return false;
    if (settings.mode != Mode::throttle) return true;
    if (settings.throttle.to_host.empty()) problem = "mode=throttle needs to=HOST:PORT";
    if (!settings.unix_path.empty()) problem = "mode=throttle listens on tcp:// only";
    settings.throttle.host = settings.host;
    settings.throttle.port = settings.port;
    return problem.empty();
}

bool parse_host_and_port(std::string_view text, std::string& into_host, std::uint16_t& into_port,
                         std::string& problem) {
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
    const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), into_port);
    if (failure != std::errc{} || end != port.data() + port.size()) {
        problem = fmt::format("port '{}' must be a number from 0 to 65535", port);
        return false;
    }
    into_host = host;
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
        if (!parse_host_and_port(authority, settings.host, settings.port, problem)) {
            return std::nullopt;
        }
    } else {
        problem = "must begin with tcp://, http:// or tcp+unix:";
        return std::nullopt;
    }
    std::string_view options =
        question == std::string_view::npos ? std::string_view{} : url.substr(question + 1);
    if (!set_options(options, settings, problem)) return std::nullopt;
    return settings;
}

}  // namespace ringway::mock
