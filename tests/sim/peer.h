// Simulated clients and servers: what they send, what they expect, and what they saw.
//
// Every stream is a header that names its sender, followed by bytes that follow from that name and
// their offset alone: one wrong, lost, doubled or misdelivered byte is noticed as it arrives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "network.h"
#include "ringway/config/settings.h"

namespace ringway::sim {

struct PeerPlan {
    enum class Break : std::uint8_t { none, reset, close };
    std::uint64_t bytes = 0;       // to send after the header
    bool silent = false;           // sends nothing at all, not even the header
    std::size_t write_max = 4096;  // at once
    std::size_t read_max = 65536;
    base::Duration pause_max = base::Duration::microseconds(50);
    bool ends_first = true;  // half-closes after its last byte; else waits for the other's end
    Break breaks = Break::none;
    std::uint64_t break_after = 0;  // bytes moved, both ways together
    bool stalls = false;
    bool stalls_for_ever = false;
    std::uint64_t stall_after = 0;
    base::Duration stall_time = base::Duration::milliseconds(50);
    std::string prefix;          // sent before the header: a PROXY preamble, good or bad
    bool prefix_is_bad = false;  // nothing of this client may ever reach a server
};

class Peer;

// Everybody who took part in a run.
struct Cast {
    std::vector<std::unique_ptr<Peer>> peers;
    std::unordered_map<std::uint64_t, Peer*> by_id;
    bool cooperative = false;  // the quiet phase: no stalls, no pauses, everybody ends
    config::ProxyProtocol preamble = config::ProxyProtocol::none;  // that servers expect
    std::uint64_t preamble_bytes = 0;                              // that servers took
    std::uint64_t open = 0;
    Peer& add(Network& network, bool is_client, const PeerPlan& plan);
};

class Peer {
  public:
    enum class Outcome : std::uint8_t {
        running,
        connect_failed,
        ended,  // both ways ended in order
        saw_reset,
        broke_off,  // it reset or closed by itself, as planned
    };
    Peer(Network& network, Cast& cast, std::uint64_t id, bool is_client, const PeerPlan& plan);

    void connect(const AddressKey& from, const AddressKey& to);
    void take(Socket& accepted);
    void step();   // does what can be done now, then waits for its socket
    void hurry();  // the quiet phase has begun

    const std::uint64_t id;
    const bool is_client;
    PeerPlan plan;
    Socket* socket = nullptr;
    Peer* partner = nullptr;
    Outcome outcome = Outcome::running;
    std::uint64_t sent = 0;  // of header and body
    std::uint64_t received = 0;
    std::uint64_t total() const { return plan.silent ? 0 : header_bytes + plan.bytes; }
    bool end_seen = false;
    bool end_made = false;
    std::string expected_source;  // what a PROXY preamble to the server must name
    std::string preamble_source;  // what it named
    std::string describe() const;

    static constexpr std::size_t header_bytes = 24;

  private:
    void schedule(base::Duration delay);
    bool read_some();
    bool write_some();
    void consume(const std::byte* data, std::size_t bytes);
    std::size_t consume_preamble(const std::byte* data, std::size_t bytes);
    void consume_header();
    void finish(Outcome how);
    void byte_at(std::uint64_t offset, std::byte* out, std::size_t count) const;
    bool may_end() const;
    void maybe_end();
    bool maybe_break();
    bool maybe_stall();

    Network& network_;
    Cast& cast_;
    std::size_t prefix_sent_ = 0;
    std::string preamble_;
    bool preamble_done_ = false;
    std::byte header_[header_bytes]{};
    bool scheduled_ = false;
    bool stalled_ = false;
    bool frozen_ = false;
    bool hurried_ = false;
};

// A simulated server: accepts at an address and hands over whoever comes.
class Server {
  public:
    using Serve = std::function<void(Socket&)>;
    Server(Network& network, AddressKey address, Serve serve);
    void open(std::size_t backlog);
    void shut();
    bool is_open() const { return listener_ != nullptr; }
    const AddressKey address;

  private:
    void accept_all();
    Network& network_;
    Serve serve_;
    Socket* listener_ = nullptr;
};

}  // namespace ringway::sim
