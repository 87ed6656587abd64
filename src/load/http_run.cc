#include "http_run.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "message.h"
#include "ringway/ring/sys.h"

namespace ringway::load {

namespace {

constexpr unsigned opening_max = 128;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

class HttpClient final : public Peer {
  public:
    HttpClient(HttpRun& run, Engine& engine, int fd, std::uint32_t tag)
        : Peer(engine, fd),
          run_(run),
          request_(HttpText::request(run.plan_.request_body_bytes, run.plan_.new_connection_each)),
          id_{tag, 0} {}

    void begin(base::Instant scheduled) {
        resting_ = false;
        started_ = scheduled;
        request_.stamp(id_);
        send(bytes_of(request_.text()));
    }
    void wind_up() override {
        winding_up_ = true;
        if (resting_ || run_.plan_.kind == HttpPlan::Kind::events) end_sending();
    }

  private:
    void on_bytes(std::span<const std::byte> bytes) override {
        std::string_view text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
        if (resting_) return fail(HttpRun::Fault::wrong_bytes);
        if (!in_body_) {
            if (!head_.take(text)) return;
            if (!begin_body()) return fail(HttpRun::Fault::wrong_bytes);
        }
        if (run_.plan_.kind == HttpPlan::Kind::events) {
            const auto use = [&](std::string_view data) { return take_events(data); };
            if (!stream_.take(text, use)) fail(HttpRun::Fault::wrong_bytes);
            return;
        }
        if (!body_.take(text)) return fail(HttpRun::Fault::wrong_bytes);
        if (body_.is_complete()) response_done();
    }
    bool begin_body() {
        const auto id = read_id(head_.field("X-Id"));
        if (!head_.text().starts_with("HTTP/1.1 200 ") || !id || *id != id_) return false;
        in_body_ = true;
        const BodyFraming framing = BodyFraming::of(head_);
        if (run_.plan_.kind == HttpPlan::Kind::events) {
            stream_.begin(framing);
            first_answer();
            return framing.chunked;
        }
        return body_.begin(id_, run_.plan_.response_body_bytes, framing);
    }
    void response_done() {
        head_.clear();
        in_body_ = false;
        run_.done(started_);
        if (id_.number == 0) first_answer();
        ++id_.number;
        resting_ = true;
        if (run_.hold_ || run_.plan_.new_connection_each) return;
        if (winding_up_) {
            end_sending();
        } else if (!sending()) {
            run_.client_rests(*this);
        }
    }
    void first_answer() {
        --run_.opening_;
        ++run_.answered_;
    }
    // "data: NUMBER TIME ...": in order, none missing.
    bool take_events(std::string_view text) {
        constexpr std::string_view mark = "data: ";
        constexpr std::size_t stamp_bytes = mark.size() + 8 + 1 + 16;
        unread_ += text;
        std::size_t at = 0;
        for (;;) {
            const std::size_t found = unread_.find(mark, at);
            if (found == std::string::npos || unread_.size() - found < run_.plan_.event_bytes)
                break;
            std::uint64_t number = 0, sent_at = 0;
            const char* digits = unread_.data() + found + mark.size();
            std::from_chars(digits, digits + 8, number, 16);
            std::from_chars(digits + 9, digits + 25, sent_at, 16);
            if (number != id_.number++) return false;
            run_.done(base::Instant{static_cast<std::int64_t>(sent_at)});
            at = found + stamp_bytes;
        }
        unread_.erase(0, at);
        return true;
    }
    void on_sent() override {
        if (resting_ && !run_.hold_ && !winding_up_ && !run_.plan_.new_connection_each) {
            run_.client_rests(*this);
        }
    }
    void on_end(int os_error) override {
        const bool expected = winding_up_ || (run_.plan_.new_connection_each && resting_);
        if (expected && (os_error == 0 || run_.plan_.kind == HttpPlan::Kind::events)) {
            leave(true);
        } else if (id_.number == 0 && os_error == ECONNREFUSED) {
            fail(HttpRun::Fault::connect);
        } else {
            fail(os_error == 0 ? HttpRun::Fault::early_end : HttpRun::Fault::reset);
        }
    }
    void fail(HttpRun::Fault fault) {
        run_.count(fault);
        leave(false);
    }
    void leave(bool in_order) {
        if (id_.number == 0 && !in_body_) --run_.opening_;
        retire();
        run_.client_gone(*this, in_order);
    }

