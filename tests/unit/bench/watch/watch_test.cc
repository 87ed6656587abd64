#include "watch/watch.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch/thread_times.h"

namespace ringway::bench {
namespace {

// Uses so much CPU time of the calling thread, however long that takes here.
void burn(double seconds) {
    timespec time{};
    do {
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    } while (static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9 < seconds);
}

// A process that uses 50 ms for each byte that it gets and says so.
class Burner {
  public:
    Burner() {
        REQUIRE(::pipe(orders_) == 0);
        REQUIRE(::pipe(answers_) == 0);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) serve();
        ::close(orders_[0]);
        ::close(answers_[1]);
    }
    ~Burner() {
        end();
        ::close(answers_[0]);
    }
    Burner(const Burner&) = delete;
    Burner& operator=(const Burner&) = delete;

    int pid() const { return pid_; }
    void burn_once() {
        char byte = 'x';
        REQUIRE(::write(orders_[1], &byte, 1) == 1);
        REQUIRE(::read(answers_[0], &byte, 1) == 1);
    }
    void end() {
        if (pid_ <= 0) return;
        ::close(orders_[1]);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
    }

  private:
    [[noreturn]] void serve() {
        ::close(orders_[1]);
        ::close(answers_[0]);
        double used = 0;
        char byte = 0;
        while (::read(orders_[0], &byte, 1) == 1) {
            burn(used += 0.05);
            if (::write(answers_[1], &byte, 1) != 1) break;
        }
        std::_Exit(0);
    }

    int orders_[2]{}, answers_[2]{};
    pid_t pid_ = 0;
};

// A thread's last tick may not be counted yet.
constexpr double tick_seconds = 0.012;

TEST_CASE("threads that end while they are watched are counted as they were seen last") {
    ThreadTimes times = ThreadTimes::with_sleeps(::getpid(), ::gettid());
    times.begin();
    ThreadSums seen;
    std::thread short_lived([&] {
        burn(0.03);
        seen = times.read();
    });
    short_lived.join();
    const ThreadSums after = times.read();
    CHECK(after.run_ns >= 18'000'000);
    CHECK(after.run_ns == seen.run_ns);
    CHECK(after.threads == 1);
    CHECK(times.busiest_run_ns() >= 18'000'000);
    times.begin();
    CHECK(times.read().run_ns == 0);
}

TEST_CASE("a thread's sleeps are counted apart from its waiting") {
    std::thread sleeper([] {
        ThreadTimes times = ThreadTimes::with_sleeps(::getpid(), 0);
        times.begin();
        const timespec moment{0, 1'000'000};
        for (int i = 0; i < 20; ++i) ::nanosleep(&moment, nullptr);
        CHECK(times.read().sleeps >= 20);
    });
    sleeper.join();
}

TEST_CASE("a watched process's time and memory are told beside the own ones") {
    Burner burner;
    burner.burn_once();  // before the window: not counted
    Watch watch(burner.pid(), {});
    watch.begin();
    burner.burn_once();
    TimelineCell first, second;
    watch.tick(first);
    std::thread worker([&] {
        burn(0.03);
        watch.tick(second);
    });
    worker.join();
    RunResult result;
    watch.end(result);
    CHECK(result.warnings.empty());
    CHECK(first.watched_cpu > 0);
    CHECK(first.watched_cpu < 1.5);
    CHECK(first.watched_private_bytes > 0);
    CHECK(second.own_cpu > 0);
    CHECK(second.foreign_share >= 0);
    CHECK(second.foreign_share <= 1);
    REQUIRE(result.watched);
    CHECK(result.watched->cpu_seconds >= 0.05 - tick_seconds);
    CHECK(result.watched->cpu_seconds < 0.05 + 3 * tick_seconds);
    CHECK(result.watched->user_seconds + result.watched->system_seconds ==
          doctest::Approx(result.watched->cpu_seconds));
    CHECK(result.watched->private_bytes_before > 0);
    CHECK(result.watched->private_bytes_max >= result.watched->private_bytes_before);
    CHECK(result.watched->resident_bytes_max >= result.watched->private_bytes_max);
    CHECK(result.own.cpu_seconds >= 0.03 - tick_seconds);
    CHECK(result.own.private_bytes_max > 0);
    CHECK(result.busiest_thread > 0);
    CHECK(result.busiest_thread <= 1);
    CHECK(result.watched_busiest_thread > 0);
    CHECK_FALSE(result.cores.empty());
    for (const CoreUse& core : result.cores) {
        CHECK(core.cpu >= 0);
        CHECK(core.busy >= 0);
        CHECK(core.busy <= 1);
    }
}

TEST_CASE("a watched process that ends keeps what it used until then, and it is said") {
    Burner burner;
    Watch watch(burner.pid(), {});
    watch.begin();
    burner.burn_once();
    TimelineCell cell;
    watch.tick(cell);
    const int pid = burner.pid();
    burner.end();
    watch.tick(cell);
    CHECK(cell.watched_cpu == 0);
    RunResult result;
    watch.end(result);
    REQUIRE(result.watched);
    CHECK(result.watched->cpu_seconds >= 0.05 - tick_seconds);
    REQUIRE(result.warnings.size() == 1);
    CHECK(result.warnings[0] ==
          "process " + std::to_string(pid) + " ended while it was watched: its figures stop there");
}

TEST_CASE("a process that is not there is not watched, and it is said") {
    Burner burner;
    const int pid = burner.pid();
    burner.end();
    Watch watch(pid, {});
    watch.begin();
    RunResult result;
    watch.end(result);
    CHECK_FALSE(result.watched);
    REQUIRE(result.warnings.size() == 1);
    CHECK(result.warnings[0] ==
          "process " + std::to_string(pid) + " was not watched: there is no such process");
    Watch nobody(0, {});
    nobody.begin();
    RunResult without;
    nobody.end(without);
    CHECK_FALSE(without.watched);
    CHECK(without.warnings.empty());
}

}  // namespace
}  // namespace ringway::bench
