// How a mock origin answers: what a listener's URL, a request's query and its X-Mock field may say.
//
// One table (src/mock/behaviour.cc) serves all three; what comes later overrides what came before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/base/clock.h"
#include "ringway/mock/latency.h"

namespace ringway::mock {

// Kept in place, so that a request's own behaviour costs no allocation.
class MediaType {
  public:
    // False when it is empty, too long, or holds what no field value may.
    bool assign(std::string_view text);
    std::string_view view() const { return {text_.data(), bytes_}; }
    bool empty() const { return bytes_ == 0; }

  private:
    std::array<char, 80> text_{};
    std::uint8_t bytes_ = 0;
};

struct Behaviour {
    std::optional<std::uint64_t> bytes;  // size of the body, or of each event
    std::uint64_t chunked = 0;           // bytes of each chunk; 0: with a Content-Length
    int status = 200;
    MediaType type;  // empty: what the path usually says
    Latency latency;

    // Shares of the requests, from 0 to 1.
    double errors = 0;
    int error_status = 500;
    double cut = 0;
    std::optional<std::uint64_t> cut_after;  // body bytes; not given: half of the body
    double corrupt = 0;

    std::uint64_t rate = 0;  // body bytes per second; 0: as fast as it goes
    bool close = false;
    std::optional<std::uint64_t> seed;

    base::Duration interval = base::Duration::milliseconds(500);  // between events
    base::Duration jitter{};                                      // of each event, to either side

    base::Duration ttft{};                // to the first token
    std::optional<std::uint64_t> tokens;  // not given: what the request asks for, up to a limit
    double token_rate = 0;                // per second; 0: all at once
    bool stamps = false;                  // a comment with number and time before each event
};

enum class Applied : std::uint8_t { done, unknown, refused };
// Sets one key. `problem` says what is wrong and what would be right when it is refused.
Applied apply_key(std::string_view key, std::string_view value, Behaviour& behaviour,
                  std::string& problem);

enum class UnknownKeys : std::uint8_t { refuse, ignore };
// "key=value&key=value", percent-encoded or not. False: `problem` says why.
bool apply_keys(std::string_view text, UnknownKeys unknown, Behaviour& behaviour,
                std::string& problem);

// Every key, for sentences: "bytes, chunked, ...".
std::string known_keys();

// "5%", "0.1%" or "off", as a share from 0 to 1.
std::optional<double> parse_share(std::string_view text);

}  // namespace ringway::mock
