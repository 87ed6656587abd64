// Cookies: reading one of a request, and the one that keeps a client at its endpoint.
//
// Pure. The sticky cookie's value is a number made of the endpoint's name: it says nothing about
// addresses, and a value that belongs to no endpoint is as good as none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ringway/config/settings.h"
#include "ringway/http/head.h"

namespace ringway::proxy {

// The value of the first cookie of this name (RFC 6265, 4.2), or nothing.
std::string_view cookie_of(const http::RequestHead& head, std::string_view name);

// Which endpoint of the upstream a sticky cookie's value means: its index, or -1.
int endpoint_of_cookie(const config::Upstream& upstream, std::string_view value);

inline constexpr std::size_t sticky_cookie_bytes_max = 256;
// "NAME=VALUE; Path=/; HttpOnly; SameSite=Lax" for this endpoint.
std::string_view write_sticky_cookie(const config::Upstream& upstream, std::size_t endpoint_index,
                                     std::span<char, sticky_cookie_bytes_max> room);

}  // namespace ringway::proxy
