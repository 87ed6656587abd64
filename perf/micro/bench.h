// Times small pieces of code: median and median deviation over repetitions, instructions where the
// machine counts them, and heap allocations.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace ringway::perf {

// Heap allocations of this thread so far (malloc and operator new alike).
std::uint64_t allocations();

// Runs `work(n)`, which does something n times, with an n that takes some milliseconds, and reports
// one case. `each` divides further when one round of n is several operations.
void measure(std::string_view name, const std::function<void(std::uint64_t)>& work,
             std::uint64_t each = 1);

// Reports one figure that is a size, not a time.
void note_bytes(std::string_view name, std::size_t bytes);

// Keeps the compiler from dropping what computes `value`.
template <typename Value>
void keep(const Value& value) {
    asm volatile("" : : "r,m"(value) : "memory");
}

void bench_base();      // slab, timer wheel
void bench_stats();     // histograms, what an exchange counts, access-log lines
void bench_upstream();  // choosing an endpoint
void bench_async();     // coroutines and their frames
void bench_http();      // heads and chunked bodies, read and written
void bench_rules();     // choosing a route, heads from one side to the other, replies
void bench_relay();     // one exchange through the relay, kernel included
void note_sizes();      // bytes per connection

}  // namespace ringway::perf
