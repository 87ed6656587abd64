// A number that one thread writes and any thread may read.
//
// The writer pays for a plain load, add and store: no lock prefix, no fence. A reader may see a
// value that is a few instructions old, never a torn one.
#pragma once

#include <atomic>
#include <cstdint>

namespace ringway::stats {

class Counter {
  public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    void set(std::uint64_t n) { value_.store(n, std::memory_order_relaxed); }
    std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace ringway::stats
