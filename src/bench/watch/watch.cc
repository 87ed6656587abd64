#include "watch.h"

#include <algorithm>
#include <ctime>
#include <string>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proc_text.h"
#include "ringway/ring/sys.h"
#include "thread_times.h"

namespace ringway::bench {
namespace {

// A thread that is woken waits a moment until its core runs it, longer where a hypervisor has to
// wake the core first. As much as in the calmest second, and half of it again, is nobody's doing;
// but not more than this.
constexpr double wake_up_ns_max = 20'000;
constexpr double wake_up_slack = 1.5;

double seconds_of(std::uint64_t ns) { return static_cast<double>(ns) / 1e9; }

double seconds_of_ticks(std::uint64_t ticks) {
    return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// The CPU time of all threads of a process, ended ones included, to the nanosecond. The kernel
// adds what a running thread has used at each of its ticks: up to 10 ms may be missing per thread.
double cpu_seconds_of(int pid) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0) return 0;
    if (::clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// One process over the window.
class ProcessWatch {
  public:
    explicit ProcessWatch(int pid) : pid_(pid) {
        const auto found = stat();
        known_ = found && found->is_running();
        if (known_) start_ticks_ = found->start_ticks;
    }

    bool is_alive() const {
        if (!known_) return false;
        const auto now = stat();
        return now && now->is_running() && now->start_ticks == start_ticks_;
    }
    bool was_known() const { return known_; }
    bool memory_is_readable() const { return memory_known_; }

    void begin() {
        use_ = {};
        if (!is_alive()) return;
        cpu_before_ = cpu_last_ = cpu_seconds_of(pid_);
        read_split(user_before_, system_before_);
        user_last_ = user_before_;
        system_last_ = system_before_;
        if (const auto memory = read_memory()) {
            use_.private_bytes_before = memory->private_bytes;
            take(*memory);
        }
    }

    // CPU seconds since begin() or the last call.
    double tick() {
        if (!is_alive()) return 0;
        const double now = cpu_seconds_of(pid_);
        const double used = std::max(now - cpu_last_, 0.0);
        cpu_last_ = std::max(now, cpu_last_);
        read_split(user_last_, system_last_);
        if (const auto memory = read_memory()) take(*memory);
        return used;
    }

    std::uint64_t private_bytes() const { return private_bytes_; }

    // How the kernel splits the time into user and system is sampled; the sum is measured.
    ProcessUse finish() {
        tick();
        use_.cpu_seconds = cpu_last_ - cpu_before_;
        const double user = user_last_ - user_before_, system = system_last_ - system_before_;
        const double sampled = user + system;
        use_.user_seconds = sampled > 0 ? use_.cpu_seconds * user / sampled : use_.cpu_seconds;
        use_.system_seconds = use_.cpu_seconds - use_.user_seconds;
        return use_;
    }

  private:
    std::optional<ProcessStat> stat() const {
        return parse_process_stat(contents_of(fmt::format("/proc/{}/stat", pid_)).value_or(""));
    }
    std::optional<MemoryUse> read_memory() {
        const auto memory = parse_smaps_rollup(
            contents_of(fmt::format("/proc/{}/smaps_rollup", pid_)).value_or(""));
        memory_known_ = memory_known_ || memory.has_value();
        return memory;
    }
    void take(const MemoryUse& memory) {
        private_bytes_ = memory.private_bytes;
        use_.private_bytes_max = std::max(use_.private_bytes_max, memory.private_bytes);
        use_.resident_bytes_max = std::max(use_.resident_bytes_max, memory.resident_bytes);
    }
    void read_split(double& user, double& system) const {
        if (pid_ == ::getpid()) {
            rusage own{};
            ::getrusage(RUSAGE_SELF, &own);
            user = seconds_of(own.ru_utime);
            system = seconds_of(own.ru_stime);
        } else if (const auto now = stat()) {
            user = seconds_of_ticks(now->user_ticks);
            system = seconds_of_ticks(now->system_ticks);
        }
    }

    int pid_;
    bool known_ = false;
    bool memory_known_ = false;
    std::uint64_t start_ticks_ = 0;
    double cpu_before_ = 0, cpu_last_ = 0;
    double user_before_ = 0, user_last_ = 0, system_before_ = 0, system_last_ = 0;
    std::uint64_t private_bytes_ = 0;
    ProcessUse use_;
};

std::vector<CoreTicks> read_cores() {
    return parse_core_ticks(contents_of("/proc/stat").value_or(""));
}

}  // namespace

struct Watch::Impl {
    Impl(int pid, std::vector<int> cores)
        : own(::getpid()), watched_pid(pid), own_cores(std::move(cores)) {
        if (pid <= 0) return;
        watched.emplace(pid);
        watched_threads.emplace(pid);
    }

