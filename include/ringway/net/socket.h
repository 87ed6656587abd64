// One connected (or connecting) TCP or Unix stream socket of a shard.
//
// Owns the descriptor and the two requests that may be with the kernel: one that receives (or
// watches for readability) and one that sends, connects or watches for writability. There is never
// a second send in flight, so bytes cannot overtake each other. Completions are recorded here and
// the session is woken once; what to do next is decided by the session's coroutine.
// Must not be destroyed before `is_closed()`: the kernel may still write into what it names.
#pragma once

#include <cstdint>
#include <utility>

#include <sys/uio.h>

#include "ringway/async/wake.h"
#include "ringway/base/clock.h"
#include "ringway/net/slice_queue.h"
#include "ringway/ring/ring.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::net {

// The message header and pieces of one gathered send; borrowed from the shard while it is in
// flight.
struct SendVector {
    static constexpr std::size_t pieces_max = 64;
    msghdr message{};
    iovec pieces[pieces_max];
    SendVector* next_free = nullptr;
};

class SendVectorPool {
  public:
    explicit SendVectorPool(std::size_t vectors_max);
    ~SendVectorPool();
    SendVectorPool(const SendVectorPool&) = delete;
    SendVectorPool& operator=(const SendVectorPool&) = delete;
    SendVector* take();  // nullptr when all are in flight
    void give_back(SendVector* vector);

  private:
    SendVector* free_ = nullptr;
    SendVector* memory_ = nullptr;
    std::size_t vectors_max_;
    std::size_t carved_ = 0;
};

// What all sockets of one shard share.
struct SocketPools : SliceSource {
    ring::Ring& ring;
    SendVectorPool& vectors;
};

// Where the bytes that one socket sends are counted.
struct Flow {
    std::uint64_t bytes = 0;                     // delivered to the kernel for this connection
    stats::DirectionStats* direction = nullptr;  // of the shard
    stats::Counter* endpoint = nullptr;          // of the endpoint, once one is chosen
    void count(std::uint64_t moved, stats::Counter stats::DirectionStats::* how);
};

// The two requests and the wait for a buffer, as bases: a completion finds its socket by a cast.
struct ReceiveOp : ring::Op {
    using Op::Op;
};
struct SendOp : ring::Op {
    using Op::Op;
};

class Socket : private ReceiveOp, private SendOp, private ring::BufferWaiter {
  public:
    Socket(SocketPools& pools, async::Wake& wake);
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    void attach(int fd);
    int fd() const { return fd_; }
    bool is_open() const { return fd_ >= 0; }
    async::Wake& wake() { return *wake_; }  // of the session that it belongs to
    // Another session has it from now on (a pooled connection).
    void set_wake(async::Wake& wake) { wake_ = &wake; }

    // ---- receiving ----------------------------------------------------------------------------
    void start_receiving();  // multishot, into provided buffers
    void receive_once();     // at most one buffer, then the request has ended
    void stop_receiving();   // asks; is_receiving() tells when it has ended
    // Reads what is there into a block, by direct calls: for when no buffer is left. False when
    // nothing was there, or no block either.
    bool receive_into_block(std::size_t bytes);
    bool is_receiving() const { return ReceiveOp::in_flight(); }
    bool is_waiting_for_buffer() const { return link.is_linked(); }
    void give_up_waiting_for_buffer() { link.unlink(); }
    SliceQueue& received() { return received_; }
    const SliceQueue& received() const { return received_; }
    bool has_ended() const { return ended_; }  // the peer sent FIN, or an error ended the stream
    void mark_ended() { ended_ = true; }
    bool has_received_anything() const { return received_anything_; }
    void note_received() { received_anything_ = true; }  // by a direct system call

    // Bytes that have arrived since the last call.
    std::uint32_t take_arrived() { return std::exchange(arrived_bytes_, 0); }

    bool readable = false;
    bool writable = false;

    // ---- sending ------------------------------------------------------------------------------
    bool is_sending() const { return SendOp::in_flight(); }
    // Sends what `queue` holds, in one request; bytes leave the queue as the kernel takes them.
    // False when nothing could be started now (no vector left): try again next turn.
    bool send_from(SliceQueue& queue, Flow& flow);
    // Sends bytes that the caller keeps until the send has ended; counted nowhere.
    void send_block(const void* data, std::size_t bytes);
    std::int32_t last_send_result() const { return send_result_; }
    // Also wake the session when a send has taken everything (by default only when bytes are left).
    void set_wake_on_sent(bool wanted) { wake_on_sent_ = wanted; }

    // ---- connecting (on the send request) -----------------------------------------------------
    void start_connecting(const sockaddr* address, socklen_t address_bytes);
    bool is_connecting() const { return SendOp::in_flight(); }
    std::int32_t connect_result() const { return send_result_; }

    // ---- watching readiness, for direct system calls ------------------------------------------
    // One shot each: armed only when there is nothing to do but wait, so that data which arrives
    // while we are busy costs no wake-up. `readable` and `writable` are set by the watch and
    // cleared by whoever saw that they no longer hold.
    void watch_readable();  // on the receive request
    void watch_writable();  // on the send request
    void stop_watching_readable();
    void stop_watching_writable();
    bool is_watching_readable() const { return ReceiveOp::in_flight() && watching_readable_; }
    bool is_watching_writable() const { return SendOp::in_flight() && send_use_ == SendUse::watch; }

    // ---- ends ---------------------------------------------------------------------------------
    // Errors are kept as a positive errno; the first one stays.
    int error() const { return error_; }
    bool is_broken() const { return error_ != 0; }
    void break_with(int negative_errno);
    void shutdown_write();
    // Close, in three steps. stop(): asks every request to end. is_quiet(): all have.
    // close(): gives the descriptor back; with `reset`, the peer gets RST instead of FIN.
    void stop();
    bool is_quiet() const { return !ReceiveOp::in_flight() && !SendOp::in_flight(); }
    void close(bool reset);

  private:
    enum class SendUse : std::uint8_t { queue, block, connect, watch };

    static void on_receive(ring::Op& op, const ring::Completion& completion);
    static void on_send(ring::Op& op, const ring::Completion& completion);
    static void on_buffer(ring::BufferWaiter& waiter);
    void handle_receive(const ring::Completion& completion);
    void handle_send(const ring::Completion& completion);
    void finish_queue_send(std::int32_t result);

    SocketPools& pools_;
    async::Wake* wake_;
    SliceQueue received_;
    SliceQueue* sending_ = nullptr;  // what the send in flight takes its bytes from
    Flow* flow_ = nullptr;
    SendVector* vector_ = nullptr;
    std::uint32_t arrived_bytes_ = 0;
    int fd_ = -1;
    std::int32_t send_result_ = 0;
    std::int16_t error_ = 0;
    SendUse send_use_ = SendUse::queue;
    bool watching_readable_ = false;
    bool ended_ = false;
    bool received_anything_ = false;
    bool wake_on_sent_ = false;
};

}  // namespace ringway::net
