// The generator's ring, its buffers, its listening socket and every socket that is alive.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/base/intrusive_list.h"
#include "ringway/base/result.h"
#include "ringway/load/plan.h"
#include "ringway/ring/buffer_group.h"
#include "ringway/ring/ring.h"

namespace ringway::load {

class Engine;

// Anything with requests in the ring. It is born on the heap, closes its descriptor itself and is
// deleted by the engine between turns, once retire() was called and no request is in flight.
class Actor {
  public:
    Actor(Engine& engine, int fd);
    virtual ~Actor();
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;

    int fd() const { return fd_; }
    bool retired() const { return retired_; }
    // Nothing is told to it any more; whatever the ring still holds for it is called home.
    void retire();
    virtual bool in_flight() const = 0;
    // Makes requests in flight complete.
    virtual void call_home() = 0;
    // Ends the connection from this side, in order, when the run is over.
    virtual void wind_up() = 0;

  protected:
    Engine& engine() { return engine_; }
    void left_ring() { bury_if_quiet(); }  // to be called at the end of every completion

  private:
    friend class Engine;
    void bury_if_quiet();

    Engine& engine_;
    int fd_;
    bool retired_ = false;
    bool buried_ = false;
    base::ListLink link_;
};

class Engine {
  public:
    static base::Result<std::unique_ptr<Engine>> open(const std::string& congestion);
    ~Engine();

    // Who serves what the listener accepts; set by a run, cleared by its end.
    using Acceptor = std::function<void(int fd)>;
    void set_acceptor(Acceptor acceptor) { acceptor_ = std::move(acceptor); }

    // One pass without waiting. Returns how many completions it brought.
    unsigned turn();
    // The time of this turn, read once and only when somebody asks.
    base::Instant now();

    // A socket on its way to the target, or a negative errno.
    int connect(const Target& target);
    // Visits every actor that is not retired.
    template <typename Visitor>
    void for_each(Visitor visit) {
        actors_.for_each([&](Actor& actor) {
            if (!actor.retired()) visit(actor);
        });
    }
    // Winds up every actor and turns until all are gone; false when some had to be cut off.
    bool clear(base::Duration patience);

    ring::Ring& ring() { return *ring_; }
    ring::BufferGroup& buffers() { return *buffers_; }
    std::uint16_t port() const { return port_; }
    std::size_t alive() const { return alive_; }
    std::uint64_t turns() const { return turns_; }

  private:
    friend class Actor;
    struct AcceptOp : ring::Op {
        using Op::Op;
        Engine* engine = nullptr;
    };
    Engine() = default;
    int listen(const std::string& congestion);
    void prepare(int fd) const;
    void bury();
    static void on_accept(ring::Op& op, const ring::Completion& completion);

    std::unique_ptr<ring::Ring> ring_;
    std::unique_ptr<ring::BufferGroup> buffers_;
    std::string congestion_;
    Acceptor acceptor_;
    AcceptOp accept_op_{&Engine::on_accept};
    int listener_ = -1;
    std::uint16_t port_ = 0;
    base::Instant now_{0};
    std::uint64_t turns_ = 0;
    std::size_t alive_ = 0;
    base::IntrusiveList<Actor, &Actor::link_> actors_;
    std::vector<Actor*> dead_;
};

}  // namespace ringway::load
