#include "ringway/stats/log.h"

#include <cstring>

#include "field_writer.h"
#include "ringway/base/assert.h"
#include "ringway/base/utf8.h"
#include "ringway/stats/log_ring.h"
#include "ringway/stats/log_sink.h"

namespace ringway::stats {

namespace {

// "refused, upstream: Connection refused". Static texts only; cut when it does not fit.
std::string_view describe(base::Error error, char* out, std::size_t room) {
    std::size_t used = 0;
    const auto append = [&](std::string_view text) {
        const std::size_t bytes = std::min(text.size(), room - used);
        std::memcpy(out + used, text.data(), bytes);
        used += bytes;
    };
    append(base::name_of(error.code));
    if (error.source != base::ErrorSource::internal) {
        append(", ");
        append(base::name_of(error.source));
    }
    if (error.os_error != 0) {
        const char* const words = strerrordesc_np(error.os_error);
        append(": ");
        append(words == nullptr ? "unknown error number" : words);
    }
    return {out, used};
}

// "<key>_us", for which a key of up to 60 bytes has room.
std::string_view with_unit(std::string_view key, char* out, std::size_t room) {
    constexpr std::string_view unit = "_us";
    const std::size_t bytes = std::min(key.size(), room - unit.size());
    std::memcpy(out, key.data(), bytes);
    std::memcpy(out + bytes, unit.data(), unit.size());
    return {out, bytes + unit.size()};
}

void write_field(FieldWriter& line, const LogField& field) {
    std::array<char, 128> scratch;
    switch (field.kind) {
        case LogField::Kind::text:
            line.text(field.key, base::cut_utf8(field.text, log_text_bytes_max));
            return;
        case LogField::Kind::number: line.number(field.key, field.number); return;
        case LogField::Kind::integer:
            line.integer(field.key, static_cast<std::int64_t>(field.number));
            return;
        case LogField::Kind::boolean: line.boolean(field.key, field.number != 0); return;
        case LogField::Kind::microseconds:
            line.integer(with_unit(field.key, scratch.data(), 63),
                         static_cast<std::int64_t>(field.number));
            return;
        case LogField::Kind::error:
            line.text(field.key, describe(field.error, scratch.data(), scratch.size()));
            return;
    }
}

}  // namespace

std::string_view name_of(LogLevel level) {
    switch (level) {
        case LogLevel::error: return "error";
        case LogLevel::warn: return "warn";
        case LogLevel::info: return "info";
        case LogLevel::debug: return "debug";
    }
    return "unknown";
}

std::optional<LogLevel> parse_log_level(std::string_view name) {
    for (const auto level : {LogLevel::error, LogLevel::warn, LogLevel::info, LogLevel::debug}) {
        if (name == name_of(level)) return level;
    }
    return std::nullopt;
}

std::size_t format_log_line(char* out, std::size_t room, const LogSettings& settings,
                            LogLevel level, std::string_view message,
                            std::initializer_list<LogField> fields, std::uint64_t suppressed) {
    FieldWriter line(out, room, settings.json);
    line.time("time", settings.wall_clock_us());
    line.text("level", name_of(level));
    if (settings.shard >= 0) line.integer("shard", settings.shard);
    line.text("msg", base::cut_utf8(message, log_text_bytes_max));
    if (suppressed != 0) line.number("suppressed", suppressed);
    for (const LogField& field : fields) write_field(line, field);
    return line.finish();
}

Log::Log(LogRing& ring, const LogSettings& settings) : ring_(&ring), settings_(settings) {
    RW_ASSERT(settings.now != nullptr);
    RW_ASSERT(settings.wall_clock_us != nullptr);
}

Log::Log(LogSink& sink, const LogSettings& settings) : sink_(&sink), settings_(settings) {
    RW_ASSERT(settings.now != nullptr);
    RW_ASSERT(settings.wall_clock_us != nullptr);
}

bool Log::enabled(LogLevel level) const {
    return level <= (ring_ != nullptr ? ring_->level() : sink_->level());
}

// A small hash table without deletion. When all places for a site are taken, the one whose interval
// began first gives way; its count stays in the total.
Log::Site& Log::site_of(const LogEvent& event) {
    const char* const file = event.where.file_name();
    const std::uint32_t line = event.where.line();
    Site* oldest = nullptr;
    for (std::size_t probe = 0; probe < probe_count; ++probe) {
        Site& site = sites_[(line * 31 + probe) % site_count];
        if (site.file == file && site.line == line) return site;
        if (oldest == nullptr ||
            (oldest->file != nullptr &&
             (site.file == nullptr || site.interval_start_ns < oldest->interval_start_ns))) {
            oldest = &site;
        }
    }
    *oldest = Site{};
    oldest->file = file;
    oldest->line = line;
    oldest->interval_start_ns = settings_.now().ns;
    oldest->message = event.message;
    return *oldest;
}

void Log::write(LogLevel level, const LogEvent& event, std::initializer_list<LogField> fields) {
    Site& site = site_of(event);
    const std::int64_t now_ns = settings_.now().ns;
    if (now_ns - site.interval_start_ns >= settings_.interval.ns) {
        site.interval_start_ns = now_ns;
        site.lines = 0;
    }
    if (site.lines >= settings_.lines_per_interval) {
        ++site.suppressed;
        site.level = level;
        suppressed_total_.add();
        return;
    }
    ++site.lines;
    const std::uint64_t unsaid = site.suppressed;
    site.suppressed = 0;
    emit(level, event.message, fields, unsaid);
}

void Log::report_suppressed(bool all) {
    const std::int64_t now_ns = settings_.now().ns;
    for (Site& site : sites_) {
        if (site.suppressed == 0) continue;
        if (!all && now_ns - site.interval_start_ns < settings_.interval.ns) continue;
        emit(site.level, site.message, {}, site.suppressed);
        site.suppressed = 0;
    }
}

void Log::emit(LogLevel level, std::string_view message, std::initializer_list<LogField> fields,
               std::uint64_t suppressed) {
    std::array<char, log_line_bytes_max> line;
    const std::size_t bytes =
        format_log_line(line.data(), line.size(), settings_, level, message, fields, suppressed);
    const std::string_view text(line.data(), bytes);
    if (ring_ != nullptr) {
        ring_->write(LogStream::server, text);
    } else {
        sink_->write(text);
    }
}

}  // namespace ringway::stats
