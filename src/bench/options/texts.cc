#include "texts.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "ringway/config/suggest.h"
#include "ringway/config/units.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Complaint;
using config::Refusal;

std::vector<std::string_view> split(std::string_view text, char between) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t end = text.find(between);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

// Why `part` is none of these: the rule, or what its key should have been.
Refusal unknown_key(std::string_view rule, std::string_view key,
                    std::span<const std::string_view> known) {
    return {std::string{rule}, config::did_you_mean(key, known)};
}

// Numbers from `min` to `max`, each larger than the one before.
template <typename Parse>
std::optional<std::vector<std::uint64_t>> parse_rising(std::string_view text, std::uint64_t min,
                                                       std::uint64_t max, Parse parse) {
    std::vector<std::uint64_t> values;
    for (const std::string_view part : split(text, ',')) {
        const auto value = parse(part);
        if (!value || *value < min || *value > max) return std::nullopt;
        if (!values.empty() && *value <= values.back()) return std::nullopt;
        values.push_back(*value);
    }
    if (values.size() > levels_max) return std::nullopt;
    return values;
}

// "0,2-3" as numbers from `min` to `max`, none twice.
std::optional<std::vector<std::uint64_t>> parse_ranges(std::string_view text, std::uint64_t min,
                                                       std::uint64_t max) {
    std::vector<std::uint64_t> values;
    for (const std::string_view part : split(text, ',')) {
        const std::size_t dash = part.find('-');
        const auto first = config::parse_count(part.substr(0, dash));
        const auto last =
            dash == std::string_view::npos ? first : config::parse_count(part.substr(dash + 1));
        if (!first || !last || *first < min || *last > max || *first > *last) return std::nullopt;
        for (std::uint64_t value = *first; value <= *last; ++value) {
            if (std::find(values.begin(), values.end(), value) != values.end()) {
                return std::nullopt;
            }
            values.push_back(value);
        }
    }
    return values;
}

Complaint set_throttle_part(std::string_view key, std::string_view value,
                            ThrottleOptions& throttle) {
    const auto bad = [&](std::string_view rule) {
        return Refusal{fmt::format("{}= takes {}", key, rule), {}};
    };
    if (key == "rate") {
        const auto size = config::parse_size(value);
        if (!size || *size < 1024) return bad("a size from 1KiB, the bytes of one second");
        throttle.bytes_per_second = *size;
        return {};
    }
    if (key == "loss") {
        const auto share = parse_share(value);
        if (!share || *share > 0.5) return bad("a share from 0% to 50%");
        throttle.loss = *share;
        return {};
    }
    const auto duration = config::parse_duration(value);
    if (!duration || duration->to_seconds() > 60) return bad("a duration from 0s to 60s");
    if (key == "delay") throttle.delay = *duration;
    if (key == "jitter") throttle.jitter = *duration;
    if (key == "rto") throttle.retransmission = *duration;
    return {};
}

}  // namespace

std::optional<double> parse_decimal(std::string_view text) {
    double value = 0;
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
    const char* end = text.data() + text.size();
    const auto [stopped, error] =
        std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc{} || stopped != end || text.back() == '.') return std::nullopt;
    return value;
}

std::optional<double> parse_share(std::string_view text) {
    if (!text.ends_with('%')) return std::nullopt;
    const auto percent = parse_decimal(text.substr(0, text.size() - 1));
    if (!percent) return std::nullopt;
    return *percent / 100;
}

std::optional<double> parse_factor(std::string_view text) {
    if (text.ends_with('x')) text.remove_suffix(1);
    return parse_decimal(text);
}

Checked<Levels> parse_levels(std::string_view text) {
    static constexpr std::string_view names[] = {"connections", "rate"};
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    if (equals == std::string_view::npos || (name != names[0] && name != names[1])) {
        return unknown_key(levels_rule, name, names);
    }
    Levels levels{.of_rate = name == "rate", .values = {}};
    const auto values =
        parse_rising(text.substr(equals + 1), 1, levels.of_rate ? rate_max : connections_max,
                     config::parse_count);
    if (!values) return Refusal{std::string{levels_rule}, {}};
    levels.values.assign(values->begin(), values->end());
    return levels;
}

