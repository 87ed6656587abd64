// The origin of HTTP load.

#include <algorithm>

#include <fmt/format.h>

#include "http_run.h"

namespace ringway::load {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

HttpOrigin::HttpOrigin(HttpRun& run, Engine& engine, int fd)
    : Peer(engine, fd),
      run_(run),
      response_(HttpText::response(run.plan_.kind == HttpPlan::Kind::requests
                                       ? run.plan_.response_body_bytes
                                       : http_body_bytes_min)) {}

HttpOrigin::~HttpOrigin() { std::erase(run_.streams_, this); }

// A proxy that keeps a connection need not look at it before it wants it again (h2o does not), so
// an idle one is not left waiting for the proxy to close it too.
void HttpOrigin::wind_up() {
    const bool idle = !in_body_ && !streaming_ && !sending();
    if (idle) {
        call_home();
    } else {
        end_sending();
    }
}

void HttpOrigin::on_bytes(std::span<const std::byte> bytes) {
    std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    while (!text.empty()) {
        if (!in_body_) {
            if (!head_.take(text)) return;
            if (!begin_request()) return fail();
        }
        if (in_body_) {
            if (!body_.take(text)) return fail();
            text = {};
        }
        if (in_body_ && !body_.is_complete()) return;
        in_body_ = false;
        if (sending()) {
            waits_to_answer_ = true;
            if (!text.empty()) return fail();  // proxies send one request at a time
        } else {
            answer();
        }
    }
}

bool HttpOrigin::begin_request() {
    const std::string_view head = head_.text();
    const std::size_t slash = head.find('/');
    if (slash == std::string_view::npos) return false;
    const auto id = read_id(head.substr(slash + 1));
    if (!id) return false;
    id_ = *id;
    const BodyFraming framing = BodyFraming::of(head_);
    head_.clear();
    in_body_ = run_.plan_.request_body_bytes > 0;
    if (in_body_) return body_.begin(id_, run_.plan_.request_body_bytes, framing);
    return !framing.chunked && framing.bytes == 0;
}

void HttpOrigin::answer() {
    waits_to_answer_ = false;
    ++run_.report_.origin_exchanges;
    if (run_.plan_.kind == HttpPlan::Kind::events) {
        begin_stream();
        return;
    }
    response_.stamp(id_);
    send(bytes_of(response_.text()));
}

void HttpOrigin::on_sent() {
    if (waits_to_answer_) answer();
}

void HttpOrigin::on_end(int) {
    if (in_body_) run_.count(HttpRun::Fault::early_end);
    retire();
}

void HttpOrigin::fail() {
    run_.count(HttpRun::Fault::wrong_bytes);
    retire();
}

// ---- events -----------------------------------------------------------------------------------

void HttpOrigin::begin_stream() {
    streaming_ = true;
    run_.streams_.push_back(this);
    char id[id_bytes];
    write_id(id, id_);
    head_of_stream_ = fmt::format(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
        "X-Id: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        std::string_view{id, id_bytes});
    send(bytes_of(head_of_stream_));
    // Streams begin at different phases, or all events would come at once.
    const double period = 1e9 / run_.plan_.events_per_second;
    const double phase = static_cast<double>(id_.connection * 2654435761u % 1000) / 1000;
    next_event_ = engine().now() + base::Duration{static_cast<std::int64_t>(period * (1 + phase))};
}

// Each event is a chunk of its own, as it would be of a model that speaks token by token; it bears
// its number and when it was due.
void HttpOrigin::send_due_events(base::Instant now) {
    if (next_event_ > now || sending() || retired()) return;
    const base::Duration period{static_cast<std::int64_t>(1e9 / run_.plan_.events_per_second)};
    events_.clear();
    while (next_event_ <= now) {
        std::string event = fmt::format("data: {:08x} {:016x} ", event_number_++,
                                        static_cast<std::uint64_t>(now.ns));
        event.resize(run_.plan_.event_bytes - 2, '.');
        event += "\n\n";
        events_ += fmt::format("{:x}\r\n{}\r\n", event.size(), event);
        next_event_ = next_event_ + period;
    }
    send(bytes_of(events_));
}

}  // namespace ringway::load
