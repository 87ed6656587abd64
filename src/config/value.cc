#include "ringway/config/value.h"

#include <bit>

#include <fmt/format.h>

#include "ringway/config/suggest.h"
#include "ringway/config/units.h"

namespace ringway::config {
namespace {

std::string bound_text(const ValueRule& rule, std::uint64_t bound) {
    if (rule.kind == ValueKind::size) return format_size(bound);
    if (rule.kind == ValueKind::duration) {
        return format_duration(base::Duration::nanoseconds(static_cast<std::int64_t>(bound)));
    }
    return fmt::format("{}", bound);
}

std::string_view noun(ValueKind kind) {
    switch (kind) {
        case ValueKind::count: return "a whole number";
        case ValueKind::size: return "a size such as 4096, 64KiB or 1GiB";
        case ValueKind::duration: return "a duration such as 250ms, 30s, 5m or 1h";
        case ValueKind::toggle: return "on or off";
        case ValueKind::choice: return "one of";
        case ValueKind::text: return "text";
    }
    return "text";
}

// Guesses what was meant by text that is not of the right shape at all.
std::string shape_hint(const ValueRule& rule, std::string_view text) {
    if (rule.kind == ValueKind::duration && parse_count(text)) {
        return fmt::format("a unit is missing: {}s or {}ms?", text, text);
    }
    if (rule.kind == ValueKind::size && !text.empty()) {
        const std::size_t suffix = text.find_first_not_of("0123456789");
        if (suffix != 0 && suffix != std::string_view::npos) {
            const char letter = static_cast<char>(text[suffix] & ~0x20);
            if (letter == 'K' || letter == 'M' || letter == 'G' || letter == 'T') {
                return fmt::format("sizes count in 1024s: {}{}iB?", text.substr(0, suffix), letter);
            }
        }
    }
    if (rule.kind == ValueKind::choice) return did_you_mean(text, rule.choices);
    return {};
}

Checked<Value> in_range(const ValueRule& rule, Value value, std::uint64_t number) {
    if (number < rule.min || number > rule.max) return Refusal{rule_text(rule), {}};
    if (rule.power_of_two && !std::has_single_bit(number)) {
        const std::uint64_t above = std::bit_ceil(number);
        return Refusal{rule_text(rule), fmt::format("the nearest are {} and {}",
                                                    bound_text(rule, std::bit_floor(number)),
                                                    bound_text(rule, std::min(above, rule.max)))};
    }
    return value;
}

// fmt::join does the same, and g++ 12 at -O3 warns of fmt's own code for it.
template <typename Words>
std::string joined(const Words& words, std::string_view between) {
    std::string text;
    for (const auto& word : words) {
        if (!text.empty()) text += between;
        text += word;
    }
    return text;
}

}  // namespace

std::string rule_text(const ValueRule& rule) {
    switch (rule.kind) {
        case ValueKind::text: return std::string{rule.description};
        case ValueKind::toggle: return "on or off";
        case ValueKind::choice: return "one of " + joined(rule.choices, ", ");
        case ValueKind::count:
        case ValueKind::size:
        case ValueKind::duration: break;
    }
    return fmt::format("{}{} from {} to {}{}", noun(rule.kind),
                       rule.power_of_two ? ", a power of two," : "", bound_text(rule, rule.min),
                       bound_text(rule, rule.max), rule.off_allowed ? ", or off" : "");
}

std::string range_text(const ValueRule& rule) {
    switch (rule.kind) {
        case ValueKind::text: return {};
        case ValueKind::toggle: return "on|off";
        case ValueKind::choice: return joined(rule.choices, "|");
        case ValueKind::count:
        case ValueKind::size:
        case ValueKind::duration: break;
    }
    return fmt::format("{}..{}{}{}", bound_text(rule, rule.min), bound_text(rule, rule.max),
                       rule.power_of_two ? ", a power of two" : "",
                       rule.off_allowed ? ", or off" : "");
}

Checked<Value> interpret(const ValueRule& rule, std::string_view text) {
    Value value{.text = text};
    const Refusal wrong_shape{rule_text(rule), shape_hint(rule, text)};
    if (rule.off_allowed && text == "off") {
        value.duration = base::Duration::forever();
        return value;
    }
    switch (rule.kind) {
        case ValueKind::text: return value;
        case ValueKind::toggle: {
            const auto on = parse_switch(text);
            if (!on) return wrong_shape;
            value.on = *on;
            return value;
        }
        case ValueKind::choice:
            for (; value.choice < rule.choices.size(); ++value.choice) {
                if (rule.choices[value.choice] == text) return value;
            }
            return wrong_shape;
        case ValueKind::duration: {
            const auto duration = parse_duration(text);
            if (!duration) return wrong_shape;
            value.duration = *duration;
            return in_range(rule, value, static_cast<std::uint64_t>(duration->ns));
        }
        case ValueKind::count:
        case ValueKind::size: {
            const auto number = rule.kind == ValueKind::size ? parse_size(text) : parse_count(text);
            if (!number) return wrong_shape;
            value.number = *number;
            return in_range(rule, value, *number);
        }
    }
    return wrong_shape;
}

}  // namespace ringway::config
