// Conditions of a measurement: what this machine and this build are.
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <sched.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "ringway/ring/probe.h"
#include "ringway/ring/ring.h"
#include "ringway/stats/units.h"
#include "writers.h"

namespace ringway::bench {
namespace {

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Not every architecture names a model.
std::string processor(const utsname& machine) {
    std::ifstream file("/proc/cpuinfo");
    std::string line;
    while (std::getline(file, line)) {
        if (!line.starts_with("model name") && !line.starts_with("Model")) continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string::npos) continue;
        const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
        if (begin != std::string::npos) return line.substr(begin);
    }
    return machine.machine;
}

unsigned cores_allowed() {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        return static_cast<unsigned>(CPU_COUNT(&allowed));
    }
    return std::thread::hardware_concurrency();
}

std::uint64_t memory_bytes() {
    struct sysinfo info{};
    if (sysinfo(&info) != 0) return 0;
    return static_cast<std::uint64_t>(info.totalram) * info.mem_unit;
}

std::string ring_features() {
    auto ring = ring::Ring::open({});
    if (!ring) return ring::explain_setup_failure(ring.error().os_error);
    return (*ring)->features().describe();
}

}  // namespace

Conditions read_conditions() {
    utsname machine{};
    uname(&machine);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    Conditions conditions;
    conditions.ringway_version = RINGWAY_VERSION;
    conditions.started_at =
        stats::rfc3339(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    conditions.machine = processor(machine);
    conditions.cores = cores_allowed();
    conditions.memory_bytes = memory_bytes();
    conditions.kernel = fmt::format("{} {}", machine.sysname, machine.release);
    conditions.congestion_control = first_line("/proc/sys/net/ipv4/tcp_congestion_control");
    conditions.ring = ring_features();
    return conditions;
}

}  // namespace ringway::bench
