// "key=value&key=value", walked through.
#pragma once

#include <string_view>

namespace ringway::mock {

// Calls `take(key, value)` for each part that is not empty, until one answers false. True: none
// did.
template <typename Take>
bool each_key(std::string_view text, Take take) {
    while (!text.empty()) {
        const std::size_t ampersand = text.find('&');
        const std::string_view part = text.substr(0, ampersand);
        const std::size_t equals = part.find('=');
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1);
        if (!part.empty() && !take(part.substr(0, equals), value)) return false;
        if (ampersand == std::string_view::npos) break;
        text.remove_prefix(ampersand + 1);
    }
    return true;
}

}  // namespace ringway::mock
