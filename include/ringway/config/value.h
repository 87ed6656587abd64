// What a setting accepts, and text turned into a value by that rule.
//
// One ValueRule serves the command line, the environment, the file, URL options, --help and the
// reference; the sentence that a bad value gets is made from the rule that refused it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/config/checked.h"

namespace ringway::config {

enum class ValueKind : std::uint8_t {
    count,
    size,      // bytes
    duration,  // the range is in nanoseconds
    toggle,    // on or off; on the command line --NAME and --no-NAME
    choice,
    text,  // the row's own setter decides
};

struct ValueRule {
    ValueKind kind = ValueKind::text;
    std::uint64_t min = 0;
    std::uint64_t max = 0;
    bool off_allowed = false;  // "off": forever for a duration, 0 for the others
    bool power_of_two = false;
    std::span<const std::string_view> choices{};
    std::string_view description{};  // of a text: the rule in words
};

struct Value {
    std::string_view text;
    std::uint64_t number = 0;  // count or bytes
    base::Duration duration{};
    bool on = false;
    std::size_t choice = 0;  // index into the rule's choices
};

// "a whole number from 1 to 1024", "a size from 4KiB to 1MiB, a power of two", ...
std::string rule_text(const ValueRule& rule);
// The same in a few characters, for --help: "1..1024", "4KiB..1MiB", "text|json".
std::string range_text(const ValueRule& rule);

// `text` stays referenced by the value.
Checked<Value> interpret(const ValueRule& rule, std::string_view text);

}  // namespace ringway::config
