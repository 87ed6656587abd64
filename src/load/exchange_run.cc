#include "exchange_run.h"

#include <cerrno>
#include <memory>

#include "ringway/ring/sys.h"

namespace ringway::load {
namespace {

// Connections under way at once while a run opens its connections: a proxy's accept queue is no
// part of what these runs measure.
constexpr unsigned opening_max = 128;

}  // namespace

class ExchangeClient final : public Peer {
  public:
    ExchangeClient(ExchangeRun& run, Engine& engine, int fd, std::uint64_t tag)
        : Peer(engine, fd),
          run_(run),
          request_(tag, Direction::request, run.plan_.request_bytes),
          response_(tag, Direction::response, run.plan_.response_bytes),
          started_(engine.now()) {}

    void start() {
        start_receiving();
        send(request_.bytes());
    }
    void wind_up() override {
        winding_up_ = true;
        // In the middle of an exchange the answer is waited for: it is checked like any other.
        if (resting_) end_sending();
    }

  private:
    void on_bytes(std::span<const std::byte> bytes) override {
        if (resting_ || !response_.matches(received_, bytes)) {
            fail(ExchangeRun::Fault::wrong_bytes);
            return;
        }
        received_ += bytes.size();
        if (received_ < response_.bytes().size()) return;
        run_.exchange_done(started_);
        if (number_ == 0) {
            --run_.opening_;
            ++run_.answered_;
        }
        ++number_;
        received_ = 0;
        resting_ = true;
        const unsigned limit = run_.plan_.exchanges_per_connection;
        if (run_.hold_ || (limit != 0 && number_ == limit))
            return;  // the origin ends it, or nobody
        if (winding_up_)
            end_sending();
        else if (!sending())
            next();
    }
    void on_sent() override {
        const bool waits_to_send = resting_ && !run_.hold_ && !winding_up_ &&
                                   number_ != run_.plan_.exchanges_per_connection;
        if (waits_to_send) next();
    }
    void next() {
        resting_ = false;
        request_.stamp(number_);
        response_.stamp(number_);
        started_ = engine().now();
        send(request_.bytes());
    }
    void on_end(int os_error) override {
        const unsigned limit = run_.plan_.exchanges_per_connection;
        const bool in_order =
            os_error == 0 && resting_ && (winding_up_ || (limit != 0 && number_ == limit));
        if (!in_order && number_ == 0 && os_error == ECONNREFUSED) {
            fail(ExchangeRun::Fault::connect);
        } else if (!in_order) {
            fail(os_error == 0 ? ExchangeRun::Fault::early_end : ExchangeRun::Fault::reset);
        } else {
            leave(true);
        }
    }
    void fail(ExchangeRun::Fault fault) {
        run_.count(fault);
        leave(false);
    }
    void leave(bool in_order) {
        if (number_ == 0) --run_.opening_;
        retire();
        run_.client_gone(in_order);
    }

    ExchangeRun& run_;
    Message request_;
    Message response_;
    base::Instant started_;
    std::uint64_t number_ = 0;  // exchanges completed
    std::size_t received_ = 0;  // of the response under way
    bool resting_ = false;      // between exchanges
    bool winding_up_ = false;
};

class ExchangeOrigin final : public Peer {
  public:
    ExchangeOrigin(ExchangeRun& run, Engine& engine, int fd) : Peer(engine, fd), run_(run) {}

    // Whoever is behind the proxy ends only when it is told to.
    void wind_up() override {}

