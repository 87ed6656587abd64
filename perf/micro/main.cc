// perf/micro: what the pieces of the data path cost, one case each.
//
//   build/perf/micro/micro [FILTER]      only the cases whose name contains FILTER
//     --json         as one JSON document
//     --list         the names and how many operations one round of each is, nothing measured
//     --rounds N     run each case exactly N rounds and measure nothing (for valgrind)
//
// Nanoseconds depend on the machine and on what else runs; instructions, allocations and bytes do
// not, and those are what a change must not raise.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "bench.h"
#include "instruction_counter.h"
#include "ringway/ring/sys.h"
#include "ringway/stats/json.h"

namespace {

thread_local std::uint64_t allocation_count = 0;

struct Options {
    std::string_view filter;
    bool json = false;
    bool list = false;
    std::uint64_t rounds = 0;
};
Options options;

std::string json_text;
ringway::stats::JsonWriter json(json_text);

bool is_wanted(std::string_view name) {
    return name.find(options.filter) != std::string_view::npos;
}

}  // namespace

// Every allocation ends here, as operator new calls malloc.
extern "C" void* __libc_malloc(std::size_t);
extern "C" void* malloc(std::size_t bytes) {
    ++allocation_count;
    return __libc_malloc(bytes);
}

namespace ringway::perf {

std::uint64_t allocations() { return allocation_count; }

namespace {

struct Costs {
    double ns = 0;
    double ns_deviation = 0;
    double instructions = -1;  // negative: this machine does not count them
    double allocations = 0;
};

double median_of(std::vector<double>& values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Costs costs_of(const std::function<void(std::uint64_t)>& work, std::uint64_t each) {
    static const InstructionCounter counter;
    const auto time = [&](std::uint64_t count) {
        const base::Instant start = ring::sys::now();
        work(count);
        return static_cast<double>((ring::sys::now() - start).ns);
    };
    std::uint64_t count = 16;
    while (time(count) < 5e6) count *= 2;
    const auto per_round = static_cast<double>(count * each);
    std::vector<double> samples(15);
    const double operations = per_round * static_cast<double>(samples.size());
    Costs costs;
    const std::uint64_t allocated = allocations();
    const std::uint64_t executed = counter.read();
    for (double& sample : samples) sample = time(count) / per_round;
    if (counter.works()) {
        costs.instructions = static_cast<double>(counter.read() - executed) / operations;
    }
    costs.allocations = static_cast<double>(allocations() - allocated) / operations;
    costs.ns = median_of(samples);
    for (double& sample : samples) sample = std::abs(sample - costs.ns);
    costs.ns_deviation = median_of(samples);
    return costs;
}

}  // namespace

void measure(std::string_view name, const std::function<void(std::uint64_t)>& work,
             std::uint64_t each) {
    if (!is_wanted(name)) return;
    if (options.list) {
        fmt::print("{}\t{}\n", name, each);
        return;
    }
    if (options.rounds > 0) return work(options.rounds);
    const Costs costs = costs_of(work, each);
    if (options.json) {
        json.begin_object().text("name", name).real("ns", costs.ns);
        json.real("ns_deviation", costs.ns_deviation).real("allocations", costs.allocations);
        if (costs.instructions >= 0) json.real("instructions", costs.instructions);
        json.end_object();
        return;
    }
    fmt::print("{:<62} {:>10.1f} ns  +-{:<8.1f} {:>6.2f} allocations", name, costs.ns,
               costs.ns_deviation, costs.allocations);
    if (costs.instructions >= 0) fmt::print(" {:>10.1f} instructions", costs.instructions);
    fmt::print("\n");
}

void note_bytes(std::string_view name, std::size_t bytes) {
    if (!is_wanted(name) || options.list || options.rounds > 0) return;
    if (options.json) {
        json.begin_object().text("name", name).number("bytes", bytes).end_object();
        return;
    }
    fmt::print("{:<62} {:>10} bytes\n", name, bytes);
}

namespace {

void run_all() {
    bench_base();
    bench_stats();
    bench_upstream();
    bench_async();
    bench_http();
    bench_rules();
    bench_relay();
    note_sizes();
}

bool parse(int count, char** words) {
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--json") {
            options.json = true;
        } else if (word == "--list") {
            options.list = true;
        } else if (word == "--rounds" && i + 1 < count) {
            const std::string_view digits = words[++i];
            const auto [end, failure] =
                std::from_chars(digits.data(), digits.data() + digits.size(), options.rounds);
            if (failure != std::errc{} || end != digits.data() + digits.size()) return false;
        } else if (!word.starts_with("--") && options.filter.empty()) {
            options.filter = word;
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace
}  // namespace ringway::perf

int main(int count, char** words) {
    using namespace ringway::perf;
    if (!parse(count, words)) {
        fmt::print(stderr, "usage: micro [FILTER] [--json | --list | --rounds N]\n");
        return 2;
    }
    if (options.json) json.begin_object().number("schema_version", 1).begin_array("cases");
    run_all();
    if (options.json) {
        json.end_array().end_object();
        fmt::print("{}\n", json_text);
    }
    return 0;
}
