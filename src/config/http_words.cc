#include "http_words.h"

#include <algorithm>

namespace ringway::config {
namespace {

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) < 15;
    });
}

bool is_field_value(std::string_view text) {
    if (text.empty()) return true;
    if (text.front() == ' ' || text.front() == '\t') return false;
    if (text.back() == ' ' || text.back() == '\t') return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

std::string in_lower_case(std::string_view text) {
    std::string lower{text};
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

}  // namespace ringway::config
