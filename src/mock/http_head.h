// The heads that a mock origin sends.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "output.h"

namespace ringway::mock {

enum class BodyFraming : std::uint8_t { length, chunked, until_close, none };

struct HeadParts {
    int status = 200;
    std::string_view type;
    std::string_view more;  // whole lines
    BodyFraming framing = BodyFraming::length;
    std::uint64_t body_bytes = 0;
    bool keep_alive = true;
};
void write_head(const HeadParts& parts, Output& out);

// 204 and 304 never have one.
constexpr bool status_has_body(int status) { return status != 204 && status != 304; }

}  // namespace ringway::mock