    HttpRun& run_;
    HttpText request_;
    HeadCollector head_;
    BodyCheck body_;
    BodyReader stream_;
    std::string unread_;
    RequestId id_;
    base::Instant started_{0};
    bool in_body_ = false;
    bool resting_ = true;
    bool winding_up_ = false;
};

HttpRun::HttpRun(Engine& engine, const HttpPlan& plan, std::uint32_t run_number, bool hold)
    : engine_(engine),
      plan_(plan),
      first_tag_(static_cast<std::uint32_t>(mix(run_number))),
      hold_(hold),
      latency_(std::make_unique<stats::Histogram>()) {
    engine_.set_acceptor([this](int fd) { accept(fd); });
    progress_at_ = ring::sys::now();
}

HttpRun::~HttpRun() {
    engine_.clear(base::Duration::milliseconds(0));
    engine_.set_acceptor(nullptr);
}

void HttpRun::accept(int fd) {
    auto* origin = new HttpOrigin(*this, engine_, fd);
    origin->start_receiving();
}

void HttpRun::open_more() {
    while (running_ && open_ < plan_.connections && opening_ < opening_max && !hopeless()) {
        const int fd = engine_.connect(plan_.target);
        if (fd < 0) {
            count(Fault::connect);
            continue;
        }
        auto* client = new HttpClient(*this, engine_, fd, first_tag_ + opened_++);
        ++open_;
        ++opening_;
        client->start_receiving();
        // Under churn the connect is part of what is measured.
        client->begin(engine_.now());
    }
}

void HttpRun::count(Fault fault) {
    switch (fault) {
        case Fault::connect: ++report_.errors.connect; return;
        case Fault::reset: ++report_.errors.reset; return;
        case Fault::early_end: ++report_.errors.early_end; return;
        case Fault::wrong_bytes: ++report_.errors.wrong_bytes; return;
    }
}

void HttpRun::done(base::Instant started) {
    ++report_.client_exchanges;
    progress_at_ = engine_.now();
    if (!measuring_) return;
    ++report_.exchanges;
    report_.bytes += plan_.response_body_bytes;
    latency_->record(
        static_cast<std::uint64_t>(std::max<std::int64_t>((progress_at_ - started).ns, 0)));
}

void HttpRun::client_rests(HttpClient& client) {
    if (!running_) return;
    if (plan_.rate == 0) {
        client.begin(engine_.now());
    } else if (!overdue_.empty()) {
        client.begin(overdue_.front());
        overdue_.pop_front();
    } else {
        resting_.push_back(&client);
    }
}

void HttpRun::client_gone(HttpClient& client, bool in_order) {
    --open_;
    std::erase(resting_, &client);
    if (measuring_ && in_order) ++report_.connections;
}

// Open loop: what is due begins, on whatever connection is free; what finds none waits, and its
// waiting counts.
void HttpRun::begin_scheduled() {
    if (plan_.rate == 0 || answered_ < plan_.connections || !running_) return;
    const base::Instant now = engine_.now();
    const base::Duration period{static_cast<std::int64_t>(1e9 / plan_.rate)};
    if (due_at_.ns == 0) due_at_ = now;
    for (; due_at_ <= now; due_at_ = due_at_ + period) {
        if (resting_.empty()) {
            overdue_.push_back(due_at_);
            continue;
        }
        HttpClient* client = resting_.back();
        resting_.pop_back();
        client->begin(due_at_);
    }
}

void HttpRun::send_events() {
    if (plan_.kind != HttpPlan::Kind::events || !running_) return;
    const base::Instant now = engine_.now();
    for (HttpOrigin* stream : streams_) stream->send_due_events(now);
}

void HttpRun::turn() {
    open_more();
    begin_scheduled();
    send_events();
    engine_.turn();
}

void HttpRun::measure(const WindowMarks& marks) {
    base::Instant boundary = ring::sys::now() + plan_.warm_up;
    base::Instant began{0};
    std::uint64_t first_turn = 0;
    while (!hopeless()) {
        turn();
        const base::Instant now = engine_.now();
        if (now - progress_at_ > plan_.patience) {
            ++report_.errors.stalled;
            break;
        }
        const bool all_there = plan_.new_connection_each || answered_ >= plan_.connections;
        if (now < boundary || !all_there) continue;
        if (measuring_) break;
        marks.begin();
        measuring_ = true;
        began = ring::sys::now();
        boundary = began + plan_.measure;
        first_turn = engine_.turns();
    }
    if (measuring_) {
        report_.window = ring::sys::now() - began;
        marks.end();
        report_.turns = engine_.turns() - first_turn;
    }
    measuring_ = false;
}

void HttpRun::open_and_hold() {
    while (answered_ < plan_.connections && !hopeless()) {
        turn();
        if (engine_.now() - progress_at_ > plan_.patience) {
            ++report_.errors.stalled;
            break;
        }
    }
    // The reports of the last sends are still under way.
    for (int i = 0; i < 100; ++i) engine_.turn();
}

// The clients first: a proxy keeps its connections to the origin, which the origin must end. Event
// streams end from both sides at once, as some proxies wait for the origin when a client has left.
void HttpRun::finish() {
    running_ = false;
    for (HttpOrigin* stream : streams_) stream->wind_up();
    engine_.for_each([](Actor& actor) {
        if (auto* client = dynamic_cast<HttpClient*>(&actor)) client->wind_up();
    });
    const base::Instant until = ring::sys::now() + plan_.patience;
    while (open_ > 0 && ring::sys::now() < until) engine_.turn();
    if (!engine_.clear(plan_.patience)) ++report_.errors.stalled;
    report_.latency.add(*latency_);
}

}  // namespace ringway::load