Complaint parse_matrix(std::string_view text, Options& options) {
    static constexpr std::string_view names[] = {"sizes", "connections"};
    constexpr std::uint64_t size_max = std::uint64_t{1} << 40;
    for (const std::string_view part : split(text, ';')) {
        const std::size_t equals = part.find('=');
        const std::string_view name = part.substr(0, equals);
        const bool of_sizes = name == names[0];
        if (equals == std::string_view::npos || (!of_sizes && name != names[1])) {
            return unknown_key(matrix_rule, name, names);
        }
        const std::string_view list = part.substr(equals + 1);
        const auto values = of_sizes ? parse_rising(list, 0, size_max, config::parse_size)
                                     : parse_rising(list, 1, connections_max, config::parse_count);
        const bool is_second =
            of_sizes ? !options.sizes.empty() : !options.connection_counts.empty();
        if (!values || is_second) return Refusal{std::string{matrix_rule}, {}};
        if (of_sizes) options.sizes = *values;
        if (!of_sizes) options.connection_counts.assign(values->begin(), values->end());
    }
    if (options.sizes.empty() || options.connection_counts.empty()) {
        return Refusal{std::string{matrix_rule}, "both lists are needed"};
    }
    return {};
}

Checked<ThrottleOptions> parse_throttle(std::string_view text) {
    static constexpr std::string_view names[] = {"rate", "delay", "jitter", "loss", "rto"};
    ThrottleOptions throttle;
    std::vector<std::string_view> seen;
    for (const std::string_view part : split(text, ',')) {
        const std::size_t equals = part.find('=');
        const std::string_view name = part.substr(0, equals);
        if (equals == std::string_view::npos ||
            std::find(std::begin(names), std::end(names), name) == std::end(names)) {
            return unknown_key(throttle_rule, name, names);
        }
        if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
            return Refusal{fmt::format("{}= stands there twice", name), {}};
        }
        seen.push_back(name);
        if (auto complaint = set_throttle_part(name, part.substr(equals + 1), throttle)) {
            return *complaint;
        }
    }
    if (throttle.jitter > throttle.delay) {
        return Refusal{"jitter= is at most delay=, around which it lies", {}};
    }
    return throttle;
}

Checked<std::vector<int>> parse_cores(std::string_view text) {
    constexpr std::uint64_t core_max = 1023;  // what a cpu_set_t can name
    const auto values = parse_ranges(text, 0, core_max);
    if (!values) return Refusal{std::string{cores_rule}, {}};
    return std::vector<int>(values->begin(), values->end());
}

Checked<std::vector<std::uint16_t>> parse_status_list(std::string_view text) {
    const auto values = parse_ranges(text, 100, 599);
    if (!values) return Refusal{std::string{status_rule}, {}};
    std::vector<std::uint16_t> codes;
    for (const std::uint64_t value : *values) codes.push_back(static_cast<std::uint16_t>(value));
    return codes;
}

Complaint parse_ramp_rate(std::string_view text, RunPlan& plan) {
    const std::size_t dots = text.find("..");
    const auto from = config::parse_count(text.substr(0, dots));
    const auto to =
        dots == std::string_view::npos ? std::nullopt : config::parse_count(text.substr(dots + 2));
    if (!from || !to || *from < 1 || *to < 1 || *from > rate_max || *to > rate_max ||
        *from == *to) {
        return Refusal{std::string{ramp_rate_rule}, {}};
    }
    plan.rate = static_cast<double>(*from);
    plan.rate_end = static_cast<double>(*to);
    return {};
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        const bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return is_alphanumeric || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) < 15;
    });
}

Checked<HeaderField> parse_header(std::string_view text) {
    const std::size_t colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (colon == std::string_view::npos || !is_token(name)) {
        return Refusal{std::string{header_rule}, "as in 'Accept: text/html'"};
    }
    std::string_view value = text.substr(colon + 1);
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return Refusal{std::string{header_rule}, {}};
        }
    }
    return HeaderField{std::string{name}, std::string{value}};
}

}  // namespace ringway::bench
