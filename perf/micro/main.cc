// perf/micro: what the pieces of the data path cost, one line each.
//
//   build/perf/micro/micro [FILTER]      prints only the lines whose name contains FILTER
//
// Nanoseconds depend on the machine and on what else runs; allocations and bytes do not, and those
// are what a change must not raise.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench.h"
#include "ringway/ring/sys.h"

namespace {

thread_local std::uint64_t allocation_count = 0;
std::string_view filter;

}  // namespace

// Every allocation ends here, as operator new calls malloc.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* malloc(std::size_t bytes) {
    ++allocation_count;
    return __libc_malloc(bytes);
}

namespace ringway::perf {

std::uint64_t allocations() { return allocation_count; }

void measure(std::string_view name, const std::function<void(std::uint64_t)>& work,
             std::uint64_t each) {
    if (name.find(filter) == std::string_view::npos) return;
    const auto time = [&](std::uint64_t count) {
        const base::Instant start = ring::sys::now();
        work(count);
        return static_cast<double>((ring::sys::now() - start).ns);
    };
    std::uint64_t count = 16;
    while (time(count) < 5e6) count *= 2;
    std::vector<double> samples(15);
    const std::uint64_t allocated = allocations();
    for (double& sample : samples) {
        sample = time(count) / static_cast<double>(count) / static_cast<double>(each);
    }
    const auto operations = static_cast<double>(count * each * samples.size());
    const double per_operation = static_cast<double>(allocations() - allocated) / operations;
    const auto median_of = [](std::vector<double>& values) {
        std::sort(values.begin(), values.end());
        return values[values.size() / 2];
    };
    const double median = median_of(samples);
    for (double& sample : samples) sample = std::abs(sample - median);
    fmt::print("{:<62} {:>10.1f} ns  +-{:<8.1f} {:>6.2f} allocations\n", name, median,
               median_of(samples), per_operation);
}

void note_bytes(std::string_view name, std::size_t bytes) {
    if (name.find(filter) == std::string_view::npos) return;
    fmt::print("{:<62} {:>10} bytes\n", name, bytes);
}

}  // namespace ringway::perf

int main(int count, char** words) {
    using namespace ringway::perf;
    if (count > 1) filter = words[1];
    bench_base();
    bench_stats();
    bench_upstream();
    bench_async();
    bench_http();
    bench_rules();
    bench_relay();
    note_sizes();
    return 0;
}
