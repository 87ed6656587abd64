#include "thread_times.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>

#include "proc_text.h"

namespace ringway::bench {

ThreadTimes::ThreadTimes(int pid, int except_tid, bool counts_sleeps)
    : folder_(fmt::format("/proc/{}/task", pid)),
      except_tid_(except_tid),
      counts_sleeps_(counts_sleeps) {}

void ThreadTimes::begin() {
    threads_.clear();
    read_all(true);
}

void ThreadTimes::read_all(bool at_begin) {
    std::error_code gone;
    std::filesystem::directory_iterator task(folder_, gone);
    for (const std::filesystem::directory_iterator end; !gone && task != end;
         task.increment(gone)) {
        const std::string path = task->path().string();
        const std::string name = task->path().filename().string();
        int tid = 0;
        std::from_chars(name.data(), name.data() + name.size(), tid);
        const auto time = parse_schedstat(contents_of(path + "/schedstat").value_or(""));
        if (!time) continue;
        Thread& thread = threads_[tid];
        // Less than before: another thread that got the same number. What the former one did stays
        // counted.
        if (time->run_ns < thread.run_ns) {
            thread.run_before -= thread.run_ns;
            thread.delay_before -= thread.delay_ns;
            thread.sleeps_before -= thread.sleeps;
        }
        thread.run_ns = time->run_ns;
        thread.delay_ns = time->delay_ns;
        if (counts_sleeps_) {
            const auto sleeps = parse_sleeps(contents_of(path + "/status").value_or(""));
            thread.sleeps = sleeps.value_or(thread.sleeps);
        }
        if (!at_begin) continue;
        thread.run_before = thread.run_ns;
        thread.delay_before = thread.delay_ns;
        thread.sleeps_before = thread.sleeps;
    }
}

ThreadSums ThreadTimes::read() {
    read_all(false);
    ThreadSums sums;
    for (const auto& [tid, thread] : threads_) {
        if (tid == except_tid_) continue;
        const std::uint64_t run = thread.run_ns - thread.run_before;
        sums.run_ns += run;
        sums.delay_ns += thread.delay_ns - thread.delay_before;
        sums.sleeps += thread.sleeps - thread.sleeps_before;
        if (run > 0) ++sums.threads;
    }
    return sums;
}

std::uint64_t ThreadTimes::busiest_run_ns() const {
    std::uint64_t most = 0;
    for (const auto& [tid, thread] : threads_) {
        most = std::max(most, thread.run_ns - thread.run_before);
    }
    return most;
}

}  // namespace ringway::bench
