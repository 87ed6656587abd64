// One client connection that speaks HTTP/1: requests one after another, answered in their order.
//
// Lives in a slot of its shard from accept to close. Between requests it holds its socket and this
// slot alone; what one request needs is in its Exchange.
#pragma once

#include <cstdint>
#include <optional>

#include "ringway/async/task.h"
#include "ringway/proxy/accepted.h"
#include "ringway/proxy/client_stream.h"
#include "ringway/proxy/exchange.h"
#include "ringway/proxy/idle_clients.h"
#include "ringway/proxy/reader.h"

namespace ringway::proxy {

class HttpSession final : public Accepted, public ClientStream, private IdleClient {
  public:
    HttpSession(Context& context, std::uint32_t listener, int fd, std::uint64_t id);
    ~HttpSession();

    // From accept to close; then counted, and the slot given back.
    async::Task<void> run();

    // ClientStream, for exchanges.
    net::SliceQueue& body_in() override { return downstream.received(); }
    bool in_has_ended() const override { return downstream.has_ended(); }
    bool regulate_reader(std::uint64_t beyond_bytes) override;
    BodyForm form_for(const http::Framing& framing, bool& close) const override;
    bool takes_interim_responses() const override { return version_minor_ != 0; }
    net::SliceQueue& out() override { return out_; }
    bool flush() override;
    std::uint64_t sent_bytes() const override { return flow_.bytes; }
    bool is_slow() const override { return downstream.is_sending() || !out_.empty(); }
    bool is_gone() const override;
    bool is_cancelled() const override { return Accepted::is_cancelled(); }
    void set_wake_on_sent(bool wanted) override { downstream.set_wake_on_sent(wanted); }
    net::Socket* bare_socket() override { return &downstream; }

    const Exchange* exchange() const { return exchange_; }
    std::uint64_t bytes_up() const { return bytes_up_; }
    std::uint64_t bytes_down() const {
        const std::uint64_t now = exchange_ == nullptr ? 0 : exchange_->down_flow.bytes;
        return flow_.bytes + bytes_past_queue_ + now;
    }

  private:
    struct DrainListener : async::CancelListener {
        explicit DrainListener(HttpSession& owner);
        HttpSession& session;
    };

    async::Task<Reuse> serve_requests();
    async::Task<void> linger();
    async::Task<void> close(bool reset);
    bool waits_idly();
    bool begin_exchange();
    http::Progress advance_head();
    bool keep_head();
    bool may_serve_another() const;
    bool flush_ended() const { return out_.empty() && !downstream.is_sending(); }
    Reuse end_of_head(http::Progress progress);
    void end_exchange();
    static void on_close_idle(IdleClient& client);

    DrainListener drain_listener_;
    Reader reader_;
    net::SliceQueue out_;
    net::Flow flow_;
    Exchange* exchange_ = nullptr;
    std::uint64_t served_ = 0;
    std::uint64_t bytes_up_ = 0;
    std::uint64_t bytes_past_queue_ = 0;  // spliced, or through a tunnel, to the client
    std::uint32_t submitted_ = 0;         // bytes of out_ that the send in flight covers
    std::uint8_t version_minor_ = 1;
    stats::CloseReason reason_ = stats::CloseReason::finished;
    bool closing_asked_ = false;  // while idle: its place is needed, or the shard drains
};

}  // namespace ringway::proxy
