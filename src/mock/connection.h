// One accepted connection of a mock origin and what its mode does with it.
//
// Owns its descriptor and what the peer has not taken yet. Never blocks; every step is bounded, so
// that one fast peer cannot keep the others from being served. A request that came whole, and its
// answer, cost one call to read and one to write.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "counters.h"
#include "http_serving.h"
#include "loop.h"
#include "output.h"
#include "ringway/mock/origin.h"

namespace ringway::mock {

class Connection;

// What every connection of one thread shares; belongs to that thread.
struct ConnectionContext {
    const OriginSettings& settings;
    SharedCounters& counters;
    Loop& loop;
    HttpContext http;
    std::vector<std::byte> scratch;  // one read's worth, used within one step
    Output out;                      // what one step says; empty between steps
    std::vector<std::unique_ptr<Connection>> connections;  // by descriptor
};

class Connection final : public Watcher {
  public:
    Connection(int fd, ConnectionContext& context);
    ~Connection() override;

    void on_events(std::uint32_t events) override;
    void on_time() override { on_events(0); }

  private:
    enum class Read : std::uint8_t { bytes, nothing, end, failed };
    enum class Progress : std::uint8_t { waiting, again, finished, failed };
    Progress step();
    Progress rest();  // what a step that can do no more leaves the connection as
    bool wants_input() const;
    Read read_some(std::size_t& bytes);
    Read drop_some();
    Read note_read(ssize_t got, std::size_t asked);
    bool take_input(bool& progressed);  // false: failed
    void consume(std::size_t bytes);
    bool answer_requests(bool& progressed);
    bool send_source(bool& progressed);
    bool send_output();
    bool send_unsent();
    ssize_t send_now(const void* data, std::size_t bytes);
    void end_sending();
    Progress reset_when_sent();
    void finish(bool failed);

    static constexpr std::size_t unsent_bytes_max = 256 * 1024;

    int fd_;
    ConnectionContext& context_;
    std::string unsent_;
    std::size_t sent_ = 0;  // of unsent_
    std::uint64_t source_left_ = 0;
    std::uint64_t source_offset_ = 0;
    std::uint64_t bytes_seen_ = 0;  // by close-first
    HttpServing http_;
    base::Instant cut_deadline_ = base::Instant::never();
    bool readable_ = false;
    bool end_signalled_ = false;  // a short read says nothing about the end behind it
    bool peer_ended_ = false;
    bool end_after_output_ = false;  // everything to say has been said
    bool sending_ended_ = false;     // FIN sent: only waiting for the peer's
    bool cutting_ = false;
};

}  // namespace ringway::mock