  private:
    void on_bytes(std::span<const std::byte> bytes) override {
        while (!request_ && !bytes.empty()) {
            head_[received_++] = bytes.front();
            bytes = bytes.subspan(1);
            if (received_ == head_.size() && !meet()) return;
        }
        if (bytes.empty()) return;
        if (!request_->matches(received_, bytes)) {
            fail(ExchangeRun::Fault::wrong_bytes);
            return;
        }
        received_ += bytes.size();
        if (received_ < request_->bytes().size()) return;
        if (!sending()) answer();
    }
    // The first bytes of a connection say whose it is.
    bool meet() {
        const std::uint64_t tag = Message::tag_of(head_);
        if ((tag ^ run_.tag_base_) >> 32 != 0) {
            fail(ExchangeRun::Fault::wrong_bytes);
            return false;
        }
        request_ = std::make_unique<Message>(tag, Direction::request, run_.plan_.request_bytes);
        response_ = std::make_unique<Message>(tag, Direction::response, run_.plan_.response_bytes);
        return true;
    }
    void answer() {
        ++run_.report_.origin_exchanges;
        response_->stamp(number_);
        ++number_;
        request_->stamp(number_);
        received_ = 0;
        send(response_->bytes());
    }
    void on_sent() override {
        if (number_ == run_.plan_.exchanges_per_connection && !run_.hold_) {
            end_sending();
            return;
        }
        // The next request may have come before this response was reported as sent.
        if (received_ == request_->bytes().size()) answer();
    }
    void on_end(int os_error) override {
        // A proxy may answer the first close with a reset; what counts is that nothing was cut off.
        const bool clean = request_ != nullptr && received_ == 0 && !sending();
        if (!clean) run_.count(ExchangeRun::Fault::early_end);
        static_cast<void>(os_error);
        retire();
    }
    void fail(ExchangeRun::Fault fault) {
        run_.count(fault);
        retire();
    }

    ExchangeRun& run_;
    std::array<std::byte, 8> head_{};
    std::unique_ptr<Message> request_;
    std::unique_ptr<Message> response_;
    std::uint64_t number_ = 0;
    std::size_t received_ = 0;  // of the request under way
};

ExchangeRun::ExchangeRun(Engine& engine, const ExchangePlan& plan, std::uint32_t run_number,
                         bool hold)
    : engine_(engine),
      plan_(plan),
      tag_base_(mix(run_number) << 32),
      hold_(hold),
      latency_(std::make_unique<stats::Histogram>()) {
    engine_.set_acceptor([this](int fd) { accept(fd); });
    progress_at_ = ring::sys::now();
}

ExchangeRun::~ExchangeRun() {
    engine_.clear(base::Duration::milliseconds(0));
    engine_.set_acceptor(nullptr);
}

void ExchangeRun::accept(int fd) {
    auto* origin = new ExchangeOrigin(*this, engine_, fd);
    origin->start_receiving();
}

void ExchangeRun::open_more() {
    while (running_ && open_ < plan_.connections && opening_ < opening_max && !hopeless()) {
        const int fd = engine_.connect(plan_.target);
        if (fd < 0) {
            count(Fault::connect);
            continue;
        }
        const std::uint64_t tag = tag_base_ | (opened_++ & 0xFFFF'FFFFu);
        auto* client = new ExchangeClient(*this, engine_, fd, tag);
        ++open_;
        ++opening_;
        client->start();
    }
}

bool ExchangeRun::hopeless() const { return report_.errors.total() > plan_.connections; }

void ExchangeRun::count(Fault fault) {
    switch (fault) {
        case Fault::connect: ++report_.errors.connect; return;
        case Fault::reset: ++report_.errors.reset; return;
        case Fault::early_end: ++report_.errors.early_end; return;
        case Fault::wrong_bytes: ++report_.errors.wrong_bytes; return;
    }
}

void ExchangeRun::exchange_done(base::Instant started) {
    ++report_.client_exchanges;
    progress_at_ = engine_.now();
    if (!measuring_) return;
    ++report_.exchanges;
    latency_->record(static_cast<std::uint64_t>((progress_at_ - started).ns));
}

void ExchangeRun::client_gone(bool in_order) {
    --open_;
    if (measuring_ && in_order) ++report_.connections;
}

void ExchangeRun::turn() {
    open_more();
    engine_.turn();
}

void ExchangeRun::measure(const WindowMarks& marks) {
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
        if (now < boundary) continue;
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

void ExchangeRun::open_and_hold() {
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

void ExchangeRun::finish() {
    running_ = false;
    if (!engine_.clear(plan_.patience)) ++report_.errors.stalled;
    report_.latency.add(*latency_);
}

}  // namespace ringway::load
