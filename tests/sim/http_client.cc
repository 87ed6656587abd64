#include "http_client.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <sys/socket.h>

namespace ringway::sim {

namespace {

base::Duration ms(std::int64_t count) { return base::Duration::milliseconds(count); }
base::Duration us(std::int64_t count) { return base::Duration::microseconds(count); }

}  // namespace

HttpClientPlan draw_client_plan(HttpWorld& world) {
    base::Random& random = world.random;
    const HttpManners& manners = world.manners;
    HttpClientPlan plan;
    plan.requests = 1 + static_cast<std::uint32_t>(random.below(manners.requests_max));
    plan.depth = 1 + static_cast<std::uint32_t>(random.below(manners.depth_max));
    const std::uint64_t pace = random.below(4);
    plan.write_max = pace == 0 ? 1 + random.below(40) : pace == 1 ? 1 + random.below(2'000) : 65536;
    plan.read_max = random.chance(1, 4) ? 1 + random.below(500) : 65536;
    constexpr std::int64_t pauses_us[] = {0, 20, 300, 2'000};
    plan.pause_max = us(pauses_us[random.below(4)]);
    // Small pieces and long pauses together would last for ever.
    if (manners.request_bytes_max + manners.response_bytes_max > 20'000) {
        plan.pause_max = plan.pause_max / 8;
        plan.write_max = std::max<std::size_t>(plan.write_max, 2'000);
        plan.read_max = std::max<std::size_t>(plan.read_max, 2'000);
    }
    constexpr std::int64_t thoughts_us[] = {0, 50, 1'000, 20'000};
    plan.think_max = us(thoughts_us[random.below(4)]);
    plan.http10 = manners.http10 && random.chance(1, 4);
    if (plan.http10) plan.requests = plan.depth = 1;
    plan.says_close = random.chance(1, 4);
    plan.sends_on = random.chance(1, 2);
    if (manners.bad_requests && !plan.http10 && random.chance(1, 4)) {
        plan.bad_at = 1 + static_cast<std::uint32_t>(random.below(plan.requests));
    }
    const std::uint64_t reach =
        plan.requests * (manners.request_bytes_max + manners.response_bytes_max) / 2 + 400;
    if (manners.breaks && random.chance(1, 3)) {
        plan.breaks =
            random.chance(2, 3) ? HttpClientPlan::Break::reset : HttpClientPlan::Break::close;
        plan.break_after = random.below(random.chance(1, 2) ? reach : 600);
    }
    if (manners.stalls && random.chance(1, 3)) {
        plan.stalls = true;
        plan.stall_after = random.below(reach);
        plan.stall_time = ms(1 + static_cast<std::int64_t>(random.below(60)));
    }
    return plan;
}

HttpClient::HttpClient(HttpWorld& world, std::uint64_t own_number, const HttpClientPlan& drawn)
    : number(own_number),
      plan(drawn),
      world_(world),
      reader_(false, [this](const std::byte* data, std::size_t bytes) { take_body(data, bytes); }) {
    reader_.begin();
    ++world_.clients_open;
}

std::string HttpClient::describe() const {
    return fmt::format(
        "client {} ({}, {} of {} requests made, {} waiting{}{}, sent {}, received {})", number,
        socket == nullptr ? "no socket" : socket->describe(), made_, plan.requests, waiting_.size(),
        waiting_.empty() ? "" : fmt::format(", first {}", waiting_.front()),
        response_open_ ? " with its answer begun" : "", sent_, received_);
}

void HttpClient::connect(const AddressKey& from, const AddressKey& to, std::string ip) {
    ip_ = std::move(ip);
    socket = &world_.network.make_socket(false);
    socket->hold();
    socket->local = from;
    socket->on_wake = [this] { schedule(world_.kernel().latency()); };
    if (socket->connect(to) != -EINPROGRESS) finish(Outcome::connect_failed);
}

void HttpClient::schedule(base::Duration delay) {
    if (scheduled_ || outcome != Outcome::running) return;
    scheduled_ = true;
    world_.kernel().after(delay, [this] {
        scheduled_ = false;
        step();
    });
}

void HttpClient::hurry() {
    if (hurried_ || outcome != Outcome::running) return;
    hurried_ = true;
    plan.pause_max = us(20);
    plan.think_max = us(20);
    plan.read_max = 65536;
    plan.write_max = 65536;
    plan.stalls = false;
    think_until_ = world_.kernel().now();
    schedule(world_.kernel().latency());
}

void HttpClient::finish(Outcome how) {
    outcome = how;
    const Socket* other = socket->peer();
    const bool faulted = other == nullptr || other->faulted;
    const bool own_wish = how == Outcome::broke_off || how == Outcome::connect_failed;
    bool is_first = true;
    while (!waiting_.empty()) {
        HttpExchange& each = *world_.find(waiting_.front());
        const bool begun = response_open_;
        // Nothing can follow an answer that was cut.
        if (!std::exchange(is_first, false)) each.close_announced = true;
        settle(each, own_wish ? HttpExchange::Outcome::abandoned
                     : begun  ? HttpExchange::Outcome::cut
                              : HttpExchange::Outcome::dropped);
        each.client_faulted = faulted;
    }
    socket->on_wake = nullptr;
    socket->drop();
    --world_.clients_open;
    world_.kernel().trace("    {} is done: {}", describe(), static_cast<int>(how));
}

void HttpClient::step() {
    if (outcome != Outcome::running) return;
    if (socket->state() != Socket::State::connected) {
        const int result = socket->connect_result();
        if (result == -EINPROGRESS) return;
        if (result < 0) return finish(Outcome::connect_failed);
    }
    if (maybe_break() || maybe_stall()) return;
    const bool has_read = read_some();
    if (outcome != Outcome::running) return;
    make_requests();
    const bool has_written = write_some();
    if (outcome != Outcome::running || maybe_break()) return;
    maybe_end();
    if (outcome != Outcome::running) return;
    if (has_read || has_written) schedule(world_.kernel().some_time(plan.pause_max));
}

bool HttpClient::maybe_break() {
    if (plan.breaks == HttpClientPlan::Break::none) return false;
    if (sent_ + received_ < plan.break_after) return false;
    Faults& faults = world_.kernel().faults();
    const bool reset = plan.breaks == HttpClientPlan::Break::reset;
    faults.note(reset ? Fault::reset_by_peer : Fault::closed_by_peer);
    socket->linger_zero = reset;
    finish(Outcome::broke_off);
    return true;
}

bool HttpClient::maybe_stall() {
    if (!plan.stalls || stalled_ || sent_ + received_ < plan.stall_after) return false;
    stalled_ = true;
    world_.kernel().faults().note(Fault::slow_peer);
    schedule(plan.stall_time);
    return true;
}

void HttpClient::maybe_end() {
    const bool asked_all = closing_ || made_ >= plan.requests;
    const bool sent_all = sent_ == out_base_ + out_.size();
    const bool gives_up = closing_ && !plan.sends_on;
    if (waiting_.empty() && asked_all && (sent_all || gives_up)) finish(Outcome::ended);
}

// ---- requests --------------------------------------------------------------------------------

void HttpClient::make_requests() {
    while (!closing_ && made_ < plan.requests && waiting_.size() < plan.depth) {
        if (waiting_.empty() && world_.kernel().now() < think_until_) return;
        ++made_;
        if (made_ == plan.bad_at) {
            make_bad_request();
        } else {
            make_request();
        }
    }
}

HttpExchange& HttpClient::plan_exchange() {
    base::Random& random = world_.random;
    const HttpManners& manners = world_.manners;
    HttpExchange& exchange = world_.make_exchange();
    exchange.client_ip = ip_;
    exchange.http10 = plan.http10;
    constexpr const char* methods[] = {"GET",  "GET", "GET",    "HEAD",   "POST",
                                       "POST", "PUT", "DELETE", "OPTIONS"};
    exchange.method = methods[random.below(std::size(methods))];
    if (exchange.method == "POST" || exchange.method == "PUT") {
        exchange.request_bytes =
            random.chance(1, 8) ? 0 : random.below(manners.request_bytes_max + 1);
        exchange.request_chunked = !plan.http10 && random.chance(1, 2);
        exchange.expects_continue =
            !plan.http10 && exchange.request_bytes > 0 && random.chance(1, 6);
    }
    constexpr int statuses[] = {200, 200, 200, 200, 404, 500, 204, 304, 206, 301};
    exchange.status = statuses[random.below(std::size(statuses))];
    const std::uint64_t framing = random.below(manners.until_close ? 5 : 4);
    exchange.framing = framing < 2   ? HttpFraming::length
                       : framing < 4 ? HttpFraming::chunked
                                     : HttpFraming::until_close;
    exchange.response_bytes =
        random.chance(1, 8) ? 0 : random.below(manners.response_bytes_max + 1);
    if (random.chance(1, 6)) exchange.response_bytes = manners.response_bytes_max;
    return exchange;
}

void HttpClient::begin_exchange(HttpExchange& exchange, const std::string& text) {
    world_.kernel().trace("    {} asks {} {}, {} bytes", describe(), exchange.method, exchange.id,
                          text.size());
    waiting_.push_back(exchange.id);
    out_ += text;
    ends_.push_back({out_base_ + out_.size(), exchange.id});
    if (waiting_.size() == 1) reader_.begin(exchange.method == "HEAD");
}

void HttpClient::make_request() {
    base::Random& random = world_.random;
    HttpExchange& exchange = plan_exchange();
    const bool last = made_ == plan.requests;
    const bool closes = last && plan.says_close && !plan.http10;
    std::string text =
        fmt::format("{} {}/r/{} HTTP/1.{}\r\n", exchange.method,
                    random.chance(1, 6) ? "http://sim.test" : "", exchange.id, plan.http10 ? 0 : 1);
    text += random.chance(1, 2) ? "Host: sim.test\r\n" : "hOST:sim.test  \r\n";
    text += fmt::format("X-Sim-Id: {}\r\n", exchange.id);
    if (random.chance(1, 6)) text += "Accept: application/json\r\n";
    if (random.chance(1, 6)) text += "X-Forwarded-For: 192.0.2.1\r\nTE: trailers\r\n";
    if (random.chance(1, 6)) {
        text += fmt::format("Connection: x-drop{}\r\nX-Drop: me\r\n", closes ? ", close" : "");
    } else if (closes) {
        text += "Connection: close\r\n";
    }
    if (world_.manners.pads_heads && random.chance(1, 3)) {
        text += fmt::format("X-Pad: {}\r\n", std::string(1 + random.below(3'000), 'p'));
    }
    if (exchange.expects_continue) text += "Expect: 100-continue\r\n";
    const bool old = plan.http10 && (exchange.method == "POST" || exchange.method == "PUT");
    const bool has_body = old || exchange.request_bytes > 0 || exchange.request_chunked ||
                          (exchange.method == "POST" && random.chance(3, 4));
    if (has_body && exchange.request_chunked) {
        text += "Transfer-Encoding: chunked\r\n";
    } else if (has_body) {
        text += fmt::format("Content-Length: {}\r\n", exchange.request_bytes);
    }
    text += "\r\n";
    if (exchange.expects_continue) {
        gates_.push_back({out_base_ + out_.size() + text.size(), exchange.id});
        world_.kernel().after(ms(5), [this, id = exchange.id] { open_gate(id); });
    }
    if (has_body) {
        const std::string body = body_text(exchange.id, BodyOf::request, exchange.request_bytes);
        text += exchange.request_chunked ? chunked_text(body, random, true) : body;
    }
    begin_exchange(exchange, text);
    closing_ = closing_ || closes;
}

// Something that must be refused, and behind it what must never be taken for a request.
void HttpClient::make_bad_request() {
    base::Random& random = world_.random;
    HttpExchange& exchange = plan_exchange();
    exchange.method = "POST";
    exchange.expects_continue = exchange.request_chunked = false;
    exchange.request_bytes = 0;
    exchange.forbidden = true;
    exchange.refusable = true;
    const std::string id = fmt::format("X-Sim-Id: {}\r\n", exchange.id);
    const std::string line = fmt::format("POST /r/{} HTTP/1.1\r\n", exchange.id);
    const std::string host = "Host: sim.test\r\n";
    std::string text;
    switch (random.below(13)) {
        case 0:
            text = line + host + id +
                   "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
            break;
        case 1:
            text = line + host + id + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!";
            break;
        case 2: text = line + host + id + "Content-Length: +5\r\n\r\nhello"; break;
        case 3: text = line + host + id + "X-Bare: a\nContent-Length: 3\r\n\r\nabc"; break;
        case 4: text = line + host + id + "Content-Length : 3\r\n\r\nabc"; break;
        case 5: text = line + id + "Content-Length: 3\r\n\r\nabc"; break;
        case 6: text = line + host + host + id + "Content-Length: 3\r\n\r\nabc"; break;
        case 7: text = line + host + id + "X-Fold: a\r\n b\r\nContent-Length: 3\r\n\r\nabc"; break;
        case 8:
            text = line + host + id + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n";
            break;
        case 9: text = line + host + id + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"; break;
        case 10: text = line + host + id + "Content-Length: 3, 4\r\n\r\nabcd"; break;
        default: {
            // The head is good; the body is not, in the middle or in its first line.
            exchange.forbidden = false;
            exchange.never_complete = true;
            exchange.request_bytes = 1'000'000;
            text = line + host + id + "Transfer-Encoding: chunked\r\n\r\n";
            const std::size_t first = random.chance(1, 2) ? 1 + random.below(300) : 0;
            const std::string body = body_text(exchange.id, BodyOf::request, first + 3);
            if (first > 0) text += fmt::format("{:x}\r\n{}\r\n", first, body.substr(0, first));
            const std::string no_end = fmt::format("3\r\n{}xx", body.substr(first));
            const std::string endings[] = {
                "zz\r\n",         "-1\r\n",        "5\nhello\r\n",         no_end,
                "0x3\r\nabc\r\n", " 3\r\nabc\r\n", "fffffffffffffffff\r\n"};
            text += endings[random.below(std::size(endings))];
            break;
        }
    }
    begin_exchange(exchange, text);
    HttpExchange& hidden = world_.make_exchange();
    hidden.forbidden = true;
    hidden.outcome = HttpExchange::Outcome::abandoned;
    out_ += fmt::format(
        "POST /r/{0} HTTP/1.1\r\nHost: sim.test\r\nX-Sim-Id: {0}\r\n"
        "Content-Length: 0\r\n\r\n",
        hidden.id);
    closing_ = true;
    world_.kernel().faults().note(Fault::request_bad);
}

std::uint64_t HttpClient::sendable() const {
    const std::uint64_t all = out_base_ + out_.size();
    return gates_.empty() ? all : std::min(all, gates_.front().at);
}

void HttpClient::open_gate(std::uint64_t id) {
    const auto found = std::find_if(gates_.begin(), gates_.end(),
                                    [id](const Mark& mark) { return mark.id == id; });
    if (found == gates_.end()) return;
    gates_.erase(found);
    schedule(world_.kernel().latency());
}

bool HttpClient::write_some() {
    const std::uint64_t left = sendable() - sent_;
    if (left == 0) return false;
    const std::size_t wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(left, 1 + world_.kernel().random().below(plan.write_max)));
    iovec piece{};
    piece.iov_base = out_.data() + (sent_ - out_base_);
    piece.iov_len = wanted;
    const std::int64_t taken = socket->send(&piece, 1);
    if (taken == -EAGAIN) return false;
    if (taken < 0) {
        // What arrived before the reset is still looked at.
        while (outcome == Outcome::running && read_some()) {
        }
        if (outcome == Outcome::running) stream_ended(false);
        return false;
    }
    sent_ += static_cast<std::uint64_t>(taken);
    while (!ends_.empty() && ends_.front().at <= sent_) {
        world_.find(ends_.front().id)->request_sent = true;
        ends_.pop_front();
    }
    if (sent_ - out_base_ > 100'000) {
        out_.erase(0, static_cast<std::size_t>(sent_ - out_base_));
        out_base_ = sent_;
    }
    return true;
}

// ---- answers ---------------------------------------------------------------------------------

HttpExchange* HttpClient::front() {
    return waiting_.empty() ? nullptr : world_.find(waiting_.front());
}

bool HttpClient::read_some() {
    std::byte chunk[65536];
    const std::size_t wanted = 1 + world_.kernel().random().below(plan.read_max);
    const std::int64_t count = socket->receive(chunk, std::min(wanted, sizeof chunk));
    if (count == -EAGAIN) return false;
    if (count > 0) {
        received_ += static_cast<std::uint64_t>(count);
        take(chunk, static_cast<std::size_t>(count));
        return true;
    }
    stream_ended(count == 0 && socket->end_seen());
    return false;
}

void HttpClient::take(const std::byte* data, std::size_t bytes) {
    while (bytes > 0 && outcome == Outcome::running) {
        const bool in_head = reader_.state() == HttpReader::State::head;
        const std::size_t used = reader_.feed(data, bytes);
        data += used;
        bytes -= used;
        if (reader_.state() == HttpReader::State::failed) {
            return world_.kernel().fail("{} received what is no response: {}", describe(),
                                        reader_.problem());
        }
        if (in_head && reader_.state() != HttpReader::State::head) {
            take_head();
            if (!world_.kernel().failure().empty()) return;
        }
        if (reader_.state() == HttpReader::State::complete) response_complete();
    }
}

void HttpClient::take_head() {
    Kernel& kernel = world_.kernel();
    if (reader_.status() < 200) return take_interim();
    response_open_ = true;
    HttpExchange* exchange = front();
    if (exchange == nullptr) {
        // A head that never came may be answered so; nothing else comes unasked.
        if (reader_.status() != 408) kernel.fail("{} received an answer unasked", describe());
        closing_ = true;
        return;
    }
    exchange->status_seen = reader_.status();
    from_origin_ = reader_.count("x-sim-id") > 0;
    if (from_origin_) return take_answer(*exchange);
    constexpr int own[] = {400, 408, 411, 413, 414, 417, 431, 500, 501, 502, 503, 504, 505};
    if (std::find(std::begin(own), std::end(own), reader_.status()) == std::end(own)) {
        kernel.fail("{} received {} for {}, which no origin sent", describe(), reader_.status(),
                    exchange->id);
    }
}

void HttpClient::take_interim() {
    const HttpExchange* exchange = front();
    Kernel& kernel = world_.kernel();
    if (exchange == nullptr || plan.http10) {
        return kernel.fail("{} received {} out of place", describe(), reader_.status());
    }
    if (reader_.status() == 100) {
        if (!exchange->expects_continue) {
            return kernel.fail("{} was told to go on with {}, which it did not ask", describe(),
                               exchange->id);
        }
        open_gate(exchange->id);
    } else if (reader_.field("x-sim-id") != fmt::format("{}", exchange->id)) {
        kernel.fail("{} received an interim response of {} for {}", describe(),
                    reader_.field("x-sim-id"), exchange->id);
    }
}

void HttpClient::take_answer(HttpExchange& exchange) {
    Kernel& kernel = world_.kernel();
    const std::string id = reader_.field("x-sim-id");
    if (reader_.count("x-sim-id") != 1 || id != fmt::format("{}", exchange.id)) {
        return kernel.fail("{} asked for {} and received the answer to {}", describe(), exchange.id,
                           id);
    }
    if (exchange.forbidden || exchange.heads == 0) {
        return kernel.fail("{} received an answer to {}, which no origin gave", describe(),
                           exchange.id);
    }
    if (reader_.status() != exchange.status) {
        return kernel.fail("{} received status {} for {}, sent was {}", describe(),
                           reader_.status(), exchange.id, exchange.status);
    }
    if (world_.direct) return;
    for (const char* name : {"x-hop", "keep-alive", "proxy-connection"}) {
        if (reader_.count(name) > 0) kernel.fail("{} received {}", describe(), name);
    }
    if (plan.http10 && reader_.framing() == HttpFraming::chunked) {
        kernel.fail("{} speaks HTTP/1.0 and received chunks", describe());
    }
}

void HttpClient::take_body(const std::byte* data, std::size_t bytes) {
    const HttpExchange* exchange = front();
    if (exchange == nullptr || !from_origin_) return;
    std::byte expected[65536];
    fill_body(exchange->id, BodyOf::response, reader_.body_bytes(), expected, bytes);
    if (!std::equal(data, data + bytes, expected)) {
        std::size_t wrong = 0;
        while (expected[wrong] == data[wrong]) ++wrong;
        world_.kernel().fail("{} received a wrong byte of the answer to {}, at offset {} of {}",
                             describe(), exchange->id, reader_.body_bytes() + wrong,
                             exchange->response_bytes);
    }
}

void HttpClient::response_complete() {
    Kernel& kernel = world_.kernel();
    const bool interim = reader_.status() < 200;
    HttpExchange* exchange = front();
    if (interim) {
        reader_.begin(exchange != nullptr && exchange->method == "HEAD");
        return;
    }
    const bool ends_connection =
        reader_.lists("connection", "close") || reader_.framing() == HttpFraming::until_close ||
        ((plan.http10 || reader_.is_http10()) && !reader_.lists("connection", "keep-alive"));
    response_open_ = false;
    if (exchange == nullptr) {
        reader_.begin();
        return;
    }
    if (from_origin_) {
        if (!exchange->answers_without_body() && reader_.body_bytes() != exchange->response_bytes) {
            kernel.fail("{} received {} bytes for {}, as if that was all, and there are {}",
                        describe(), reader_.body_bytes(), exchange->id, exchange->response_bytes);
        }
        if (exchange->complete_responses == 0) {
            kernel.fail("{} received a whole answer to {}, which its origin cut", describe(),
                        exchange->id);
        }
    }
    const bool unfinished = !exchange->request_sent;
    open_gate(exchange->id);
    settle(*exchange,
           from_origin_ ? HttpExchange::Outcome::answered : HttpExchange::Outcome::refused);
    reader_.begin(front() != nullptr && front()->method == "HEAD");
    if (waiting_.empty() && plan.think_max.ns > 0) {
        think_until_ = kernel.now() + kernel.some_time(plan.think_max);
        kernel.at(think_until_, [this] { step(); });
    }
    if (ends_connection) {
        for (const std::uint64_t id : waiting_) world_.find(id)->close_announced = true;
        if (!unfinished || !plan.sends_on) stop_asking();
        closing_ = true;
    }
}

void HttpClient::settle(HttpExchange& exchange, HttpExchange::Outcome how) {
    exchange.outcome = how;
    const Socket* other = socket->peer();
    exchange.client_faulted = other == nullptr || other->faulted;
    waiting_.pop_front();
    response_open_ = false;
}

// Nothing further is sent: the other side has said that it will not listen.
void HttpClient::stop_asking() {
    closing_ = true;
    finish(Outcome::ended);
}

void HttpClient::stream_ended(bool orderly) {
    if (orderly) {
        reader_.end_of_stream();
        if (response_open_ && reader_.state() == HttpReader::State::complete) response_complete();
        if (outcome != Outcome::running) return;
    }
    finish(Outcome::ended);
}

}  // namespace ringway::sim
