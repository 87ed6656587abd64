// A small server to stand behind a proxy: echo, sink, source, plain HTTP, or one answer per
// connection. `ringway mock` runs any number of them, `ringway demo` runs them in its own process.
//
// An Origin owns one listening socket, one thread and the connections on it. It is built on epoll
// on purpose and shares no I/O code with the proxy: what stands at the other end of a test must
// not have the tested code's faults.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/result.h"

namespace ringway::mock {

enum class Mode : std::uint8_t {
    echo,         // sends back what it gets; ends when the peer has ended
    sink,         // reads until the peer ends, then closes
    source,       // sends the pattern (pattern.h), `bytes` of it or until the peer ends
    http,         // answers HTTP/1.1 requests with a line that says who answered, and more
                  // (src/mock/http_serving.h)
    close_first,  // echoes `bytes` bytes (or its first read), then closes before the peer does
};
std::string_view name_of(Mode mode);  // "echo", ..., "close-first"

struct OriginSettings {
    Mode mode = Mode::echo;
    std::string host = "127.0.0.1";  // a literal address or a name of this machine
    std::uint16_t port = 0;          // 0: the kernel chooses
    std::string unix_path;           // instead of host and port, when not empty
    bool http_scheme = false;        // whether url() says http:// or tcp://
    // source: how much, 0 for endless; http: size of the body, 0 for a short text;
    // close-first: how many bytes to wait for, 0 for whatever comes first.
    std::uint64_t bytes = 0;
};

// "tcp://HOST:PORT", "http://HOST:PORT" or "tcp+unix:/path", with "?mode=...&bytes=..." after it.
// On a bad value returns nothing and says in `problem` what is wrong and what would be right.
std::optional<OriginSettings> parse_listen_url(std::string_view url, std::string& problem);

struct OriginCounters {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t requests = 0;  // HTTP requests answered
    std::uint64_t resets = 0;    // connections that ended in an error
};

class Origin {
  public:
    // Binds and listens; from here on peers can connect, start() begins to serve them.
    static base::Result<std::unique_ptr<Origin>> open(const OriginSettings& settings);
    ~Origin();
    Origin(const Origin&) = delete;
    Origin& operator=(const Origin&) = delete;

    std::uint16_t port() const;  // as bound; 0 for Unix sockets
    std::string url() const;     // "tcp://127.0.0.1:4711" or "tcp+unix:/path"
    void start();
    void stop();                      // closes everything and joins the thread; may be called twice
    OriginCounters counters() const;  // by any thread, at any time

  private:
    struct Impl;
    explicit Origin(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::mock
