#include "ringway/http/parser.h"

#include <algorithm>
#include <cstring>

#include "chars.h"

// Every line is read from left to right and every fault is decided by the bytes up to where it is
// found. That is why any split of the input gives the same result.

namespace ringway::http {
namespace {

constexpr std::uint8_t empty_lines_max = 2;
constexpr std::size_t method_bytes_max = 32;
constexpr std::size_t name_bytes_max = 0xffff;  // what Field::name_bytes holds
constexpr std::size_t version_bytes = 8;        // "HTTP/1.1"
constexpr std::size_t status_bytes = 12;        // "HTTP/1.1 200"

enum RequestLinePart : std::uint8_t { method_part, target_part, version_part };
enum FieldLinePart : std::uint8_t { name_part, value_part };

// The bytes to read and what is known of them: ParserState with pointers, for one call.
struct Cursor {
    Cursor(std::string_view bytes, ParserState& parser_state, std::uint32_t head_bytes_max)
        : base(bytes.data()),
          end(base + std::min<std::size_t>(bytes.size(), head_bytes_max)),
          at(base + parser_state.scanned_to),
          state(parser_state),
          full(bytes.size() >= head_bytes_max) {}

    std::size_t left() const { return static_cast<std::size_t>(end - at); }
    std::uint32_t offset(const char* place) const {
        return static_cast<std::uint32_t>(place - base);
    }
    Progress fail(Fault fault) {
        state.fault = fault;
        state.scanned_to = offset(at) + 1;
        return Progress::failed;
    }
    // Everything before `at` was looked at, and nothing is wrong so far.
    Progress need_more(Fault when_full = Fault::head_too_large) {
        if (full) return fail(when_full);
        state.scanned_to = offset(at);
        return Progress::need_more;
    }
    // The next part of the line begins at `at`.
    void begin_part(std::uint8_t part) {
        state.part = part;
        state.part_at = offset(at);
    }
    void begin_line() {
        state.line_at = offset(at);
        begin_part(0);
    }
    Span part_so_far() const { return {state.part_at, offset(at) - state.part_at}; }

