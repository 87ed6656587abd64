// The simulated io_uring's requests and completions: what stands behind ring::Ring here.
//
// Requests are submitted in order, executed when their file is ready, and completed when and in
// which order the seed says; completions of one request keep their order. A request holds its file
// until its last completion was taken, as the kernel does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "kernel.h"
#include "network.h"
#include "ringway/ring/op.h"
#include "ringway/ring/ring.h"

namespace ringway::sim {

struct Request {
    enum class Kind : std::uint8_t { accept, connect, receive, send, sendmsg, poll, cancel };
    Kind kind = Kind::poll;
    bool multishot = false;
    bool active = false;  // may still execute
    bool again = false;   // has more to do at the next turn, whatever its file says
    bool issued = false;
    std::uint64_t user_data = 0;
    int fd = -1;
    File* file = nullptr;
    const void* data = nullptr;
    std::size_t bytes = 0;
    const msghdr* message = nullptr;
    std::uint64_t fingerprint = 0;  // of the memory of a send when it was submitted
    AddressKey address;
    std::uint32_t events = 0;
    std::uint16_t group = 0;
    std::uint64_t read_wakes = 0;  // of the file, when it was last looked at
    std::uint64_t write_wakes = 0;
    base::Instant last_due{0};  // completions of one request never overtake each other
    std::uint64_t target = 0;   // of a cancel
};

const char* name_of(Request::Kind kind);

struct PostedCompletion {
    Request* request = nullptr;
    std::uint64_t user_data = 0;
    ring::Completion completion;
    base::Instant due;
    bool last = false;
};

struct ProvidedBuffer {
    std::byte* data = nullptr;
    std::uint32_t bytes = 0;
    std::uint16_t id = 0;
};

struct ProvidedGroup {
    bool incremental = false;
    std::uint32_t entries = 0;
    std::deque<ProvidedBuffer> published;
    std::deque<ProvidedBuffer> unpublished;
    std::vector<bool> with_kernel;  // by buffer id: a second return of one buffer is a failure
};

class SimulatedRing {
  public:
    SimulatedRing(Kernel& kernel, const ring::RingSettings& settings);
    ~SimulatedRing();

    void queue(ring::Op& op, Request request);
    void queue_cancel(ring::Op& target);
    unsigned turn(base::Instant wait_until);

    int register_buffers(std::uint16_t group, std::uint32_t entries, bool incremental);
    void unregister_buffers(std::uint16_t group);
    void provide_buffer(std::uint16_t group, ProvidedBuffer buffer);
    void publish_buffers(std::uint16_t group);

    ring::RingFeatures features;
    ring::RingCounters counters;

  private:
    void submit_queued();
    void issue(std::unique_ptr<Request> request);
    void execute(Request& request);
    void execute_accept(Request& request);
    void execute_connect(Request& request);
    void execute_receive(Request& request);
    void execute_send(Request& request);
    void execute_poll(Request& request, bool readable, bool writable);
    void execute_cancel(std::uint64_t target);
    bool take_from_group(Request& request, Socket& socket, ProvidedGroup& group);
    // Posts a completion; `more` is withdrawn when the queue is full or the seed ends a multishot.
    void post(Request& request, std::int32_t result, std::uint32_t flags, bool more);
    unsigned deliver();
    void forget(Request* request);

    Kernel& kernel_;
    std::size_t submission_entries_;
    std::size_t completion_entries_;
    std::deque<std::unique_ptr<Request>> queued_;
    std::vector<std::unique_ptr<Request>> in_flight_;
    std::vector<PostedCompletion> posted_;
    std::map<std::uint16_t, ProvidedGroup> groups_;
    RingWait wait_;
};

}  // namespace ringway::sim
