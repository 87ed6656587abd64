// An origin for the generator's tests that does exactly what a test says, on real sockets.
//
// Every connection has a thread of its own that runs the test's script until it returns; then the
// connection closes. Destroying the origin ends all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ringway/bench/plan.h"

namespace ringway::bench::test {

// The origin's end of one connection.
class Peer {
  public:
    Peer(int fd, unsigned number) : fd_(fd), number_(number) {}

    // The next request's head with its empty line; empty at the end.
    std::string read_head();
    bool write(std::string_view text);
    void reset();                                // the client sees a broken connection
    unsigned number() const { return number_; }  // which connection, from 0

  private:
    int fd_;
    unsigned number_;
    std::string unread_;
};

class Origin {
  public:
    using Script = std::function<void(Peer&)>;
    explicit Origin(Script script);
    ~Origin();
    Origin(const Origin&) = delete;
    Origin& operator=(const Origin&) = delete;

    Destination destination() const;
    unsigned accepted() const { return accepted_.load(); }

    // Answers every request with `response`, counting them.
    static Script answering(std::string response, std::atomic<std::uint64_t>* requests = nullptr);

  private:
    void accept_all();

    Script script_;
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<unsigned> accepted_{0};
    std::mutex mutex_;
    std::vector<int> open_;
    std::vector<std::thread> talking_;
    std::thread accepting_;
};

// A GET of `/` over `connections`, short.
RunPlan plan_for(const Origin& origin, unsigned connections = 2);

inline constexpr std::string_view hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

}  // namespace ringway::bench::test