    const char* base;
    const char* end;
    const char* at;
    ParserState& state;
    bool full;  // what is shown reaches the limit: what is not complete will never be
};

// At a byte that may only be the CR of a line's end: takes the line ending.
Progress take_line_end(Cursor& cursor, Fault otherwise) {
    if (cursor.left() == 0) return cursor.need_more();
    if (*cursor.at == '\n') return cursor.fail(Fault::bare_line_ending);
    if (*cursor.at != '\r') return cursor.fail(otherwise);
    if (cursor.left() < 2) return cursor.need_more();
    if (cursor.at[1] != '\n') return cursor.fail(Fault::bare_line_ending);
    cursor.at += 2;
    return Progress::done;
}

Progress read_field_name(Cursor& cursor) {
    cursor.at = skip_token(cursor.at, cursor.end);
    if (cursor.part_so_far().bytes > name_bytes_max) return cursor.fail(Fault::head_too_large);
    if (cursor.left() == 0) return cursor.need_more();
    if (*cursor.at != ':' || cursor.part_so_far().bytes == 0) {
        return cursor.fail(Fault::bad_field_name);
    }
    ++cursor.at;
    cursor.begin_part(value_part);
    return Progress::done;
}

Field field_of(const Cursor& cursor, const char* value_end) {
    const std::uint32_t name_at = cursor.state.line_at;
    const char* value = cursor.base + cursor.state.part_at;
    const auto name_bytes = static_cast<std::uint16_t>(cursor.state.part_at - 1 - name_at);
    while (value != value_end && is_blank(*value)) ++value;
    while (value != value_end && is_blank(value_end[-1])) --value_end;
    return {.name_at = name_at,
            .value_at = cursor.offset(value),
            .value_bytes = static_cast<std::uint32_t>(value_end - value),
            .name_bytes = name_bytes,
            .id = field_name_of({cursor.base + name_at, name_bytes})};
}

// Field lines up to and with the empty line.
Progress read_fields(Cursor& cursor, FieldList& list, std::uint32_t count_max) {
    for (;;) {
        if (cursor.state.part == name_part) {
            const bool line_begins = cursor.offset(cursor.at) == cursor.state.line_at;
            if (line_begins && cursor.left() != 0) {
                const char first = *cursor.at;
                if (first == '\r' || first == '\n') {
                    return take_line_end(cursor, Fault::bare_line_ending);
                }
                if (is_blank(first)) return cursor.fail(Fault::folded_field);
            }
            const Progress name = read_field_name(cursor);
            if (name != Progress::done) return name;
        }
        cursor.at = skip_value(cursor.at, cursor.end);
        const char* const value_end = cursor.at;
        const Progress line_end = take_line_end(cursor, Fault::bad_field_value);
        if (line_end != Progress::done) return line_end;
        if (list.fields().size() >= count_max || !list.add(field_of(cursor, value_end))) {
            return cursor.fail(Fault::too_many_fields);
        }
        cursor.begin_line();
    }
}

// What `bytes` says, which begins where "HTTP/1.1" must stand; `need_more` as long as it may become
// that.
struct VersionResult {
    Progress progress = Progress::need_more;
    std::uint8_t major = 0;
    std::uint8_t minor = 0;
};
VersionResult read_version(std::string_view bytes) {
    constexpr std::string_view pattern = "HTTP/#.#";
    static_assert(pattern.size() == version_bytes);
    const std::size_t there = std::min(bytes.size(), version_bytes);
    for (std::size_t i = 0; i < there; ++i) {
        const bool fits = pattern[i] == '#' ? is_digit(bytes[i]) : bytes[i] == pattern[i];
        if (!fits) return {.progress = Progress::failed};
    }
    if (there < version_bytes) return {};
    return {.progress = Progress::done,
            .major = static_cast<std::uint8_t>(bytes[5] - '0'),
            .minor = static_cast<std::uint8_t>(bytes[7] - '0')};
}

// Versions 1.2 to 1.9 are read as 1.1 (RFC 9110, 2.5).
std::uint8_t spoken_minor(std::uint8_t minor) { return minor == 0 ? 0 : 1; }

Progress skip_empty_lines(Cursor& cursor) {
    while (cursor.left() != 0 && (*cursor.at == '\r' || *cursor.at == '\n')) {
        if (cursor.state.empty_lines == empty_lines_max) {
            return cursor.fail(Fault::bad_request_line);
        }
        const Progress line_end = take_line_end(cursor, Fault::bare_line_ending);
        if (line_end != Progress::done) return line_end;
        ++cursor.state.empty_lines;
        cursor.begin_line();
    }
    return Progress::done;
}

Progress read_method(Cursor& cursor, RequestHead& head) {
    if (cursor.offset(cursor.at) == cursor.state.line_at) {
        const Progress empty = skip_empty_lines(cursor);
        if (empty != Progress::done) return empty;
    }
    cursor.at = skip_class(cursor.at, cursor.end, token_char);
    const Span method = cursor.part_so_far();
    if (method.bytes > method_bytes_max) return cursor.fail(Fault::method_not_implemented);
    if (cursor.left() == 0) return cursor.need_more();
    if (*cursor.at != ' ') return cursor.fail(Fault::bad_method);
    if (method.bytes == 0) return cursor.fail(Fault::bad_request_line);
    head.method_text = method;
    head.method = method_of({cursor.base + method.at, method.bytes});
    ++cursor.at;
    cursor.begin_part(target_part);
    return Progress::done;
}

Progress read_target_text(Cursor& cursor, RequestHead& head, std::uint32_t bytes_max) {
    cursor.at = skip_target(cursor.at, cursor.end);
    const Span target = cursor.part_so_far();
    if (target.bytes > bytes_max) return cursor.fail(Fault::target_too_long);
    if (cursor.left() == 0) return cursor.need_more(Fault::target_too_long);
    if (*cursor.at == '\r' || *cursor.at == '\n') return cursor.fail(Fault::bad_request_line);
    if (*cursor.at != ' ') return cursor.fail(Fault::bad_target);
    if (target.bytes == 0) return cursor.fail(Fault::bad_request_line);
    head.target = target;
    ++cursor.at;
    cursor.begin_part(version_part);
    return Progress::done;
}

Progress read_request_line(Cursor& cursor, RequestHead& head, const HeadLimits& limits) {
    if (cursor.state.part == method_part) {
        const Progress method = read_method(cursor, head);
        if (method != Progress::done) return method;
    }
    if (cursor.state.part == target_part) {
        const Progress target = read_target_text(cursor, head, limits.target_bytes_max);
        if (target != Progress::done) return target;
    }
    const VersionResult version = read_version({cursor.at, cursor.left()});
    if (version.progress == Progress::failed) return cursor.fail(Fault::bad_version);
    if (version.progress == Progress::need_more) return cursor.need_more();
    const char* const version_at = cursor.at;
    cursor.at += version_bytes;
    const Progress line_end = take_line_end(cursor, Fault::bad_version);
    if (line_end == Progress::need_more) cursor.state.scanned_to = cursor.offset(version_at);
    if (line_end != Progress::done) return line_end;
    if (version.major != 1) return cursor.fail(Fault::unsupported_version);
    head.version_minor = spoken_minor(version.minor);
    return Progress::done;
}

// "HTTP/1.1 200", then a blank and a reason or nothing. The first part is short enough to be read
// again when the rest of it arrives.
Progress read_status(Cursor& cursor, ResponseHead& head) {
    const std::string_view bytes{cursor.at, cursor.left()};
    const VersionResult version = read_version(bytes);
    if (version.progress == Progress::failed) return cursor.fail(Fault::bad_status_line);
    if (version.progress == Progress::need_more) return cursor.need_more();
    if (version.major != 1) return cursor.fail(Fault::unsupported_version);
    std::uint16_t status = 0;
    for (std::size_t i = version_bytes; i <= status_bytes && i < bytes.size(); ++i) {
        const char c = bytes[i];
        const bool fits = i == version_bytes       ? c == ' '
                          : i == version_bytes + 1 ? c >= '1' && c <= '5'
                          : i < status_bytes       ? is_digit(c)
                                                   : c == ' ' || c == '\r' || c == '\n';
        if (!fits) return cursor.fail(Fault::bad_status_line);
        if (is_digit(c)) status = static_cast<std::uint16_t>(status * 10 + (c - '0'));
    }
    if (bytes.size() <= status_bytes) return cursor.need_more();
    head.status = status;
    head.version_minor = spoken_minor(version.minor);
    cursor.at += status_bytes;
    if (*cursor.at == ' ') ++cursor.at;
    cursor.begin_part(value_part);
    return Progress::done;
}

Progress read_status_line(Cursor& cursor, ResponseHead& head) {
    if (cursor.state.part == 0) {
        const Progress status = read_status(cursor, head);
        if (status != Progress::done) return status;
    }
    cursor.at = skip_value(cursor.at, cursor.end);
    const Span reason = cursor.part_so_far();
    const Progress line_end = take_line_end(cursor, Fault::bad_status_line);
    if (line_end == Progress::done) head.reason = reason;
    return line_end;
}

// What is the same for all heads once their start line was read.
Progress finish(Cursor& cursor, FieldList& list, const HeadLimits& limits) {
    const Progress progress = read_fields(cursor, list, limits.fields_max);
    if (progress == Progress::done) list.set_head_bytes(cursor.offset(cursor.at));
    return progress;
}

template <typename ReadStartLine>
Progress parse_head(Cursor& cursor, FieldList& list, const HeadLimits& limits,
                    ReadStartLine read_start_line) {
    if (cursor.state.fault != Fault::none) return Progress::failed;
    list.rebase(cursor.base);
    if (!cursor.state.start_line_done) {
        const Progress start_line = read_start_line();
        if (start_line != Progress::done) return start_line;
        cursor.begin_line();
        cursor.state.start_line_done = true;
    }
    return finish(cursor, list, limits);
}

bool is_limit(Fault fault) {
    return fault == Fault::head_too_large || fault == Fault::too_many_fields;
}

}  // namespace

void RequestParser::reset() {
    state_ = {};
    head_.clear();
    head_.method = Method::other;
    head_.version_minor = 1;
    head_.method_text = {};
    head_.target = {};
}

Progress RequestParser::parse(std::string_view bytes) {
    Cursor cursor(bytes, state_, limits_.head_bytes_max);
    return parse_head(cursor, head_, limits_,
                      [&] { return read_request_line(cursor, head_, limits_); });
}

void ResponseParser::reset() {
    state_ = {};
    head_.clear();
    head_.status = 0;
    head_.version_minor = 1;
    head_.reason = {};
}

Progress ResponseParser::parse(std::string_view bytes) {
    Cursor cursor(bytes, state_, limits_.head_bytes_max);
    return parse_head(cursor, head_, limits_, [&] { return read_status_line(cursor, head_); });
}

void TrailerParser::reset() {
    state_ = {};
    trailers_.clear();
}

Progress TrailerParser::parse(std::string_view bytes) {
    Cursor cursor(bytes, state_, limits_.head_bytes_max);
    const Progress progress = parse_head(cursor, trailers_, limits_, [] { return Progress::done; });
    if (progress == Progress::failed && !is_limit(state_.fault)) state_.fault = Fault::bad_trailer;
    return progress;
}

}  // namespace ringway::http
