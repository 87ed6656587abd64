// The bytes of one request or response: who sent it, which one it is, and a pattern to compare.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ringway::load {

enum class Direction : std::uint8_t { request, response };

// Layout: tag (8), number (8), pattern, check (8). Stamping changes only the number and the check.
class Message {
  public:
    Message(std::uint64_t tag, Direction direction, std::size_t bytes);
    void stamp(std::uint64_t number);
    // Whether `part` is what this message holds at `offset`.
    bool matches(std::size_t offset, std::span<const std::byte> part) const;
    std::span<const std::byte> bytes() const { return bytes_; }

    // The tag a request carries, from its first eight bytes.
    static std::uint64_t tag_of(std::span<const std::byte, 8> head);

  private:
    std::uint64_t tag_;
    std::vector<std::byte> bytes_;
};

std::uint64_t mix(std::uint64_t value);

}  // namespace ringway::load
