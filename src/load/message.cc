#include "message.h"

#include <cstring>

#include "ringway/base/assert.h"
#include "ringway/load/plan.h"

namespace ringway::load {
namespace {

void store(std::byte* at, std::uint64_t value) { std::memcpy(at, &value, sizeof value); }

}  // namespace

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

Message::Message(std::uint64_t tag, Direction direction, std::size_t bytes)
    : tag_(direction == Direction::request ? tag : ~tag), bytes_(bytes) {
    RW_ASSERT(bytes >= message_bytes_min);
    for (std::size_t i = 0; i < bytes; ++i) {
        bytes_[i] = static_cast<std::byte>(mix(tag_ + i / 8) >> (i % 8 * 8));
    }
    store(bytes_.data(), tag_);
    stamp(0);
}

void Message::stamp(std::uint64_t number) {
    store(bytes_.data() + 8, number);
    store(bytes_.data() + bytes_.size() - 8, mix(tag_ + mix(number)));
}

bool Message::matches(std::size_t offset, std::span<const std::byte> part) const {
    if (offset + part.size() > bytes_.size()) return false;
    return std::memcmp(bytes_.data() + offset, part.data(), part.size()) == 0;
}

std::uint64_t Message::tag_of(std::span<const std::byte, 8> head) {
    std::uint64_t tag = 0;
    std::memcpy(&tag, head.data(), sizeof tag);
    return tag;
}

}  // namespace ringway::load
