#include "sticky.h"

#include <fmt/format.h>

#include "ringway/upstream/balancer.h"

namespace ringway::proxy {

namespace {

constexpr std::size_t value_bytes = 16;

std::string_view value_for(std::string_view endpoint_name, std::span<char, value_bytes> room) {
    fmt::format_to_n(room.data(), room.size(), "{:016x}", upstream::hash_seed_of(endpoint_name));
    return {room.data(), room.size()};
}

}  // namespace

std::string_view cookie_of(const http::RequestHead& head, std::string_view name) {
    for (const http::Field& field : head.fields()) {
        if (field.id != http::FieldName::cookie) continue;
        std::string_view rest = head.value(field);
        while (!rest.empty()) {
            const std::size_t end = rest.find(';');
            std::string_view pair = rest.substr(0, end);
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
                return pair.substr(name.size() + 1);
            }
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
    }
    return {};
}

int endpoint_of_cookie(const config::Upstream& upstream, std::string_view value) {
    if (value.size() != value_bytes) return -1;
    char room[value_bytes];
    for (std::size_t i = 0; i < upstream.endpoints.size(); ++i) {
        if (value_for(upstream.endpoints[i].name, room) == value) return static_cast<int>(i);
    }
    return -1;
}

std::string_view write_sticky_cookie(const config::Upstream& upstream, std::size_t endpoint_index,
                                     std::span<char, sticky_cookie_bytes_max> room) {
    char value[value_bytes];
    const auto written = fmt::format_to_n(
        room.data(), room.size(), "{}={}; Path=/; HttpOnly; SameSite=Lax", upstream.sticky_cookie,
        value_for(upstream.endpoints[endpoint_index].name, value));
    return {room.data(), std::min(written.size, room.size())};
}

}  // namespace ringway::proxy
