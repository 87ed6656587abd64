// Cookies: reading one of a request, and writing the one that keeps a client at its endpoint. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ringway/http/head.h"

namespace ringway::proxy {

// The value of the first cookie of this name (RFC 6265, 4.2), or nothing.
std::string_view cookie_of(const http::RequestHead& head, std::string_view name);

inline constexpr std::size_t sticky_cookie_bytes_max = 256;
// "NAME=VALUE; Path=/; HttpOnly; SameSite=Lax".
std::string_view write_sticky_cookie(std::string_view name, std::string_view value,
                                     std::span<char, sticky_cookie_bytes_max> room);

}  // namespace ringway::proxy
