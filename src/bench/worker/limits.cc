#include "limits.h"

#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>

namespace ringway::bench {

namespace {

constexpr std::uint64_t descriptors_beside = 16;     // /proc files, reports, what others opened
constexpr std::uint64_t descriptors_per_thread = 4;  // the ring and its helpers

std::uint64_t open_descriptors() {
    std::error_code failure;
    std::uint64_t count = 0;
    for (std::filesystem::directory_iterator at("/proc/self/fd", failure), end; at != end;
         at.increment(failure)) {
        if (failure) break;
        ++count;
    }
    return count;
}

}  // namespace

config::Complaint check_descriptors(const RunPlan& plan) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    const std::uint64_t needed = std::uint64_t{plan.connections} + open_descriptors() +
                                 descriptors_beside + plan.threads * descriptors_per_thread;
    if (needed <= limit.rlim_cur) return {};
    if (needed <= limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) return {};
    }
    return config::Refusal{
        fmt::format("{} connections need {} file descriptors, and this process may have {}",
                    plan.connections, needed, limit.rlim_max),
        "raise the hard limit (ulimit -Hn), or ask for fewer connections"};
}

std::vector<int> cores_of(const RunPlan& plan) {
    if (!plan.pin) return {};
    std::vector<int> allowed = plan.cores;
    if (allowed.empty()) {
        cpu_set_t set;
        CPU_ZERO(&set);
        if (::sched_getaffinity(0, sizeof set, &set) != 0) return {};
        // The last ones first: the others are left to whoever is measured.
        for (int core = CPU_SETSIZE - 1; core >= 0; --core) {
            if (CPU_ISSET(static_cast<std::size_t>(core), &set)) allowed.push_back(core);
        }
    }
    std::vector<int> cores;
    for (unsigned thread = 0; thread < plan.threads && !allowed.empty(); ++thread) {
        cores.push_back(allowed[thread % allowed.size()]);
    }
    return cores;
}

}  // namespace ringway::bench
