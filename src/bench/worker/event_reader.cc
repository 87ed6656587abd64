#include "event_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace ringway::bench {

void EventReader::reset() {
    event_ = {};
    has_data_ = false;
    is_first_line_ = true;
    after_cr_ = false;
    line_bytes_ = 0;
}

bool EventReader::take_line(std::string_view& bytes) {
    if (after_cr_) {
        after_cr_ = false;
        if (bytes.front() == '\n') bytes.remove_prefix(1);
        if (bytes.empty()) return false;
    }
    std::size_t end = bytes.find('\n');
    const std::size_t cr = bytes.substr(0, end).find('\r');
    const bool by_cr = cr != std::string_view::npos;
    if (by_cr) end = cr;
    const bool is_whole = end != std::string_view::npos;
    const std::string_view part = bytes.substr(0, end);
    bytes.remove_prefix(is_whole ? end + 1 : bytes.size());
    if (is_whole && line_bytes_ == 0) {
        after_cr_ = by_cr;
        return end_line(part.substr(0, line_begin_max));
    }
    if (line_bytes_ < line_begin_max) {
        const std::size_t kept = std::min(part.size(), line_begin_max - line_bytes_);
        std::memcpy(line_begin_.data() + line_bytes_, part.data(), kept);
    }
    line_bytes_ += part.size();
    if (!is_whole) return false;
    after_cr_ = by_cr;
    const std::string_view line(line_begin_.data(), std::min(line_bytes_, line_begin_max));
    line_bytes_ = 0;
    return end_line(line);
}

bool EventReader::end_line(std::string_view line) {
    if (is_first_line_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    is_first_line_ = false;
    if (line.empty()) {
        const bool is_event = has_data_;
        has_data_ = false;
        // What stood before an empty line without data belongs to no event; a comment's stamp does.
        return is_event;
    }
    if (line.front() == ':') {
        read_stamps(line.substr(1));
    } else if (line.starts_with("data") && (line.size() == 4 || line[4] == ':')) {
        has_data_ = true;
        if (line.size() > 4) read_stamps(line.substr(5));
    }
    return false;
}

void EventReader::read_stamps(std::string_view text) {
    while (!text.empty()) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(word.size());
        if (word.size() < 3 || word[1] != '=' || (word[0] != 'n' && word[0] != 't')) continue;
        auto& place = word[0] == 'n' ? event_.number : event_.stamp_ns;
        std::uint64_t value = 0;
        const auto read = std::from_chars(word.data() + 2, word.data() + word.size(), value);
        const bool is_number = read.ec == std::errc() && read.ptr == word.data() + word.size();
        if (is_number && !place) place = value;
    }
}

}  // namespace ringway::bench
