// A server that does on each connection what a test tells it to, with blocking calls, on threads of
// its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ringway/bench/plan.h"

namespace ringway::bench {

// One accepted connection; closed when the script returns.
class ScriptedPeer {
  public:
    ScriptedPeer(int fd, unsigned number, const std::atomic<bool>& stopping)
        : fd_(fd), number_(number), stopping_(stopping) {}

    unsigned number() const { return number_; }  // of the connection, from 0
    int fd() const { return fd_; }
    // Up to the end of a head; nothing when the peer ended first.
    std::optional<std::string> read_head();
    bool read_request() { return read_head().has_value(); }
    bool read_exactly(char* data, std::size_t bytes);
    bool write(std::string_view bytes);  // false once nobody listens any more
    void pause_ms(int ms) const;
    bool stopping() const { return stopping_; }
    void wait_for_end();  // until the peer closes, or the server stops
    void reset();         // the script's return makes it a reset

  private:
    int fd_;
    unsigned number_;
    const std::atomic<bool>& stopping_;
};

class ScriptedServer {
  public:
    using Script = std::function<void(ScriptedPeer&)>;
    explicit ScriptedServer(Script script);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    Destination destination(bool is_http) const;
    unsigned accepted() const { return accepted_; }

  private:
    void accept_all();
    void serve(int fd, unsigned number);

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::atomic<unsigned> accepted_{0};
    std::mutex mutex_;
    std::vector<int> open_;  // by mutex_
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

Destination loopback(std::uint16_t port, bool is_http);

}  // namespace ringway::bench
