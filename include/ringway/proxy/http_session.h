// One client connection that speaks HTTP/1: requests one after another, answered in their order.
//
// Lives in a slot of its shard from accept to close. Between requests it holds its socket and this
// slot alone; what one request needs is in its Exchange.
#pragma once

#include <cstdint>
#include <optional>

#include "ringway/async/task.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/proxy/accepted.h"
#include "ringway/proxy/client_stream.h"
#include "ringway/proxy/exchange.h"

namespace ringway::proxy {

class HttpSession final : public Accepted, public ClientStream {
  public:
    HttpSession(Context& context, std::uint32_t listener, int fd, std::uint64_t id);
    ~HttpSession();

    // From accept to close; then counted, and the slot given back.
    async::Task<void> run();

    // ClientStream, for exchanges.
    net::SliceQueue& body_in() override { return downstream.received(); }
    bool in_has_ended() const override { return downstream.has_ended(); }
    void regulate_reader() override;
    BodyForm form_for(const http::Framing& framing, bool& close) const override;
    bool takes_interim_responses() const override { return version_minor_ != 0; }
    net::SliceQueue& out() override { return out_; }
    bool flush() override;
    bool is_slow() const override { return downstream.is_sending() || !out_.empty(); }
    bool is_gone() const override;
    bool is_cancelled() const override { return Accepted::is_cancelled(); }
    net::Socket* bare_socket() override { return &downstream; }

    // Idle keep-alive connections of the shard, the longest idle first.
    base::ListLink idle_link;
    // Asks an idle session to close now (somebody else needs its place).
    void close_idle();
    // The shard drains: no further request, and idle ones close.
    void drain();

    const Exchange* exchange() const { return exchange_; }
    std::uint64_t bytes_up() const { return bytes_up_; }
    std::uint64_t bytes_down() const { return flow_.bytes; }

  private:
    friend struct HttpSessionSteps;

    Context& shard_;
    net::SliceQueue out_;
    net::Flow flow_;
    Exchange* exchange_ = nullptr;
    std::uint64_t served_ = 0;
    std::uint64_t bytes_up_ = 0;
    std::uint32_t submitted_ = 0;  // bytes of out_ that the send in flight covers
    std::uint8_t version_minor_ = 1;
    bool read_paused_ = false;
    bool closing_asked_ = false;
};

}  // namespace ringway::proxy
