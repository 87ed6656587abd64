// Sockets and pipes of the simulated machine, with the semantics of Linux TCP that a proxy can see.
//
// Both ends of a connection are Sockets: ringway reaches its ends through descriptors, simulated
// clients and servers call theirs directly. What is not modelled: routes, retransmission, urgent
// data. What is, because bugs live there: queues of bounded size, write space that comes back late,
// half-close, the error that a reset leaves once, resets that answer data on a closed socket, and
// a close(2) that ends nothing while a request is in flight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include <sys/socket.h>
#include <sys/uio.h>

#include "byte_queue.h"
#include "kernel.h"

namespace ringway::sim {

// An address by value, comparable; the bytes of a sockaddr.
using AddressKey = std::string;
AddressKey key_of(const sockaddr* address, socklen_t bytes);
std::string describe_key(const AddressKey& key);

class Network;

class Socket : public File {
  public:
    enum class State : std::uint8_t { fresh, listening, connecting, connected };
    Socket(Kernel& kernel, Network& network, bool of_ringway);

    unsigned ready() override;
    std::string describe() const override;

    // What a process can do with it; all answer at once with a value >= 0 or a negative errno.
    std::int64_t receive(void* target, std::size_t bytes_max);  // a null target throws bytes away
    std::int64_t peek(void* target, std::size_t bytes_max);
    std::int64_t send(const iovec* pieces, std::size_t piece_count, bool more_follows = false);
    int shutdown(int how);
    int listen(const AddressKey& address, std::size_t backlog);
    int connect(const AddressKey& address);  // -EINPROGRESS, or a failure at once
    int connect_result();                    // -EINPROGRESS, 0 or the failure
    int take_error();                        // what the next call would report, once
    Socket* accept();                        // nullptr: nobody waits
    std::size_t receivable() const { return receive_.size(); }
    std::size_t accept_queue_length() const { return accept_queue_.size(); }

    State state() const { return state_; }
    bool is_dead() const { return dead_; }
    bool end_seen() const { return fin_received_; }
    Socket* peer() const { return peer_; }

    const std::uint32_t id;
    const bool of_ringway;
    bool accepted = false;     // ringway holds it since accept
    bool linger_zero = false;  // SO_LINGER with zero seconds
    AddressKey local;
    AddressKey remote;
    // What the application moved, for the counters' oracle.
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
    bool reset_seen = false;  // the other side, or its kernel, reset the connection
    bool end_sent = false;    // an orderly end was sent to the other side
    base::Instant last_moved{0};
    base::Duration longest_gap{0};

  protected:
    void release() override;

  private:
    friend class Network;
    void arrive_at(const AddressKey& address, int attempt);
    void establish(Socket& server_side);
    void schedule_carry(base::Duration delay);
    void carry();
    void send_reset();
    void on_reset();
    void after_reading();
    void note_movement();
    std::int64_t nothing_to_read();

    Network& network_;
    State state_ = State::fresh;
    Socket* peer_ = nullptr;
    ByteQueue receive_;
    ByteQueue send_;
    std::size_t receive_max_;
    std::size_t send_max_;
    int error_ = 0;  // what the next call reports, once
    int connect_error_ = 0;
    bool shut_read_ = false;
    bool shut_write_ = false;
    bool fin_sent_ = false;
    bool fin_received_ = false;
    bool dead_ = false;
    bool wants_space_ = false;
    base::Instant carry_due_ = base::Instant::never();
    std::deque<Socket*> accept_queue_;
    std::size_t backlog_ = 0;
    base::Duration latency_;
};

// Who listens where.
class Network {
  public:
    explicit Network(Kernel& kernel) : kernel_(kernel) { kernel.network = this; }
    std::uint32_t take_id() { return ++last_id_; }
    Socket& make_socket(bool of_ringway) { return kernel_.make<Socket>(*this, of_ringway); }
    Kernel& kernel() { return kernel_; }

    // Where ringway connects to: how a connect to this address fails, beyond the drawn faults.
    struct Site {
        std::deque<Socket*> listeners;
        bool unreachable = false;        // no answer at all
        std::uint64_t ringway_open = 0;  // connections of ringway to it, connecting ones included
        std::uint64_t ringway_peak = 0;
    };
    std::map<AddressKey, Site> sites;
    std::function<void(const AddressKey&)> on_ringway_connects;  // a connection more

    std::uint64_t accepted = 0;  // connections that ringway accepted
    std::uint64_t accepted_open = 0;
    std::uint64_t accepted_peak = 0;
    std::uint64_t sent_upstream = 0;  // bytes taken from ringway towards servers
    std::uint64_t sent_downstream = 0;

  private:
    Kernel& kernel_;
    std::uint32_t last_id_ = 0;
};

// One pipe: two descriptors, a number of slots, each of which holds one fragment.
struct PipeState {
    ByteQueue bytes;
    std::deque<std::size_t> slots;
    std::size_t slots_max = 16;
    bool read_open = true;
    bool write_open = true;
};

class PipeEnd : public File {
  public:
    PipeEnd(Kernel& kernel, Kind kind, std::shared_ptr<PipeState> shared)
        : File(kernel, kind), state(std::move(shared)) {}
    unsigned ready() override { return 0; }
    std::string describe() const override;
    const std::shared_ptr<PipeState> state;

  protected:
    void release() override;
};

class EventFile : public File {
  public:
    explicit EventFile(Kernel& kernel) : File(kernel, Kind::event) {}
    unsigned ready() override;
    std::string describe() const override { return "eventfd"; }
    void signal();
    void clear() { count_ = 0; }

  protected:
    void release() override {}

  private:
    std::uint64_t count_ = 0;
};

std::int64_t splice_in(Socket& source, PipeState& pipe, std::size_t bytes_max, Kernel& kernel);
std::int64_t splice_out(PipeState& pipe, Socket& target, std::size_t bytes_max, bool more_follows);

}  // namespace ringway::sim
