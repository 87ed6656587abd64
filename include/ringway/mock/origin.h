// A small server to stand behind a proxy: echo, sink, source, HTTP as one asks for it, or one
// answer per connection. `ringway mock` runs any number of them, `ringway demo` runs them in its
// own process.
//
// An Origin owns its listening sockets, its threads and the connections on them. It is built on
// epoll on purpose and shares no I/O code with the proxy: what stands at the other end of a test
// must not have the tested code's faults.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/result.h"
#include "ringway/mock/behaviour.h"
#include "ringway/mock/throttle.h"

namespace ringway::mock {

enum class Mode : std::uint8_t {
    echo,         // sends back what it gets; ends when the peer has ended
    sink,         // reads until the peer ends, then closes
    source,       // sends the pattern (pattern.h), `bytes` of it or until the peer ends
    http,         // answers HTTP/1.1 requests as `behaviour`, the request's path, its query and its
                  // X-Mock field say (docs/MOCK.md)
    close_first,  // echoes `bytes` bytes (or its first read), then closes before the peer does
    throttle,     // no origin: a ThrottleHop; Origin::open() refuses it
};
std::string_view name_of(Mode mode);  // "echo", ..., "close-first"

struct OriginSettings {
    Mode mode = Mode::echo;
    std::string host = "127.0.0.1";  // a literal address or a name of this machine
    std::uint16_t port = 0;          // 0: the kernel chooses
    std::string unix_path;           // instead of host and port, when not empty
    bool http_scheme = false;        // whether url() says http:// or tcp://
    // source: how much, 0 for endless; http: size of the body, 0 for what `behaviour` says;
    // close-first: how many bytes to wait for, 0 for whatever comes first.
    std::uint64_t bytes = 0;
    unsigned threads = 1;  // each with its own socket on the same port
    Behaviour behaviour{};
    ThrottleSettings throttle{};
};

// "tcp://HOST:PORT", "http://HOST:PORT" or "tcp+unix:/path", with "?mode=...&bytes=..." after it.
// On a bad value returns nothing and says in `problem` what is wrong and what would be right.
std::optional<OriginSettings> parse_listen_url(std::string_view url, std::string& problem);

struct OriginCounters {
    std::uint64_t accepted = 0;
    std::uint64_t active = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t requests = 0;  // read whole; those of /mock/ paths are not counted
    std::uint64_t answered = 0;  // their answers are with the kernel, to the last byte
    std::uint64_t resets = 0;    // connections that ended in an error
    std::uint64_t cut = 0;       // answers cut on purpose
    std::uint64_t corrupted = 0;
    std::uint64_t errors_made = 0;
    // Requests by path: other, bytes, status, slow, echo, mirror, events, messages, completions,
    // stats, reset.
    std::array<std::uint64_t, 11> by_path{};
};
// The same as JSON, as /mock/stats shows it.
void write_json(const OriginCounters& counters, std::string& out);

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
    void stop();                      // closes everything and joins; may be called twice
    OriginCounters counters() const;  // by any thread, at any time

  private:
    struct Impl;
    explicit Origin(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::mock