    // What the hypervisor took from the cores of the workers, in seconds since begin().
    double stolen_seconds(const std::vector<CoreTicks>& now) const {
        double sum = 0;
        for (const CoreTicks& core : now) {
            const auto before =
                std::find_if(cores_before.begin(), cores_before.end(),
                             [&](const CoreTicks& other) { return other.cpu == core.cpu; });
            const bool is_own =
                std::find(own_cores.begin(), own_cores.end(), core.cpu) != own_cores.end();
            if (before == cores_before.end() || !is_own) continue;
            sum += seconds_of_ticks(core.steal - std::min(core.steal, before->steal));
        }
        return sum;
    }

    // The workers' waiting for a core since begin(), less what waking up takes.
    double foreign_share(double seconds) {
        const ThreadSums sums = threads.read();
        const double delay_ns = static_cast<double>(sums.delay_ns - sums_last.delay_ns);
        const double sleeps = static_cast<double>(sums.sleeps - sums_last.sleeps);
        sums_last = sums;
        if (sleeps > 0) calmest_ns = std::min(calmest_ns, delay_ns / sleeps);
        const double waking_ns = std::min(calmest_ns * wake_up_slack, wake_up_ns_max) * sleeps;
        const double stolen = stolen_seconds(read_cores());
        const double waited = std::max(delay_ns - waking_ns, 0.0) / 1e9 + (stolen - stolen_last);
        stolen_last = stolen;
        const auto cores =
            static_cast<double>(own_cores.empty() ? std::max(sums.threads, 1u) : own_cores.size());
        return seconds > 0 ? std::clamp(waited / seconds / cores, 0.0, 1.0) : 0;
    }

    ProcessWatch own;
    int watched_pid;
    std::optional<ProcessWatch> watched;
    std::vector<int> own_cores;
    // The workers': whoever watches is none of them.
    ThreadTimes threads = ThreadTimes::with_sleeps(::getpid(), ::gettid());
    std::optional<ThreadTimes> watched_threads;
    ThreadSums sums_last;
    double calmest_ns = wake_up_ns_max;  // of delay for each sleep
    double stolen_last = 0;
    std::vector<CoreTicks> cores_before;
    base::Instant begun_at{0};
    base::Instant ticked_at{0};
};

Watch::Watch(int watched_pid, std::vector<int> own_cores)
    : impl_(std::make_unique<Impl>(watched_pid, std::move(own_cores))) {}

Watch::~Watch() = default;

void Watch::begin() {
    Impl& my = *impl_;
    if (my.watched) my.watched->begin();
    if (my.watched_threads) my.watched_threads->begin();
    my.own.begin();
    my.threads.begin();
    my.sums_last = {};
    my.stolen_last = 0;
    my.cores_before = read_cores();
    my.begun_at = my.ticked_at = ring::sys::now();
}

void Watch::tick(TimelineCell& cell) {
    Impl& my = *impl_;
    const base::Instant now = ring::sys::now();
    const double seconds = (now - my.ticked_at).to_seconds();
    my.ticked_at = now;
    const double own = my.own.tick();
    const double watched = my.watched ? my.watched->tick() : 0;
    cell.foreign_share = my.foreign_share(seconds);
    if (my.watched_threads) my.watched_threads->read();
    if (my.watched) cell.watched_private_bytes = my.watched->private_bytes();
    if (seconds <= 0) return;
    cell.own_cpu = own / seconds;
    cell.watched_cpu = watched / seconds;
}

void Watch::end(RunResult& result) {
    Impl& my = *impl_;
    const double seconds = (ring::sys::now() - my.begun_at).to_seconds();
    result.own = my.own.finish();
    my.threads.read();
    const auto busiest = [seconds](const ThreadTimes& threads) {
        return seconds > 0 ? std::min(seconds_of(threads.busiest_run_ns()) / seconds, 1.0) : 0;
    };
    result.busiest_thread = busiest(my.threads);
    result.cores.clear();
    for (const CoreTicks& core : read_cores()) {
        for (const CoreTicks& before : my.cores_before) {
            if (before.cpu != core.cpu || seconds <= 0) continue;
            const std::uint64_t busy = core.busy - std::min(core.busy, before.busy);
            result.cores.push_back({core.cpu, std::min(seconds_of_ticks(busy) / seconds, 1.0)});
        }
    }
    if (!my.watched) return;
    if (!my.watched->was_known()) {
        result.warnings.push_back(
            fmt::format("process {} was not watched: there is no such process", my.watched_pid));
        return;
    }
    result.watched = my.watched->finish();
    my.watched_threads->read();
    result.watched_busiest_thread = busiest(*my.watched_threads);
    if (!my.watched->is_alive()) {
        result.warnings.push_back(fmt::format(
            "process {} ended while it was watched: its figures stop there", my.watched_pid));
    }
    if (!my.watched->memory_is_readable()) {
        result.warnings.push_back(fmt::format(
            "the memory of process {} is not known: smaps_rollup may be read by its own user and "
            "by root",
            my.watched_pid));
    }
}

}  // namespace ringway::bench
