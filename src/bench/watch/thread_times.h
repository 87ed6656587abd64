// What every thread of a process ran and waited for, those included that ended in between.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace ringway::bench {

// Sums over all threads but the one that is left out.
struct ThreadSums {
    std::uint64_t run_ns = 0;
    std::uint64_t delay_ns = 0;
    std::uint64_t sleeps = 0;
    unsigned threads = 0;  // that ran at all
};

class ThreadTimes {
  public:
    explicit ThreadTimes(int pid) : ThreadTimes(pid, 0, false) {}
    // Leaves one thread out of the sums, and counts sleeps, for which a second file is read.
    static ThreadTimes with_sleeps(int pid, int except_tid) { return {pid, except_tid, true}; }

    void begin();
    // Reads again and returns what happened since begin(). A thread that ended is counted as it was
    // read last.
    ThreadSums read();
    // Since begin(), as read last: what the thread ran that ran most.
    std::uint64_t busiest_run_ns() const;

  private:
    ThreadTimes(int pid, int except_tid, bool counts_sleeps);

    struct Thread {
        std::uint64_t run_ns = 0, delay_ns = 0, sleeps = 0;                 // as read last
        std::uint64_t run_before = 0, delay_before = 0, sleeps_before = 0;  // at begin()
    };
    void read_all(bool at_begin);

    std::string folder_;
    int except_tid_;
    bool counts_sleeps_;
    std::map<int, Thread> threads_;
};

}  // namespace ringway::bench
