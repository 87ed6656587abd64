// One socket that receives through the shared buffers and sends one message at a time.
#pragma once

#include <span>

#include "engine.h"

namespace ringway::load {

class Peer : public Actor {
  public:
    Peer(Engine& engine, int fd);

    void start_receiving();
    // `bytes` must stay until on_sent(); only one send at a time.
    void send(std::span<const std::byte> bytes);
    bool sending() const { return send_op_.in_flight(); }
    void end_sending();  // FIN, after what was sent

    bool in_flight() const final { return receive_op_.in_flight() || send_op_.in_flight(); }
    void call_home() final;
    void wind_up() override { end_sending(); }

  protected:
    virtual void on_bytes(std::span<const std::byte> bytes) = 0;
    virtual void on_sent() = 0;
    // Called once: 0 when the peer ended in order, else an errno.
    virtual void on_end(int os_error) = 0;

  private:
    struct PeerOp : ring::Op {
        using Op::Op;
        Peer* peer = nullptr;
    };
    struct Waiter : ring::BufferWaiter {
        using BufferWaiter::BufferWaiter;
        Peer* peer = nullptr;
    };
    static void handle_receive(ring::Op& op, const ring::Completion& completion);
    static void handle_send(ring::Op& op, const ring::Completion& completion);
    void received(const ring::Completion& completion);
    void sent(int result);
    void ended(int os_error);

    PeerOp receive_op_{&Peer::handle_receive};
    PeerOp send_op_{&Peer::handle_send};
    Waiter waiter_{[](ring::BufferWaiter& w) { static_cast<Waiter&>(w).peer->start_receiving(); }};
    std::span<const std::byte> unsent_;
    bool told_end_ = false;
};

}  // namespace ringway::load
