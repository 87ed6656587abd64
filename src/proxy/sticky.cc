#include "sticky.h"

#include <algorithm>

#include <fmt/format.h>

namespace ringway::proxy {

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

std::string_view write_sticky_cookie(std::string_view name, std::string_view value,
                                     std::span<char, sticky_cookie_bytes_max> room) {
    const auto written = fmt::format_to_n(room.data(), room.size(),
                                          "{}={}; Path=/; HttpOnly; SameSite=Lax", name, value);
    return {room.data(), std::min(written.size, room.size())};
}

}  // namespace ringway::proxy
