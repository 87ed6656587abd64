// One shard's io_uring: submit, wait, hand every completion to its Op.
//
// Owned by one shard and used by that thread alone. This header is a link-time seam: ring_uring.cc
// drives the kernel, tests/sim/sim_ring.cc a simulated one; there is no virtual call between.
// Must never run anything but Op handlers, and never more than once per completion.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <sys/socket.h>

#include "ringway/base/clock.h"
#include "ringway/base/result.h"
#include "ringway/ring/op.h"

namespace ringway::ring {

struct RingSettings {
    std::uint32_t submission_entries = 1024;
    std::uint32_t completion_entries = 8192;
};

// What the kernel granted; everything else works without.
struct RingFeatures {
    bool defer_taskrun = false;        // since Linux 6.1
    bool single_issuer = false;        // since 6.0
    bool no_sqarray = false;           // since 6.6
    bool registered_ring_fd = false;   // since 5.18
    bool incremental_buffers = false;  // since 6.12
    std::string describe() const;      // "defer-taskrun single-issuer ..."
};

// Plain numbers, counted by the ring's thread; the shard publishes them.
struct RingCounters {
    std::uint64_t enters = 0;       // io_uring_enter calls
    std::uint64_t completions = 0;  // completions handed to an Op
    std::uint64_t submissions = 0;
    std::uint64_t sends = 0;      // send and sendmsg requests among them
    std::uint64_t overflows = 0;  // times the completion queue was found overflowed
    std::uint64_t stale = 0;      // completions of an earlier life, dropped
};

class Ring {
  public:
    // Must be called on the thread that will use the ring. On failure the error's os_error says why
    // (ENOSYS, EPERM, ENOMEM); ring/probe.h turns that into advice.
    static base::Result<std::unique_ptr<Ring>> open(const RingSettings& settings);
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    // Each call queues one request; the kernel sees it at the next turn() (or earlier, when the
    // submission queue is full). Memory that is named must stay until the Op is no longer in
    // flight. The Op must not be in flight already.
    void accept(Op& op, int listener_fd);            // result: one descriptor
    void accept_multishot(Op& op, int listener_fd);  // a descriptor per completion until !more()
    void connect(Op& op, int fd, const sockaddr* address, socklen_t address_bytes);
    void recv(Op& op, int fd, std::uint16_t buffer_group);  // at most one buffer
    void recv_multishot(Op& op, int fd, std::uint16_t buffer_group);
    void send(Op& op, int fd, const void* data, std::size_t bytes);  // MSG_NOSIGNAL; may be partial
    void sendmsg(Op& op, int fd, const msghdr* message);             // likewise
    void poll(Op& op, int fd, std::uint32_t events);                 // one shot; result: revents
    void poll_multishot(Op& op, int fd, std::uint32_t events);       // edge triggered

    // Asks for `target` to end early. It still completes exactly once more: with -ECANCELED, or
    // with what it had already done. Nothing happens when it is not in flight.
    void cancel(Op& target);

    // Submits what is queued, waits until a completion is there or `wait_until` has passed, and
    // delivers all completions. Instant{0} does not wait. Returns how many were delivered.
    unsigned turn(base::Instant wait_until) { return turn(wait_until, 1); }
    // Likewise, but until `wanted` completions are there. Requests that complete as they are
    // submitted, as most sends do, count among them.
    unsigned turn(base::Instant wait_until, unsigned wanted);

    // Provided buffers (io_uring_register_buf_ring(3)). `entries` is a power of two.
    // Returns 0 or -errno; `incremental` asks for IOU_PBUF_RING_INC.
    int register_buffers(std::uint16_t group, std::uint32_t entries, bool incremental);
    void unregister_buffers(std::uint16_t group);
    // Gives one buffer back to the kernel. Visible to it after publish_buffers().
    void provide_buffer(std::uint16_t group, std::uint16_t id, void* data, std::uint32_t bytes);
    void publish_buffers(std::uint16_t group);

    const RingFeatures& features() const;
    const RingCounters& counters() const;
    int fd() const;

  private:
    struct Impl;
    explicit Ring(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::ring
