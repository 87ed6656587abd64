// The time of day as Date fields write it (RFC 9110, 5.6.7), formatted once per second.
//
// One per shard, asked for each response that needs it. Reads no clock.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace ringway::proxy {

class HttpDate {
  public:
    // "Sun, 06 Nov 1994 08:49:37 GMT", valid until the next call. Seconds since 1970, in UTC;
    // years 0 to 9999.
    std::string_view at(std::int64_t wall_seconds) {
        if (wall_seconds != formatted_) format(wall_seconds);
        return {text_.data(), text_.size()};
    }

  private:
    void format(std::int64_t wall_seconds);

    std::int64_t formatted_ = std::numeric_limits<std::int64_t>::min();
    std::array<char, 29> text_{};
};

}  // namespace ringway::proxy
