// The simulation's command line: runs seeds in child processes, counts, and replays one on request.
//
// A child that dies takes one seed with it, not the run: the parent names the seed and goes on.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ringway/base/planted.h"
#include "run.h"

namespace ringway::sim {
namespace {

constexpr std::uint64_t operations_min = 500;

struct Options {
    std::uint64_t first = 1;
    std::uint64_t seeds = 2000;
    std::uint64_t only = 0;
    unsigned jobs = 1;
    bool stop_at_failure = false;
    bool quiet = false;
    bool list_planted = false;
};

// What children report; shared memory, so it outlives them.
struct Shared {
    std::atomic<std::uint64_t> next{0};
    std::atomic<std::uint64_t> passed{0};
    std::atomic<std::uint64_t> failed{0};
    std::atomic<std::uint64_t> operations{0};
    std::atomic<std::uint64_t> connections{0};
    std::atomic<std::uint64_t> bytes{0};
    std::atomic<std::uint64_t> faults[fault_count]{};
    std::atomic<std::uint64_t> fault_seeds[fault_count]{};
    static constexpr std::size_t reach_max = 64;
    std::atomic<std::size_t> reach_count{0};
    std::atomic<std::uint64_t> reach[reach_max]{};
    std::atomic<const char*> reach_name[reach_max]{};  // static text, the same in every process
    std::atomic<std::uint64_t> running[16]{};          // the seed each child is at
};

int usage() {
    fmt::print(
        stderr,
        "usage: sim [--seeds N] [--first N] [--jobs N] [--stop-at-failure] [--quiet]\n"
        "       sim --seed N      replays one seed with a trace\n"
        "       sim --list-planted; sim --planted NAME ... in a build with -Dplanted_bug=any\n");
    return 2;
}

// Only in a build with -Dplanted_bug=any.
bool plant(std::string_view name) {
    for (std::size_t i = 0; i < std::size(base::bug_names); ++i) {
        if (base::bug_names[i] != name) continue;
#if defined(RW_PLANTED_BUG_ANY)
        base::planted_bug = static_cast<base::Bug>(i + 1);
        return true;
#endif
    }
    return false;
}

bool parse(int count, char** words, Options& options) {
    const auto number = [&](int& at, std::uint64_t& into) {
        if (at + 1 >= count) return false;
        char* end = nullptr;
        into = std::strtoull(words[++at], &end, 10);
        return end != words[at] && *end == '\0';
    };
    std::uint64_t jobs = options.jobs;
    for (int at = 1; at < count; ++at) {
        const std::string_view word = words[at];
        bool good = true;
        if (word == "--seeds")
            good = number(at, options.seeds);
        else if (word == "--first")
            good = number(at, options.first);
        else if (word == "--seed")
            good = number(at, options.only) && options.only > 0;
        else if (word == "--jobs")
            good = number(at, jobs) && jobs >= 1 && jobs <= 16;
        else if (word == "--stop-at-failure")
            options.stop_at_failure = true;
        else if (word == "--quiet")
            options.quiet = true;
        else if (word == "--planted" && at + 1 < count)
            good = plant(words[++at]);
        else if (word == "--list-planted")
            options.list_planted = true;
        else
            good = false;
        if (!good) return false;
    }
    options.jobs = static_cast<unsigned>(jobs);
    return true;
}

void report_failure(const Scenario& scenario, const std::string& what) {
    fmt::print("FAILED seed {}: {}\n       {}\n       replay: tools/sim --seed {}\n", scenario.seed,
               what, scenario.describe(), scenario.seed);
    std::fflush(stdout);
}

void account(Shared& shared, Run& run) {
    const FaultCounts& counts = run.fault_counts();
    for (std::size_t i = 0; i < fault_count; ++i) {
        shared.faults[i] += counts[i];
        if (counts[i] > 0) ++shared.fault_seeds[i];
    }
    shared.operations += run.operations();
    shared.connections += run.connections();
    shared.bytes += run.bytes();
    const auto reached = run.reached();
    shared.reach_count = std::min(reached.size(), Shared::reach_max);
    for (std::size_t i = 0; i < shared.reach_count; ++i) {
        shared.reach[i] += reached[i].count;
        shared.reach_name[i] = reached[i].name.data();
    }
}

// One seed: as many machines as it takes to have seen enough operations. `each` is told of every
// run; false after a failure, which leaves the process unfit for another run.
template <typename Each>
bool run_seed(std::uint64_t seed, bool trace, Each each) {
    std::uint64_t operations = 0;
    for (std::uint64_t round = 0; operations < operations_min; ++round) {
        const Scenario scenario = draw_scenario(seed, round);
        if (trace) fmt::print("seed {} round {}: {}\n", seed, round, scenario.describe());
        Run* run = new Run(scenario, trace);
        const bool good = run->carry_out();
        each(*run);
        if (!good) {
            report_failure(scenario, run->failure());
            return false;
        }
        operations += run->operations();
        delete run;
    }
    return true;
}

[[noreturn]] void child(const Options& options, Shared& shared, unsigned slot) {
    for (;;) {
        const std::uint64_t index = shared.next++;
        if (index >= options.seeds) std::_Exit(0);
        const std::uint64_t seed = options.first + index;
        shared.running[slot] = seed;
        const bool good = run_seed(seed, false, [&](Run& run) { account(shared, run); });
        if (!good) std::_Exit(1);
        ++shared.passed;
    }
}

void print_table(const Shared& shared) {
    fmt::print("\nfault                      times    seeds\n");
    for (std::size_t i = 0; i < fault_count; ++i) {
        fmt::print("{:<22} {:>9} {:>8}\n", name_of(static_cast<Fault>(i)), shared.faults[i].load(),
                   shared.fault_seeds[i].load());
    }
    fmt::print("\nreached                    times\n");
    for (std::size_t i = 0; i < shared.reach_count; ++i) {
        fmt::print("{:<22} {:>9}\n", shared.reach_name[i].load(), shared.reach[i].load());
    }
}

// What never happened proves nothing; few seeds cannot be expected to hold everything.
std::uint64_t count_unreached(const Shared& shared) {
    std::uint64_t missing = 0;
    for (std::size_t i = 0; i < fault_count; ++i) {
        if (shared.faults[i] > 0) continue;
        fmt::print("FAILED: the fault \"{}\" never happened\n", name_of(static_cast<Fault>(i)));
        ++missing;
    }
    for (std::size_t i = 0; i < shared.reach_count; ++i) {
        if (shared.reach[i] > 0) continue;
        fmt::print("FAILED: \"{}\" was never reached\n", shared.reach_name[i].load());
        ++missing;
    }
    return missing;
}

int run_all(const Options& options) {
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return 1;
    Shared& shared = *new (memory) Shared;
    std::vector<pid_t> children(options.jobs, -1);
    const auto spawn = [&](unsigned slot) {
        std::fflush(stdout);
        children[slot] = ::fork();
        if (children[slot] == 0) child(options, shared, slot);
    };
    const auto started = std::chrono::steady_clock::now();
    for (unsigned slot = 0; slot < options.jobs; ++slot) spawn(slot);
    unsigned alive = options.jobs;
    while (alive > 0) {
        int status = 0;
        const pid_t ended = ::wait(&status);
        if (ended < 0) return 1;
        unsigned slot = 0;
        while (children[slot] != ended) ++slot;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            --alive;
            continue;
        }
        ++shared.failed;
        if (WIFSIGNALED(status) || WEXITSTATUS(status) != 1) {
            report_failure(
                draw_scenario(shared.running[slot], 0),
                fmt::format("the process died ({} {})",
                            WIFSIGNALED(status) ? "signal" : "exit status",
                            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)));
        }
        if (options.stop_at_failure || shared.failed >= 50) shared.next = options.seeds;
        spawn(slot);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    if (!options.quiet) print_table(shared);
    const std::uint64_t passed = shared.passed;
    std::uint64_t failed = shared.failed;
    fmt::print(
        "\n{} seeds of at least {} operations in {:.1f} s: {} connections, {:.1f} MiB, {} "
        "operations\n",
        passed + failed, operations_min, took.count(), shared.connections.load(),
        static_cast<double>(shared.bytes.load()) / 1048576.0, shared.operations.load());
    if (options.seeds >= 1000 && failed == 0) failed += count_unreached(shared);
    fmt::print("{} passed, {} failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

int replay(std::uint64_t seed) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);  // also when it aborts, everything was printed
    const bool good = run_seed(seed, true, [](Run& run) {
        fmt::print("{} connections, {} operations\n", run.connections(), run.operations());
    });
    std::fflush(stdout);
    if (!good) std::_Exit(1);
    fmt::print("seed {} passed\n", seed);
    return 0;
}

}  // namespace
}  // namespace ringway::sim

int main(int count, char** words) {
    ringway::sim::Options options;
    if (!ringway::sim::parse(count, words, options)) return ringway::sim::usage();
    if (options.list_planted) {
        for (const auto name : ringway::base::bug_names) fmt::print("{}\n", name);
        return 0;
    }
    return options.only > 0 ? ringway::sim::replay(options.only) : ringway::sim::run_all(options);
}
