#include "http_serving.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "ringway/mock/pattern.h"

namespace ringway::mock {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::uint64_t slow_ms_max = 60'000;
constexpr auto event_interval = std::chrono::milliseconds(500);

// The number behind `prefix`, when that is all there is.
std::optional<std::uint64_t> number_behind(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    path.remove_prefix(prefix.size());
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(path.data(), path.data() + path.size(), number);
    if (failure != std::errc{} || end != path.data() + path.size()) return std::nullopt;
    return number;
}

// "2026-01-02T03:04:05.678Z"
std::string wall_clock() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    std::tm parts{};
    ::gmtime_r(&now.tv_sec, &parts);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                       now.tv_nsec / 1'000'000);
}

void append(std::string_view text, std::vector<std::byte>& out) {
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    out.insert(out.end(), data, data + text.size());
}

}  // namespace

void HttpServing::take(std::string_view input) {
    if (ended_) return;
    waiting_.erase(0, taken_);
    taken_ = 0;
    waiting_ += input;
}

bool HttpServing::advance(Clock::time_point now, std::vector<std::byte>& out) {
    if (body_left_ > 0) {
        write_body(out);
        return true;
    }
    if (due_ == Clock::time_point::max()) return answer_next(now, out);
    if (due_ > now) return false;
    append(streams_ ? next_event(now) : later_, out);
    if (!streams_) due_ = Clock::time_point::max();
    return true;
}

bool HttpServing::answer_next(Clock::time_point now, std::vector<std::byte>& out) {
    if (waiting_.empty() || ended_) return false;
    std::string_view input = std::string_view(waiting_).substr(taken_);
    const std::optional<HttpRequest> request = reader_.read(input);
    taken_ = waiting_.size() - input.size();
    if (input.empty()) waiting_.clear(), taken_ = 0;
    if (!request) return false;
    ++requests_;
    append(answer(*request, now), out);
    if (!request->keep_alive || request->refusal != 0) ended_ = true;
    return true;
}

// What can be said now: all of the answer, its head, or nothing yet.
std::string HttpServing::answer(const HttpRequest& request, Clock::time_point now) {
    const bool head_only = request.method == "HEAD";
    if (request.refusal != 0) {
        return http_response(request.refusal, "ringway mock does not take this request\n", false,
                             false);
    }
    if (settings_.bytes > 0) return begin_body(request, settings_.bytes);
    const std::string_view path =
        std::string_view(request.target)
            .substr(0, std::min(request.target.size(), request.target.find('?')));
    const std::string line =
        fmt::format("ringway mock at {}: request {} of this connection was {} {}\n", name_,
                    requests_, request.method, request.target);
    if (const auto bytes = number_behind(path, "/bytes/")) return begin_body(request, *bytes);
    if (path == "/events") return begin_events(request, endless, now);
    if (const auto count = number_behind(path, "/events/")) {
        return begin_events(request, *count, now);
    }
    if (path == "/echo") return http_response(200, request.body, request.keep_alive, head_only);
    if (const auto status = number_behind(path, "/status/")) {
        const bool fits = *status >= 200 && *status <= 599;
        return http_response(fits ? static_cast<int>(*status) : 400, line, request.keep_alive,
                             head_only);
    }
    const std::string response = http_response(200, line, request.keep_alive, head_only);
    const auto slow_ms = number_behind(path, "/slow/");
    if (!slow_ms) return response;
    later_ = response;
    streams_ = false;
    due_ = now + std::chrono::milliseconds(std::min(*slow_ms, slow_ms_max));
    return {};
}

// ---- bodies of the pattern --------------------------------------------------------------------

std::string HttpServing::begin_body(const HttpRequest& request, std::uint64_t bytes) {
    body_left_ = request.method == "HEAD" ? 0 : bytes;
    body_offset_ = 0;
    return http_head(200, "application/octet-stream", bytes, request.keep_alive);
}

void HttpServing::write_body(std::vector<std::byte>& out) {
    const std::size_t bytes = std::min<std::uint64_t>(body_left_, piece_bytes);
    const std::size_t before = out.size();
    out.resize(before + bytes);
    fill_pattern(body_offset_, std::span(out).subspan(before));
    body_offset_ += bytes;
    body_left_ -= bytes;
}

// ---- events -----------------------------------------------------------------------------------

std::string HttpServing::begin_events(const HttpRequest& request, std::uint64_t count,
                                      Clock::time_point now) {
    chunked_ = request.version_minor != 0;
    if (!chunked_) ended_ = true;  // only its end can tell an old client that this was all
    if (request.method != "HEAD") {
        streams_ = true;
        events_left_ = count;
        events_sent_ = 0;
        due_ = now;
    }
    return fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n{}"
        "Connection: {}\r\n\r\n",
        chunked_ ? "Transfer-Encoding: chunked\r\n" : "",
        request.keep_alive && chunked_ ? "keep-alive" : "close");
}

std::string HttpServing::next_event(Clock::time_point now) {
    if (events_left_ == 0) {
        due_ = Clock::time_point::max();
        return chunked_ ? "0\r\n\r\n" : "";
    }
    if (events_left_ != endless) --events_left_;
    // The end follows the last event at once.
    due_ = events_left_ == 0 ? now : now + event_interval;
    const std::string event = fmt::format("id: {}\ndata: {}\n\n", ++events_sent_, wall_clock());
    return chunked_ ? fmt::format("{:x}\r\n{}\r\n", event.size(), event) : event;
}

}  // namespace ringway::mock
