// The files of /proc that say who used what, read and taken apart. Reading keeps nothing open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::bench {

// The whole of a small file, or nothing when it is gone or may not be read.
std::optional<std::string> contents_of(const std::string& path);

// /proc/PID/stat
struct ProcessStat {
    char state = '?';
    std::uint64_t user_ticks = 0;
    std::uint64_t system_ticks = 0;
    std::uint64_t start_ticks = 0;  // after boot: tells a process from the next one of its id
    bool is_running() const { return state != 'Z' && state != 'X' && state != 'x'; }
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

// /proc/PID/smaps_rollup
struct MemoryUse {
    std::uint64_t private_bytes = 0;  // clean and dirty: what would be free if the process went
    std::uint64_t resident_bytes = 0;
};
std::optional<MemoryUse> parse_smaps_rollup(std::string_view text);

// /proc/PID/task/TID/schedstat
struct ThreadTime {
    std::uint64_t run_ns = 0;    // on a CPU
    std::uint64_t delay_ns = 0;  // ready to run, but not on a CPU
};
std::optional<ThreadTime> parse_schedstat(std::string_view text);

// /proc/PID/task/TID/status: how often the thread went to sleep by itself.
std::optional<std::uint64_t> parse_sleeps(std::string_view text);

// /proc/stat
struct CoreTicks {
    int cpu = 0;
    std::uint64_t busy = 0;   // everything but idle and waiting
    std::uint64_t steal = 0;  // taken by the hypervisor
};
std::vector<CoreTicks> parse_core_ticks(std::string_view text);

}  // namespace ringway::bench
