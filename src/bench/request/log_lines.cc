#include "log_lines.h"

#include <simdjson.h>

#include "log_words.h"
#include "request_text.h"

namespace ringway::bench {
namespace {

// A logged CONNECT names no target that could be asked again.
bool is_sendable_request(std::string_view method, std::string_view target) {
    return is_token(method) && method != "CONNECT" && is_target(target);
}

void add_field(RequestKind& request, std::string_view name, std::string value) {
    if (value.empty() || value == "-" || !is_field_value(value)) return;
    request.fields.push_back({std::string(name), std::move(value)});
}

// "GET /path HTTP/1.1", without escapes.
std::optional<RequestKind> request_of(std::string_view text) {
    const std::size_t first = text.find(' ');
    const std::size_t last = text.rfind(' ');
    if (first == std::string_view::npos || first == last) return std::nullopt;
    RequestKind request;
    request.method = text.substr(0, first);
    request.target = text.substr(first + 1, last - first - 1);
    const bool is_http = text.substr(last + 1).starts_with("HTTP/");
    if (!is_http || !is_sendable_request(request.method, request.target)) return std::nullopt;
    request.label = request.target;
    return request;
}

// HOST IDENT USER [20/Nov/2025:15:33:13 +0100] "REQUEST" STATUS BYTES "REFERER" "AGENT"; the last
// two are missing in the common format, and more may follow them.
std::optional<LoggedRequest> read_combined(std::string_view line) {
    WordReader words(line);
    for (int i = 0; i < 2; ++i) {
        if (words.word().empty()) return std::nullopt;
    }
    // The user may hold blanks; the time is the first word in brackets.
    const std::size_t bracket = words.rest().find('[');
    if (bracket == 0 || bracket == std::string_view::npos) return std::nullopt;
    words.skip(bracket);
    const auto time_us = read_clf_time(words.enclosed('[', ']'));
    const auto request_text = words.quoted('\\');
    if (!time_us || !request_text) return std::nullopt;
    const std::string_view status = words.word(), bytes = words.word();
    if (status.size() != 3 || !is_number(status) || !(is_number(bytes) || bytes == "-")) {
        return std::nullopt;
    }
    auto request = request_of(*request_text);
    if (!request) return std::nullopt;
    if (const auto referer = words.quoted('\\')) add_field(*request, "Referer", *referer);
    if (const auto agent = words.quoted('\\')) add_field(*request, "User-Agent", *agent);
    return LoggedRequest{std::move(*request), *time_us};
}

// Five numbers between slashes, as HAProxy writes timers and counts; a sign may stand before each.
bool is_number_list(std::string_view word, std::size_t numbers) {
    std::size_t seen = 0;
    while (true) {
        const std::size_t slash = word.find('/');
        std::string_view number = word.substr(0, slash);
        if (!number.empty() && (number.front() == '-' || number.front() == '+')) {
            number.remove_prefix(1);
        }
        if (!is_number(number)) return false;
        ++seen;
        if (slash == std::string_view::npos) return seen == numbers;
        word.remove_prefix(slash + 1);
    }
}

// CLIENT:PORT [20/Nov/2025:15:33:13.068] FRONTEND BACKEND/SERVER TIMERS STATUS BYTES COOKIE COOKIE
// STATE CONNECTIONS QUEUES {CAPTURED}... "REQUEST", behind whatever a system log puts before it.
std::optional<LoggedRequest> read_haproxy(std::string_view line) {
    const std::size_t bracket = line.find(" [");
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::string_view client = line.substr(0, bracket);
    const std::size_t colon = client.rfind(':');
    if (colon == std::string_view::npos || !is_number(client.substr(colon + 1))) {
        return std::nullopt;
    }
    WordReader words(line.substr(bracket + 1));
    const auto time_us = read_clf_time(words.enclosed('[', ']'));
    const std::string_view frontend = words.word(), server = words.word();
    const bool named = !frontend.empty() && server.find('/') != std::string_view::npos;
    if (!time_us || !named || !is_number_list(words.word(), 5)) return std::nullopt;
    if (!is_number_list(words.word(), 1) || !is_number_list(words.word(), 1)) return std::nullopt;
    words.word();
    words.word();
    if (words.word().size() != 4) return std::nullopt;
    if (!is_number_list(words.word(), 5) || !is_number_list(words.word(), 2)) return std::nullopt;
    // Captured fields may hold anything but a quote; the request is what stands in quotes.
    const std::size_t quote = words.rest().find('"');
    if (quote == std::string_view::npos) return std::nullopt;
    words.skip(quote);
    const auto request_text = words.quoted('#');
    if (!request_text) return std::nullopt;
    auto request = request_of(*request_text);
    if (!request) return std::nullopt;
    return LoggedRequest{std::move(*request), *time_us};
}

std::string text_member(simdjson::dom::element line, const char* name) {
    std::string_view text;
    return line[name].get_string().get(text) == simdjson::SUCCESS ? std::string(text)
                                                                  : std::string();
}

std::int64_t number_member(simdjson::dom::element line, const char* name) {
    std::int64_t number = 0;
    return line[name].get_int64().get(number) == simdjson::SUCCESS ? number : 0;
}

// One object as ringway writes them: time (of the end), method, target, host, head_us, total_us.
std::optional<LoggedRequest> read_json(std::string_view line) {
    if (!line.starts_with('{')) return std::nullopt;
    thread_local simdjson::dom::parser parser;
    simdjson::dom::element object;
    if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS)
        return std::nullopt;
    if (text_member(object, "event") != "exchange") return std::nullopt;
    const auto ended_us = read_rfc3339(text_member(object, "time"));
    if (!ended_us) return std::nullopt;
    LoggedRequest logged;
    logged.request.method = text_member(object, "method");
    logged.request.target = text_member(object, "target");
    if (!is_sendable_request(logged.request.method, logged.request.target)) return std::nullopt;
    logged.request.label = logged.request.target;
    add_field(logged.request, "Host", text_member(object, "host"));
    add_field(logged.request, "Referer", text_member(object, "referer"));
    add_field(logged.request, "User-Agent", text_member(object, "user_agent"));
    logged.begun_us =
        *ended_us - number_member(object, "head_us") - number_member(object, "total_us");
    return logged;
}

}  // namespace

std::string_view name_of(LogFormat format) {
    switch (format) {
        case LogFormat::combined: return "combined";
        case LogFormat::json: return "json";
        case LogFormat::haproxy: return "haproxy";
    }
    return "unknown";
}

std::optional<LoggedRequest> read_log_line(LogFormat format, std::string_view line) {
    switch (format) {
        case LogFormat::combined: return read_combined(line);
        case LogFormat::json: return read_json(line);
        case LogFormat::haproxy: return read_haproxy(line);
    }
    return std::nullopt;
}

}  // namespace ringway::bench
