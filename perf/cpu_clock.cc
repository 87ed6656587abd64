#include "cpu_clock.h"

#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace ringway::perf {
namespace {

// The whole of a small file in /proc, or an empty string when it is gone.
std::string contents_of(const std::string& path) {
    std::string text;
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return text;
    char block[4096];
    std::size_t got = 0;
    while ((got = std::fread(block, 1, sizeof block, file)) > 0) text.append(block, got);
    std::fclose(file);
    return text;
}

ProcessTime time_of(int pid) {
    ProcessTime threads;
    std::error_code gone;
    const std::string tasks = fmt::format("/proc/{}/task", pid);
    for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
        const std::string text = contents_of(task.path().string() + "/schedstat");
        unsigned long long run = 0, delay = 0;
        if (std::sscanf(text.c_str(), "%llu %llu", &run, &delay) != 2) continue;
        threads[std::stoi(task.path().filename().string())] = {run, delay};
    }
    return threads;
}

// Of several threads: the run time of all, and what the busiest of them had to wait. (The others
// wait for their own process.)
struct Sum {
    std::uint64_t run_ns = 0;
    std::uint64_t busiest_run_ns = 0;
    std::uint64_t busiest_delay_ns = 0;

    void add(const ProcessTime& before, const ProcessTime& after) {
        for (const auto& [thread, later] : after) {
            const auto found = before.find(thread);
            const ThreadTime earlier = found == before.end() ? ThreadTime{} : found->second;
            const std::uint64_t run = later.run_ns - earlier.run_ns;
            run_ns += run;
            if (run < busiest_run_ns) continue;
            busiest_run_ns = run;
            busiest_delay_ns = later.delay_ns - earlier.delay_ns;
        }
    }
};

std::vector<CoreTime> read_cores() {
    std::vector<CoreTime> cores;
    const std::string text = contents_of("/proc/stat");
    const char* line = text.c_str();
    while ((line = std::strstr(line, "\ncpu")) != nullptr) {
        ++line;
        unsigned core = 0;
        unsigned long long user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0,
                           steal = 0;
        if (std::sscanf(line, "cpu%u %llu %llu %llu %llu %llu %llu %llu %llu", &core, &user, &nice,
                        &system, &idle, &wait, &irq, &soft, &steal) != 9) {
            continue;
        }
        if (cores.size() <= core) cores.resize(core + 1);
        cores[core] = {user + nice + system + irq + soft, steal};
    }
    return cores;
}

}  // namespace

CpuReading read_cpu(const std::vector<int>& pids) {
    CpuReading reading;
    for (const int pid : pids) reading.processes[pid] = time_of(pid);
    reading.processes[::getpid()] = time_of(::getpid());
    reading.cores = read_cores();
    return reading;
}

std::string difference_as_json(const CpuReading& before, const CpuReading& after, int self) {
    Sum proxy, generator;
    for (const auto& [pid, later] : after.processes) {
        (pid == self ? generator : proxy).add(before.processes.at(pid), later);
    }
    const double tick_ns = 1e9 / static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::string cores;
    for (std::size_t i = 0; i < after.cores.size() && i < before.cores.size(); ++i) {
        const auto busy = after.cores[i].busy_ticks - before.cores[i].busy_ticks;
        const auto steal = after.cores[i].steal_ticks - before.cores[i].steal_ticks;
        cores +=
            fmt::format("{}{{\"busy_ns\":{:.0f},\"steal_ns\":{:.0f}}}", i == 0 ? "" : ",",
                        static_cast<double>(busy) * tick_ns, static_cast<double>(steal) * tick_ns);
    }
    return fmt::format(
        "{{\"proxy_ns\":{},\"proxy_delay_ns\":{},\"generator_ns\":{},\"cores\":[{}]}}",
        proxy.run_ns, proxy.busiest_delay_ns, generator.run_ns, cores);
}

}  // namespace ringway::perf
