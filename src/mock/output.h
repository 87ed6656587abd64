// Bytes on their way out: a buffer that grows, is emptied, and is filled again without allocating.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace ringway::mock {

class Output {
  public:
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    char* data() { return data_.get(); }
    std::string_view view() const { return {data_.get(), size_}; }
    void clear() { size_ = 0; }

    // Room for so many bytes at the end, counted as written.
    char* extend(std::size_t bytes) {
        if (capacity_ - size_ < bytes) grow(bytes);
        char* room = data_.get() + size_;
        size_ += bytes;
        return room;
    }
    void truncate(std::size_t bytes) { size_ = bytes; }
    void append(std::string_view text) {
        if (!text.empty()) std::memcpy(extend(text.size()), text.data(), text.size());
    }
    void append_number(std::uint64_t number, int base = 10) {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
        append({digits, static_cast<std::size_t>(end - digits)});
    }
    // Exactly so many digits, zeros in front.
    void append_padded(std::uint64_t number, std::size_t digits) {
        char* to = extend(digits);
        for (std::size_t i = digits; i > 0; number /= 10) {
            to[--i] = static_cast<char>('0' + number % 10);
        }
    }

  private:
    void grow(std::size_t bytes) {
        const std::size_t wanted = std::max(capacity_ * 2, size_ + bytes + 4096);
        std::unique_ptr<char[]> larger(new char[wanted]);
        if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
        data_ = std::move(larger);
        capacity_ = wanted;
    }

    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace ringway::mock
