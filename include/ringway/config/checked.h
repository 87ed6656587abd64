// Checked<T>: a value, or the reason why what a user gave is refused.
//
// Configuration mistakes are told to a person, once, before anything runs; so the reason is text,
// unlike base::Error. Nothing on the data path may use this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "ringway/base/assert.h"

namespace ringway::config {

// Why a value is refused: the rule it breaks and, where there is one, what to do instead.
struct Refusal {
    std::string rule;
    std::string hint;
};

// For functions that only check: empty means that all is well.
using Complaint = std::optional<Refusal>;

// One line: `WHERE: "VALUE" is not allowed: RULE (hint: HINT)`. Control characters are shown
// escaped and long values shortened, so that it stays one line whatever was given.
std::string refusal_line(std::string_view where, std::string_view value, const Refusal& refusal);
// One line without a value: `WHERE: RULE (hint: HINT)`.
std::string refusal_line(std::string_view where, const Refusal& refusal);
// The value as messages show it.
std::string printable(std::string_view value);

template <typename T, typename Reason = Refusal>
class [[nodiscard]] Checked {
  public:
    Checked(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Checked(Reason reason) : state_(std::in_place_index<1>, std::move(reason)) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& operator*() { return check_value(), std::get<0>(state_); }
    const T& operator*() const { return check_value(), std::get<0>(state_); }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }

    const Reason& reason() const {
        RW_ASSERT(!has_value());
        return std::get<1>(state_);
    }

  private:
    void check_value() const { RW_ASSERT(has_value()); }

    std::variant<T, Reason> state_;
};

}  // namespace ringway::config
