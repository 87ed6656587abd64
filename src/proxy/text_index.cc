#include "ringway/proxy/text_index.h"

#include <cstring>

#include "ringway/http/names.h"

namespace ringway::proxy {
namespace {

constexpr std::uint64_t multiplier = 0x9E3779B97F4A7C15u;
// Makes capitals small, and some other characters equal: a hash may.
constexpr std::uint64_t small_letters = 0x2020202020202020u;

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ (word | small_letters)) * multiplier;
    return hash ^ (hash >> 29);
}

template <typename Word>
std::uint64_t word_at(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// All bytes of a text that is shorter than a word, in one.
std::uint64_t short_word(const char* at, std::size_t bytes) {
    if (bytes >= 4) {
        return word_at<std::uint32_t>(at) | word_at<std::uint32_t>(at + bytes - 4) << 32;
    }
    if (bytes == 0) return 0;
    return word_at<std::uint8_t>(at) | word_at<std::uint8_t>(at + bytes / 2) << 8 |
           word_at<std::uint8_t>(at + bytes - 1) << 16;
}

std::uint32_t hash_of(std::uint32_t space, std::string_view text) {
    std::uint64_t hash = (space + 1) * multiplier + text.size();
    const char* at = text.data();
    const char* const end = at + text.size();
    if (text.size() < 8) {
        hash = mix(hash, short_word(at, text.size()));
    } else {
        for (; end - at > 8; at += 8) hash = mix(hash, word_at<std::uint64_t>(at));
        hash = mix(hash, word_at<std::uint64_t>(end - 8));
    }
    return static_cast<std::uint32_t>(hash >> 32);
}

}  // namespace

bool TextIndex::equals(std::string_view a, std::string_view b) const {
    return a == b || (ignores_case_ && http::equals_ignoring_case(a, b));
}

void TextIndex::add(std::uint32_t space, std::string_view text, std::uint32_t value) {
    if (find(space, text)) return;
    Entry entry;
    entry.hash = hash_of(space, text);
    entry.space = space;
    entry.text_at = static_cast<std::uint32_t>(texts_.size());
    entry.text_bytes = static_cast<std::uint32_t>(text.size());
    entry.value = value;
    texts_ += text;
    entries_.push_back(entry);
    rebuild();
}

// At most half full. Adding is done while settings are compiled, so each growth places all again.
void TextIndex::rebuild() {
    const auto place = [this](std::uint32_t number) {
        std::size_t slot = entries_[number].hash & (slots_.size() - 1);
        while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = number + 1;
    };
    const auto last = static_cast<std::uint32_t>(entries_.size() - 1);
    if (entries_.size() * 2 <= slots_.size()) return place(last);
    slots_.assign(slots_.empty() ? 8 : slots_.size() * 2, 0);
    for (std::uint32_t number = 0; number <= last; ++number) place(number);
}

std::optional<std::uint32_t> TextIndex::find(std::uint32_t space, std::string_view text) const {
    if (slots_.empty()) return std::nullopt;
    const std::uint32_t hash = hash_of(space, text);
    for (std::size_t slot = hash & (slots_.size() - 1); slots_[slot] != 0;
         slot = (slot + 1) & (slots_.size() - 1)) {
        const Entry& entry = entries_[slots_[slot] - 1];
        if (entry.hash == hash && entry.space == space && equals(text_of(entry), text)) {
            return entry.value;
        }
    }
    return std::nullopt;
}

}  // namespace ringway::proxy
