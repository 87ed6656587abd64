// Result<T>: a value or an Error, in the shape of C++23's std::expected (same member names).
//
// An Error is eight bytes: what happened, on whose side, and the errno behind it. Details for
// people go to the log where the error happened, never into the value.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "ringway/base/assert.h"

namespace ringway::base {

enum class ErrorCode : std::uint8_t {
    system,       // a system call failed: see `os_error`
    timed_out,    // a deadline passed
    cancelled,    // somebody asked for it to stop
    closed,       // the peer closed in an orderly way where more was needed
    reset,        // the peer reset the connection
    refused,      // nobody listens at the address
    malformed,    // what the peer sent breaks its protocol
    limit,        // a configured limit was reached
    unavailable,  // no endpoint can serve
    no_memory,    // a slab or pool is used up
};

enum class ErrorSource : std::uint8_t { internal, downstream, upstream };

std::string_view name_of(ErrorCode code);
std::string_view name_of(ErrorSource source);

struct Error {
    ErrorCode code = ErrorCode::system;
    ErrorSource source = ErrorSource::internal;
    std::int32_t os_error = 0;  // a positive errno, or 0

    // From a negative errno, as system calls and completions report it.
    static Error from_errno(int negative_errno, ErrorSource source = ErrorSource::internal);
    bool operator==(const Error&) const = default;
};

struct Unexpected {
    Error error;
};
[[nodiscard]] inline Unexpected unexpected(Error error) { return {error}; }
[[nodiscard]] inline Unexpected unexpected(ErrorCode code,
                                           ErrorSource source = ErrorSource::internal) {
    return {Error{code, source, 0}};
}

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Unexpected failure) : state_(std::in_place_index<1>, failure.error) {}

    bool has_value() const { return state_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    T& value() { return check_value(), std::get<0>(state_); }
    const T& value() const { return check_value(), std::get<0>(state_); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    Error error() const {
        RW_ASSERT(!has_value());
        return std::get<1>(state_);
    }

  private:
    void check_value() const { RW_ASSERT(has_value()); }

    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Unexpected failure) : error_(failure.error), failed_(true) {}

    bool has_value() const { return !failed_; }
    explicit operator bool() const { return has_value(); }
    Error error() const {
        RW_ASSERT(failed_);
        return error_;
    }

  private:
    Error error_{};
    bool failed_ = false;
};

}  // namespace ringway::base
