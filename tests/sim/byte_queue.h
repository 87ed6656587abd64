// Bytes in order: appended at the end, taken from the front.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace ringway::sim {

class ByteQueue {
  public:
    std::size_t size() const { return bytes_.size() - head_; }
    bool empty() const { return size() == 0; }
    const std::byte* front() const { return bytes_.data() + head_; }

    void append(const std::byte* data, std::size_t count) {
        bytes_.insert(bytes_.end(), data, data + count);
    }
    void drop(std::size_t count) {
        head_ += std::min(count, size());
        if (head_ == bytes_.size()) {
            bytes_.clear();
            head_ = 0;
        } else if (head_ > 65536 && head_ * 2 > bytes_.size()) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }
    // Copies up to `count` bytes (when `target` is not null) and returns how many there were.
    std::size_t peek(void* target, std::size_t count) const {
        const std::size_t moved = std::min(count, size());
        if (target != nullptr && moved > 0) std::memcpy(target, front(), moved);
        return moved;
    }
    void clear() {
        bytes_.clear();
        head_ = 0;
    }

  private:
    std::vector<std::byte> bytes_;
    std::size_t head_ = 0;
};

}  // namespace ringway::sim
