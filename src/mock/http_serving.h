// What a mock origin answers to the HTTP requests of one connection, one after another.
//
//   /bytes/N     N bytes of the pattern           /status/N   status N
//   /slow/MS     an answer after MS milliseconds  /echo       the request's body
//   /events[/N]  server-sent events, two a second, N of them or until the client leaves
//   else         a line that says who answered; with OriginSettings::bytes so many of the pattern
//
// Owns the requests that wait and the answer under way. Does no I/O: it is given what was read, and
// writes into what is to be sent, at most one piece at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http_reader.h"
#include "ringway/mock/origin.h"

namespace ringway::mock {

class HttpServing {
  public:
    using Clock = std::chrono::steady_clock;

    HttpServing(const OriginSettings& settings, std::string_view name)
        : settings_(settings), name_(name) {}

    void take(std::string_view input);
    // Requests that nobody has answered yet are bounded by not reading more.
    bool wants_input() const { return ended_ || waiting_.size() - taken_ < waiting_bytes_max; }
    // The client sends nothing more: an endless stream has nobody left to please.
    void input_ended() {
        if (events_left_ == endless) events_left_ = 0;
    }

    // Writes the next piece into `out`. False when there is none now.
    bool advance(Clock::time_point now, std::vector<std::byte>& out);
    // When there will be one, if time is all that is awaited; max() otherwise.
    Clock::time_point due() const { return due_; }
    // advance() has something to do at once.
    bool has_more() const { return body_left_ > 0 || (!waiting_.empty() && !ended_ && !is_busy()); }
    // An answer is under way, or comes later.
    bool is_busy() const { return body_left_ > 0 || due_ != Clock::time_point::max(); }
    // The last answer said that the connection closes.
    bool has_ended() const { return ended_ && !is_busy(); }
    std::uint64_t requests() const { return requests_; }

  private:
    static constexpr std::size_t waiting_bytes_max = 64 * 1024;
    static constexpr std::uint64_t endless = ~std::uint64_t{0};

    bool answer_next(Clock::time_point now, std::vector<std::byte>& out);
    std::string answer(const HttpRequest& request, Clock::time_point now);
    std::string begin_body(const HttpRequest& request, std::uint64_t bytes);
    std::string begin_events(const HttpRequest& request, std::uint64_t count,
                             Clock::time_point now);
    void write_body(std::vector<std::byte>& out);
    std::string next_event(Clock::time_point now);

    const OriginSettings& settings_;
    std::string_view name_;
    HttpReader reader_;
    std::string waiting_;    // what was read
    std::size_t taken_ = 0;  // of it, by requests
    std::uint64_t requests_ = 0;
    std::uint64_t body_left_ = 0;
    std::uint64_t body_offset_ = 0;
    std::uint64_t events_left_ = 0;
    std::uint64_t events_sent_ = 0;
    std::string later_;  // the whole answer that is due
    Clock::time_point due_ = Clock::time_point::max();
    bool streams_ = false;  // what is due is an event
    bool chunked_ = false;
    bool ended_ = false;
};

}  // namespace ringway::mock
