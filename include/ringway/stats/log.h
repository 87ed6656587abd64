// The server's own log: leveled lines of key=value (or JSON), built in fixed memory.
//
//     log.warn("accepting paused", kv("listener", name), kv("error", error));
//
// One Log per thread: a shard's writes into its LogRing, the coordinator's into the LogSink. Each
// place in the code that logs has its own allowance per interval; what exceeds it is counted, and
// the next line from there says how many were left out. Never allocates, never blocks, never
// throws.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <source_location>
#include <string_view>
#include <type_traits>

#include "ringway/base/clock.h"
#include "ringway/base/result.h"
#include "ringway/stats/counter.h"
#include "ringway/stats/log_level.h"

namespace ringway::stats {

class LogRing;
class LogSink;

// One key and its value. Text is not copied: it must live until the call returns.
struct LogField {
    enum class Kind : std::uint8_t { text, number, integer, boolean, microseconds, error };

    std::string_view key;
    Kind kind = Kind::text;
    std::string_view text;
    std::uint64_t number = 0;
    base::Error error;
};

inline LogField kv(std::string_view key, std::string_view value) {
    return {key, LogField::Kind::text, value, 0, {}};
}
inline LogField kv(std::string_view key, const char* value) {
    return kv(key, std::string_view(value));
}
inline LogField kv(std::string_view key, bool value) {
    return {key, LogField::Kind::boolean, {}, value ? 1u : 0u, {}};
}
template <typename Integer>
    requires(std::is_integral_v<Integer>)
LogField kv(std::string_view key, Integer value) {
    // Two's complement carries a negative number through; the kind says how to read it back.
    const auto kind = std::is_signed_v<Integer> ? LogField::Kind::integer : LogField::Kind::number;
    return {key, kind, {}, static_cast<std::uint64_t>(value), {}};
}
// Written in microseconds under "<key>_us".
inline LogField kv(std::string_view key, base::Duration value) {
    return {key, LogField::Kind::microseconds, {}, static_cast<std::uint64_t>(value.to_us()), {}};
}
// What happened, on whose side, and the kernel's words for it.
inline LogField kv(std::string_view key, base::Error error) {
    return {key, LogField::Kind::error, {}, 0, error};
}

// What happened, in words that never vary, and where in the code it is said.
struct LogEvent {
    std::string_view message;
    std::source_location where;

    // NOLINTNEXTLINE(google-explicit-constructor): log.info("words", ...) is the whole point.
    LogEvent(const char* words, std::source_location place = std::source_location::current())
        : message(words), where(place) {}
};

struct LogSettings {
    bool json = false;
    std::int64_t shard = -1;                    // -1: not a shard's, the key is left out
    base::Instant (*now)() = nullptr;           // ring::sys::now
    std::int64_t (*wall_clock_us)() = nullptr;  // ring::sys::wall_clock_us
    std::uint32_t lines_per_interval = 20;      // from one place in the code
    base::Duration interval = base::Duration::seconds(10);
};

inline constexpr std::size_t log_line_bytes_max = 2048;
inline constexpr std::size_t log_text_bytes_max = 512;  // of one value; the rest is cut

class Log {
  public:
    // The level is the ring's or the sink's, so that one may change it while the other logs.
    Log(LogRing& ring, const LogSettings& settings);
    Log(LogSink& sink, const LogSettings& settings);

    bool enabled(LogLevel level) const;

    template <typename... Fields>
    void error(LogEvent event, const Fields&... fields) {
        if (enabled(LogLevel::error)) write(LogLevel::error, event, {fields...});
    }
    template <typename... Fields>
    void warn(LogEvent event, const Fields&... fields) {
        if (enabled(LogLevel::warn)) write(LogLevel::warn, event, {fields...});
    }
    template <typename... Fields>
    void info(LogEvent event, const Fields&... fields) {
        if (enabled(LogLevel::info)) write(LogLevel::info, event, {fields...});
    }
    template <typename... Fields>
    void debug(LogEvent event, const Fields&... fields) {
        if (enabled(LogLevel::debug)) write(LogLevel::debug, event, {fields...});
    }

    // Says what is still unsaid: for each place that is quiet again, one line with its count. To be
    // called now and then (by a shard in an idle turn, by the coordinator every few seconds, by
    // both at their end with `all`).
    void report_suppressed(bool all = false);
    std::uint64_t suppressed() const { return suppressed_total_.read(); }

  private:
    // What one place in the code has used up.
    struct Site {
        const char* file = nullptr;
        std::uint32_t line = 0;
        LogLevel level = LogLevel::info;
        std::uint32_t lines = 0;
        std::uint64_t suppressed = 0;
        std::int64_t interval_start_ns = 0;
        std::string_view message;
    };
    static constexpr std::size_t site_count = 64;
    static constexpr std::size_t probe_count = 4;

    void write(LogLevel level, const LogEvent& event, std::initializer_list<LogField> fields);
    void emit(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
              std::uint64_t suppressed);
    Site& site_of(const LogEvent& event);

    LogRing* ring_ = nullptr;
    LogSink* sink_ = nullptr;
    LogSettings settings_;
    std::array<Site, site_count> sites_;
    Counter suppressed_total_;
};

// One line as Log writes it, without its newline; returns its length. Fields that do not fit are
// left out as a whole, so that JSON stays JSON.
std::size_t format_log_line(char* out, std::size_t room, const LogSettings& settings,
                            LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields, std::uint64_t suppressed);

}  // namespace ringway::stats
