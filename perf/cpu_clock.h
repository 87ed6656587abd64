// Who used the CPU while something was measured: given processes, this one, and each core.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ringway::perf {

struct ThreadTime {
    std::uint64_t run_ns = 0;    // on a CPU: user, system and the interrupts it took
    std::uint64_t delay_ns = 0;  // ready to run while something else had the CPU
};
using ProcessTime = std::map<int, ThreadTime>;  // by thread id

struct CoreTime {
    std::uint64_t busy_ticks = 0;   // everything but idle, of /proc/stat
    std::uint64_t steal_ticks = 0;  // taken by the hypervisor
};

struct CpuReading {
    std::map<int, ProcessTime> processes;  // by process id
    std::vector<CoreTime> cores;
};

// Reads the scheduler's figures of every thread of `pids`, and of all cores.
CpuReading read_cpu(const std::vector<int>& pids);

// What happened between two readings, as one JSON object.
std::string difference_as_json(const CpuReading& before, const CpuReading& after, int self);

}  // namespace ringway::perf
