#include "ringway/config/checked.h"

#include <fmt/format.h>

#include "ringway/base/utf8.h"

namespace ringway::config {

std::string printable(std::string_view value) {
    constexpr std::size_t shown_max = 160;
    const bool is_text = base::is_utf8(value);
    std::string out;
    for (const char character : value.substr(0, shown_max)) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !is_text)) {
            out += fmt::format("\\x{:02x}", byte);
        } else {
            out += character;
        }
    }
    if (value.size() > shown_max) out += "...";
    return out;
}

namespace {

std::string with_hint(std::string line, const std::string& hint) {
    if (!hint.empty()) line += fmt::format(" (hint: {})", hint);
    return line;
}

}  // namespace

std::string refusal_line(std::string_view where, std::string_view value, const Refusal& refusal) {
    return with_hint(
        fmt::format("{}: \"{}\" is not allowed: {}", where, printable(value), refusal.rule),
        refusal.hint);
}

std::string refusal_line(std::string_view where, const Refusal& refusal) {
    return with_hint(fmt::format("{}: {}", where, refusal.rule), refusal.hint);
}

}  // namespace ringway::config
