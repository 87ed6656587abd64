// Setters and getters of plain fields, so that a table row names the member and nothing else.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <type_traits>

#include <fmt/format.h>

#include "ringway/config/options.h"
#include "ringway/config/units.h"

namespace ringway::config {

template <auto Member, typename Object>
Complaint set_number(Object& object, const Value& value) {
    using Field = std::remove_reference_t<decltype(object.*Member)>;
    object.*Member = static_cast<Field>(value.number);
    return {};
}
template <auto Member, typename Object>
std::string show_count(const Object& object) {
    return fmt::format("{}", object.*Member);
}
template <auto Member, typename Object>
std::string show_size(const Object& object) {
    return format_size(object.*Member);
}
// For rows where 0 is written "off".
template <auto Member, typename Object>
std::string show_size_or_off(const Object& object) {
    return object.*Member == 0 ? "off" : format_size(object.*Member);
}
template <auto Member, typename Object>
std::string show_count_or_off(const Object& object) {
    return object.*Member == 0 ? "off" : fmt::format("{}", object.*Member);
}

template <auto Member, typename Object>
Complaint set_duration(Object& object, const Value& value) {
    object.*Member = value.duration;
    return {};
}
template <auto Member, typename Object>
std::string show_duration(const Object& object) {
    return format_duration(object.*Member);
}

template <auto Member, typename Object>
Complaint set_switch(Object& object, const Value& value) {
    object.*Member = value.on;
    return {};
}
template <auto Member, typename Object>
std::string show_switch(const Object& object) {
    return object.*Member ? "on" : "off";
}

// The choices stand in the order of the enumerators.
template <auto Member, typename Object>
Complaint set_choice(Object& object, const Value& value) {
    using Field = std::remove_reference_t<decltype(object.*Member)>;
    object.*Member = static_cast<Field>(value.choice);
    return {};
}
template <auto Member, const auto& Names, typename Object>
std::string show_choice(const Object& object) {
    return std::string{Names.at(static_cast<std::size_t>(object.*Member))};
}

template <auto Member, typename Object>
Complaint set_text(Object& object, const Value& value) {
    if (value.text.empty()) return Refusal{"something other than nothing", {}};
    object.*Member = value.text;
    return {};
}
template <auto Member, typename Object>
std::string show_text(const Object& object) {
    return object.*Member;
}

inline constexpr std::string_view cidr_rule =
    "an address or a range such as 10.0.0.0/8, 192.0.2.7, fd00::/8, with no bits set beyond the "
    "prefix; several with commas";

// Adds to the ranges that are there; `text` may hold several, separated by commas.
Complaint add_ranges(std::vector<Cidr>& ranges, std::string_view text);
std::string show_ranges(const std::vector<Cidr>& ranges);

template <auto Member, typename Object>
Complaint add_cidr(Object& object, const Value& value) {
    return add_ranges(object.*Member, value.text);
}
template <auto Member, typename Object>
void clear_list(Object& object) {
    (object.*Member).clear();
}
template <auto Member, typename Object>
std::string show_cidr(const Object& object) {
    return show_ranges(object.*Member);
}

// The rows of process_options() that are about HTTP.
std::span<const OptionRow<Settings>> http_process_options();

// Back to what nobody said of the options that only HTTP upstreams have.
void forget_http(Upstream& upstream);

constexpr ValueRule count_rule(std::uint64_t min, std::uint64_t max) {
    return {.kind = ValueKind::count, .min = min, .max = max};
}
constexpr ValueRule size_rule(std::uint64_t min, std::uint64_t max) {
    return {.kind = ValueKind::size, .min = min, .max = max};
}
constexpr ValueRule power_rule(ValueKind kind, std::uint64_t min, std::uint64_t max) {
    return {.kind = kind, .min = min, .max = max, .power_of_two = true};
}
constexpr ValueRule duration_rule(base::Duration min, base::Duration max) {
    return {.kind = ValueKind::duration,
            .min = static_cast<std::uint64_t>(min.ns),
            .max = static_cast<std::uint64_t>(max.ns)};
}
constexpr ValueRule or_off(ValueRule rule) {
    rule.off_allowed = true;
    return rule;
}
constexpr ValueRule text_rule(std::string_view description) {
    return {.kind = ValueKind::text, .description = description};
}
template <std::size_t N>
constexpr ValueRule choice_rule(const std::array<std::string_view, N>& names) {
    return {.kind = ValueKind::choice, .choices = names};
}
inline constexpr ValueRule switch_rule{.kind = ValueKind::toggle};

}  // namespace ringway::config
