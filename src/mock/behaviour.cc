// The keys of a behaviour: their names, their rules, and what each sets.
#include "ringway/mock/behaviour.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "keys.h"
#include "ringway/config/units.h"

namespace ringway::mock {
namespace {

constexpr std::uint64_t body_bytes_max = std::uint64_t{1} << 40;
constexpr std::uint64_t chunk_bytes_max = std::uint64_t{16} << 20;
constexpr std::uint64_t tokens_max = 1'000'000;

bool set_size(std::string_view text, std::uint64_t max, std::uint64_t& into) {
    const auto size = config::parse_size(text);
    if (!size || *size > max) return false;
    into = *size;
    return true;
}
bool set_optional_size(std::string_view text, std::optional<std::uint64_t>& into) {
    into.emplace();
    return set_size(text, body_bytes_max, *into);
}
bool set_status(std::string_view text, std::uint64_t min, int& into) {
    const auto status = config::parse_count(text);
    if (!status || *status < min || *status > 599) return false;
    into = static_cast<int>(*status);
    return true;
}
bool set_share(std::string_view text, double& into) {
    const auto share = parse_share(text);
    if (share) into = *share;
    return share.has_value();
}
bool set_duration(std::string_view text, base::Duration min, base::Duration& into) {
    const auto duration = config::parse_duration(text);
    if (!duration || *duration < min || *duration > base::Duration::seconds(3600)) return false;
    into = *duration;
    return true;
}
bool set_switch(std::string_view text, bool& into) {
    const auto on = config::parse_switch(text);
    if (on) into = *on;
    return on.has_value();
}
bool set_per_second(std::string_view text, double& into) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), into);
    return failure == std::errc{} && end == text.data() + text.size() && into >= 0 && into <= 1e6;
}
bool set_chunked(std::string_view text, std::uint64_t& into) {
    if (text != "off") return set_size(text, chunk_bytes_max, into);
    into = 0;
    return true;
}

struct Row {
    std::string_view key;
    bool (*set)(std::string_view, Behaviour&);
    std::string_view rule;
};

using Text = std::string_view;
constexpr std::string_view share_rule = "a share of the requests such as 2% or 0.1%, or off";
constexpr Row rows[] = {
    {"bytes", [](Text t, Behaviour& b) { return set_optional_size(t, b.bytes); },
     "a size up to 1TiB such as 4096, 64KiB or 1GiB"},
    {"chunked", [](Text t, Behaviour& b) { return set_chunked(t, b.chunked); },
     "a size up to 16MiB for each chunk, or off"},
    {"status", [](Text t, Behaviour& b) { return set_status(t, 200, b.status); },
     "a status from 200 to 599"},
    {"type", [](Text t, Behaviour& b) { return b.type.assign(t); },
     "a media type of at most 80 printable characters"},
    {"latency",
     [](Text t, Behaviour& b) {
         const auto latency = Latency::parse(t);
         if (latency) b.latency = *latency;
         return latency.has_value();
     },
     Latency::rule},
    {"errors", [](Text t, Behaviour& b) { return set_share(t, b.errors); }, share_rule},
    {"error-status", [](Text t, Behaviour& b) { return set_status(t, 400, b.error_status); },
     "a status from 400 to 599"},
    {"cut", [](Text t, Behaviour& b) { return set_share(t, b.cut); }, share_rule},
    {"cut-after", [](Text t, Behaviour& b) { return set_optional_size(t, b.cut_after); },
     "a size up to 1TiB"},
    {"corrupt", [](Text t, Behaviour& b) { return set_share(t, b.corrupt); }, share_rule},
    {"rate",
     [](Text t, Behaviour& b) {
         b.rate = 0;
         return t == "off" || set_size(t, body_bytes_max, b.rate);
     },
     "a size per second such as 64KiB, or off"},
    {"close", [](Text t, Behaviour& b) { return set_switch(t, b.close); }, "on or off"},
    {"seed", [](Text t, Behaviour& b) { return (b.seed = config::parse_count(t)).has_value(); },
     "a whole number"},
    {"interval",
     [](Text t, Behaviour& b) {
         return set_duration(t, base::Duration::microseconds(10), b.interval);
     },
     "a duration from 10us to 1h"},
    {"jitter", [](Text t, Behaviour& b) { return set_duration(t, {}, b.jitter); },
     "a duration up to 1h"},
    {"ttft", [](Text t, Behaviour& b) { return set_duration(t, {}, b.ttft); },
     "a duration up to 1h"},
    {"tokens",
     [](Text t, Behaviour& b) {
         b.tokens = config::parse_count(t);
         return b.tokens && *b.tokens >= 1 && *b.tokens <= tokens_max;
     },
     "a whole number from 1 to 1000000"},
    {"token-rate", [](Text t, Behaviour& b) { return set_per_second(t, b.token_rate); },
     "a number of tokens per second up to 1000000; 0: all at once"},
    {"stamps", [](Text t, Behaviour& b) { return set_switch(t, b.stamps); }, "on or off"},
};

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// A '%' that no two hexadecimal digits follow stands for itself: "errors=2%" needs no encoding.
std::optional<std::string_view> decoded(std::string_view text, std::array<char, 512>& room) {
    if (text.find('%') == std::string_view::npos) return text;
    if (text.size() > room.size()) return std::nullopt;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            c = static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        }
        room[bytes++] = c;
    }
    return std::string_view(room.data(), bytes);
}

}  // namespace

bool MediaType::assign(std::string_view text) {
    const bool printable =
        std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
    if (text.empty() || text.size() > text_.size() || !printable) return false;
    text.copy(text_.data(), text.size());
    bytes_ = static_cast<std::uint8_t>(text.size());
    return true;
}

std::optional<double> parse_share(std::string_view text) {
    if (text == "off" || text == "0") return 0.0;
    if (!text.ends_with('%')) return std::nullopt;
    text.remove_suffix(1);
    double percent = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), percent);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (!(percent >= 0 && percent <= 100)) return std::nullopt;
    return percent / 100;
}

Applied apply_key(std::string_view key, std::string_view value, Behaviour& behaviour,
                  std::string& problem) {
    for (const Row& row : rows) {
        if (row.key != key) continue;
        if (row.set(value, behaviour)) return Applied::done;
        problem = fmt::format("{}={}: must be {}", key, value, row.rule);
        return Applied::refused;
    }
    return Applied::unknown;
}

bool apply_keys(std::string_view text, UnknownKeys unknown, Behaviour& behaviour,
                std::string& problem) {
    return each_key(text, [&](std::string_view key, std::string_view coded) {
        std::array<char, 512> room;
        const auto value = decoded(coded, room);
        if (!value) {
            problem = fmt::format("{}: a value has at most {} characters", key, room.size());
            return false;
        }
        const Applied applied = apply_key(key, *value, behaviour, problem);
        if (applied == Applied::unknown && unknown == UnknownKeys::refuse) {
            problem = fmt::format("unknown key '{}': known are {}", key, known_keys());
            return false;
        }
        return applied != Applied::refused;
    });
}

std::string known_keys() {
    std::string names;
    for (const Row& row : rows) {
        if (!names.empty()) names += ", ";
        names += row.key;
    }
    return names;
}

}  // namespace ringway::mock
