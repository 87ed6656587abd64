#include "http_origin.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include <sys/socket.h>

namespace ringway::sim {

namespace {
base::Duration us(std::int64_t count) { return base::Duration::microseconds(count); }
}  // namespace

HttpOriginConnection::HttpOriginConnection(HttpWorld& world, Socket& accepted)
    : world_(world),
      socket_(&accepted),
      id_(accepted.id),
      reader_(true, [this](const std::byte* data, std::size_t bytes) { take_body(data, bytes); }) {
    socket_->hold();
    socket_->on_wake = [this] { schedule(world_.kernel().latency()); };
    reader_.begin();
    schedule(world_.kernel().latency());
}

std::string HttpOriginConnection::describe() const {
    return fmt::format("origin's peer{} ({} requests{})", id_, requests_,
                       exchange_ == nullptr ? "" : fmt::format(", at {}", exchange_->id));
}

void HttpOriginConnection::schedule(base::Duration delay) {
    if (scheduled_ || socket_ == nullptr) return;
    scheduled_ = true;
    world_.kernel().after(delay, [this] {
        scheduled_ = false;
        step();
    });
}

void HttpOriginConnection::hurry() {
    if (socket_ == nullptr || hurried_) return;
    hurried_ = true;
    treatment_.pause_max = us(20);
    treatment_.write_max = 65536;
    if (frozen_) {
        frozen_ = false;
        answer();
    }
    schedule(world_.kernel().latency());
}

void HttpOriginConnection::finish(bool reset) {
    socket_->linger_zero = reset;
    socket_->on_wake = nullptr;
    socket_->drop();
    socket_ = nullptr;
}

void HttpOriginConnection::step() {
    if (socket_ == nullptr) return;
    const bool has_read = read_some();
    if (socket_ == nullptr) return;
    const bool has_written = write_some();
    if (socket_ == nullptr) return;
    if (has_read || has_written) schedule(world_.kernel().some_time(treatment_.pause_max));
}

// ---- requests --------------------------------------------------------------------------------

bool HttpOriginConnection::read_some() {
    std::byte chunk[65536];
    const std::int64_t count = socket_->receive(chunk, sizeof chunk);
    if (count == -EAGAIN) return false;
    if (count <= 0) {
        // Whoever asks and ends before the answer does not want it.
        finish(count < 0);
        return false;
    }
    take(chunk, static_cast<std::size_t>(count));
    return socket_ != nullptr;
}

void HttpOriginConnection::take(const std::byte* data, std::size_t bytes) {
    Kernel& kernel = world_.kernel();
    while (bytes > 0 && socket_ != nullptr && kernel.failure().empty()) {
        if (request_done_ && !response_done_) {
            return kernel.fail("{} received a request while it answers another", describe());
        }
        if (request_done_ && leaving_) {
            return kernel.fail("{} received a request after it said that it closes", describe());
        }
        const bool in_head = reader_.state() == HttpReader::State::head;
        const std::size_t used = reader_.feed(data, bytes);
        data += used;
        bytes -= used;
        if (reader_.state() == HttpReader::State::failed) {
            return kernel.fail("{} received what is no request: {}", describe(), reader_.problem());
        }
        if (in_head && reader_.state() != HttpReader::State::head) take_head();
        if (!kernel.failure().empty() || socket_ == nullptr) return;
        if (reader_.state() == HttpReader::State::complete) request_complete();
    }
}

void HttpOriginConnection::take_head() {
    Kernel& kernel = world_.kernel();
    ++requests_;
    ++world_.origin_requests;
    const std::string id = reader_.field("x-sim-id");
    exchange_ = world_.find(std::strtoull(id.c_str(), nullptr, 10));
    if (reader_.count("x-sim-id") != 1 || exchange_ == nullptr) {
        return kernel.fail("{} received a request that nobody sent: {}", describe(),
                           reader_.head_text());
    }
    kernel.trace("    {} received {} {} with {} bytes{}", describe(), exchange_->method,
                 exchange_->id, exchange_->request_bytes,
                 exchange_->request_chunked ? " in chunks" : "");
    ++exchange_->heads;
    asked_to_leave_ = reader_.lists("connection", "close");
    judge_head(*exchange_);
    request_done_ = answered_ = response_done_ = false;
    out_.clear();
    sent_ = 0;
    treatment_ = draw_treatment(*exchange_);
    if (treatment_.early) {
        kernel.faults().note(Fault::response_early);
        answer_later(treatment_.delay);
    } else if (reader_.field("expect") == "100-continue") {
        out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    }
}

void HttpOriginConnection::judge_head(const HttpExchange& exchange) {
    Kernel& kernel = world_.kernel();
    if (exchange.forbidden) {
        return kernel.fail("{} received {}, which no one may see", describe(), exchange.id);
    }
    if (!exchange.is_idempotent() && exchange.heads > 1) {
        return kernel.fail("{} received {} {} again", describe(), exchange.method, exchange.id);
    }
    const std::string path = fmt::format("/r/{}", exchange.id);
    const bool as_sent = reader_.target() == path || reader_.target() == "http://sim.test" + path;
    if (reader_.method() != exchange.method || !as_sent) {
        return kernel.fail("{} received \"{} {}\" for {} {}", describe(), reader_.method(),
                           reader_.target(), exchange.method, path);
    }
    if (world_.direct) return;
    for (const char* name : {"x-drop", "te", "keep-alive", "proxy-connection"}) {
        if (reader_.count(name) > 0) kernel.fail("{} received {}", describe(), name);
    }
    if (reader_.target() != path || reader_.count("host") != 1 || reader_.is_http10()) {
        kernel.fail("{} received an odd head: {}", describe(), reader_.head_text());
    }
    // Who has reset its connection cannot be asked for its address any more.
    const bool gone = exchange.outcome == HttpExchange::Outcome::abandoned;
    const bool unknown = reader_.field("x-forwarded-for") == "unknown" && gone;
    if (!unknown && reader_.field("x-forwarded-for") != exchange.client_ip) {
        kernel.fail("{} was told that {} is of {}, not {}", describe(), exchange.id,
                    reader_.field("x-forwarded-for"), exchange.client_ip);
    }
}

void HttpOriginConnection::take_body(const std::byte* data, std::size_t bytes) {
    if (exchange_ == nullptr) return;
    std::byte expected[65536];
    fill_body(exchange_->id, BodyOf::request, reader_.body_bytes(), expected, bytes);
    if (!std::equal(data, data + bytes, expected)) {
        world_.kernel().fail("{} received a wrong byte of the body of {}, after offset {}",
                             describe(), exchange_->id, reader_.body_bytes());
    }
}

void HttpOriginConnection::request_complete() {
    Kernel& kernel = world_.kernel();
    HttpExchange& exchange = *exchange_;
    request_done_ = true;
    ++exchange.complete_requests;
    if (exchange.never_complete || !exchange.request_sent) {
        return kernel.fail("{} took {} for complete, which its client had not finished", describe(),
                           exchange.id);
    }
    if (reader_.body_bytes() != exchange.request_bytes) {
        return kernel.fail("{} received {} bytes for {}, as if that was all, and there are {}",
                           describe(), reader_.body_bytes(), exchange.id, exchange.request_bytes);
    }
    if (response_done_) {
        after_response();
    } else if (!treatment_.early) {
        answer_later(treatment_.delay);
    }
}

// ---- responses -------------------------------------------------------------------------------

HttpTreatment HttpOriginConnection::draw_treatment(const HttpExchange& exchange) {
    base::Random& random = world_.random;
    const HttpManners& manners = world_.manners;
    HttpTreatment treatment;
    if (world_.quiet) {
        if (exchange.framing == HttpFraming::until_close) {
            treatment.ending = HttpTreatment::Ending::closes;
        }
        return treatment;
    }
    constexpr std::int64_t delays_us[] = {0, 0, 100, 3'000};
    treatment.delay = us(delays_us[random.below(4)]);
    constexpr std::int64_t pauses_us[] = {0, 20, 500};
    treatment.pause_max = us(pauses_us[random.below(3)]);
    if (random.chance(1, 4) && exchange.response_bytes < 20'000) {
        treatment.write_max = 1 + random.below(random.chance(1, 2) ? 20 : 2'000);
    } else if (random.chance(1, 2)) {
        treatment.write_max = 2'000;
    }
    treatment.early = manners.answers_early && random.chance(1, 4);
    treatment.interim = manners.sends_interim && !exchange.http10 && random.chance(1, 4);
    if (manners.closes_after && random.chance(1, 4)) {
        treatment.ending = HttpTreatment::Ending::closes;
    }
    if (exchange.framing == HttpFraming::until_close) {
        treatment.ending = HttpTreatment::Ending::closes;
        treatment.early = false;  // unread bytes would turn its end into a reset
    }
    if (manners.cuts && random.chance(1, 4)) {
        // The end of a body that only ends with its connection can not be told from a cut.
        const bool told = exchange.framing != HttpFraming::until_close;
        treatment.ending = told && random.chance(1, 2) ? HttpTreatment::Ending::cuts
                                                       : HttpTreatment::Ending::resets;
    }
    treatment.nonsense = manners.talks_nonsense && random.chance(1, 6);
    treatment.silent = manners.stalls_for_ever && random.chance(1, 8);
    return treatment;
}

void HttpOriginConnection::answer_later(base::Duration delay) {
    if (treatment_.silent) {
        // Its head, or half of it, or nothing; then never again.
        world_.kernel().faults().note(Fault::origin_silent);
        ++exchange_->broken_attempts;
        frozen_ = true;
        return;
    }
    world_.kernel().after(delay, [this, exchange = exchange_] {
        if (socket_ == nullptr || exchange_ != exchange || answered_) return;
        answer();
    });
}

void HttpOriginConnection::answer() {
    Faults& faults = world_.kernel().faults();
    answered_ = true;
    if (treatment_.nonsense) {
        faults.note(Fault::response_bad);
        ++exchange_->broken_attempts;
        out_ += nonsense();
        treatment_.ending = HttpTreatment::Ending::cuts;
        treatment_.cut_at = out_.size();
    } else {
        out_ += write_response();
        const bool cut = treatment_.ending >= HttpTreatment::Ending::cuts;
        if (cut) {
            faults.note(Fault::response_cut);
            ++exchange_->broken_attempts;
            treatment_.cut_at = world_.random.below(out_.size());
        }
    }
    schedule(world_.kernel().latency());
}

std::string HttpOriginConnection::write_response() {
    base::Random& random = world_.random;
    const HttpExchange& exchange = *exchange_;
    std::string text;
    if (treatment_.interim) {
        text = fmt::format("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-Sim-Id: {}\r\n\r\n",
                           exchange.id);
    }
    const bool old = exchange.framing == HttpFraming::until_close && random.chance(1, 2);
    text += fmt::format("HTTP/1.{} {} Some Reason\r\nX-Sim-Id: {}\r\n", old ? 0 : 1,
                        exchange.status, exchange.id);
    leaving_ = old || asked_to_leave_ || treatment_.ending == HttpTreatment::Ending::closes;
    if (leaving_ && (!old || random.chance(1, 2))) {
        text += random.chance(1, 2) ? "Connection: close\r\n" : "connection: x-hop, Close\r\n";
    } else if (random.chance(1, 6)) {
        text += "Connection: keep-alive, x-hop\r\nKeep-Alive: timeout=5\r\n";
    }
    if (random.chance(1, 6)) text += "X-Hop: mine\r\nConnection: x-hop\r\n";
    if (world_.manners.pads_heads && random.chance(1, 3)) {
        text += fmt::format("X-Pad: {}\r\n", std::string(1 + random.below(3'000), 'q'));
    }
    const bool bare = exchange.answers_without_body();
    const bool never = exchange.status == 204;
    if (exchange.framing == HttpFraming::chunked && !never) {
        text += "Transfer-Encoding: Chunked\r\n";
    } else if (exchange.framing == HttpFraming::length && !never) {
        text += fmt::format("Content-Length: {}\r\n", exchange.response_bytes);
    }
    text += "\r\n";
    if (bare) return text;
    const std::string body = body_text(exchange.id, BodyOf::response, exchange.response_bytes);
    text += exchange.framing == HttpFraming::chunked ? chunked_text(body, random, true) : body;
    return text;
}

std::string HttpOriginConnection::nonsense() {
    base::Random& random = world_.random;
    const std::string id = fmt::format("X-Sim-Id: {}\r\n", exchange_->id);
    const std::string good = fmt::format("HTTP/1.1 {} OK\r\n", exchange_->status) + id;
    std::uint64_t which = random.below(11);
    // Where there is no body nothing is wrong with it.
    if (which == 8 && exchange_->answers_without_body()) which = 1;
    switch (which) {
        case 0: return "\x15\x03\x01 what?\r\n\r\n";
        case 1: return "HTTP/1.1 2000 OK\r\n" + id + "Content-Length: 0\r\n\r\n";
        case 2: return good + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab";
        case 3: return good + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        case 4: return good + "Content-Length: -1\r\n\r\n";
        case 5: return good + "X Bad: name\r\nContent-Length: 0\r\n\r\n";
        case 6: return good + "X-Bare: a\nContent-Length: 0\r\n\r\n";
        case 7: return good + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n";
        case 8: return good + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n";
        case 9: return "HTTP/1.1 101 Switching\r\n" + id + "\r\n";
        default: return "HTTP/2.0 200 OK\r\n" + id + "Content-Length: 0\r\n\r\n";
    }
}

bool HttpOriginConnection::write_some() {
    const bool cut = answered_ && treatment_.ending >= HttpTreatment::Ending::cuts;
    const std::size_t limit = cut ? treatment_.cut_at : out_.size();
    if (cut && sent_ >= limit) {
        finish(treatment_.ending == HttpTreatment::Ending::resets);
        return false;
    }
    if (sent_ == limit) return false;
    iovec piece{};
    piece.iov_base = out_.data() + sent_;
    piece.iov_len =
        std::min(limit - sent_, 1 + world_.kernel().random().below(treatment_.write_max));
    const std::int64_t taken = socket_->send(&piece, 1);
    if (taken == -EAGAIN) return false;
    if (taken < 0) {
        finish(false);
        return false;
    }
    sent_ += static_cast<std::size_t>(taken);
    if (!answered_ || cut || sent_ < out_.size()) return true;
    response_done_ = true;
    ++exchange_->complete_responses;
    if (request_done_) {
        after_response();
    } else if (leaving_ && world_.random.chance(1, 2)) {
        // It does not read what it does not need; its answer may be lost with that.
        ++exchange_->broken_attempts;
        finish(false);
    }
    return socket_ != nullptr;
}

void HttpOriginConnection::after_response() {
    HttpExchange& last = *exchange_;
    const bool ends_here = last.framing == HttpFraming::until_close;
    exchange_ = nullptr;
    out_.clear();
    sent_ = 0;
    reader_.begin();
    if (leaving_ && ends_here) return finish(false);
    if (leaving_) {
        // Not at once: who sends another request now has not listened.
        const auto wait = world_.kernel().some_time(base::Duration::milliseconds(1));
        world_.kernel().after(wait, [this] {
            if (socket_ != nullptr) finish(false);
        });
        return;
    }
    if (!world_.manners.closes_idle || world_.quiet || !world_.random.chance(1, 3)) return;
    const auto wait = world_.kernel().some_time(base::Duration::milliseconds(2));
    world_.kernel().after(wait, [this, &last, number = requests_] {
        if (socket_ == nullptr || requests_ != number || reader_.has_begun()) return;
        world_.kernel().faults().note(Fault::origin_left_idle);
        const bool resets = world_.random.chance(1, 4);
        if (resets) ++last.broken_attempts;  // what is still on its way is lost
        finish(resets);
    });
}

}  // namespace ringway::sim
