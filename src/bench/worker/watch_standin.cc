// Until src/bench/watch is there: the own process alone.
#include <sys/resource.h>

#include "watch/watch.h"

namespace ringway::bench {

struct Watch::Impl {
    double user = 0, system = 0;
    static void read(double& user, double& system) {
        rusage use{};
        ::getrusage(RUSAGE_SELF, &use);
        user = static_cast<double>(use.ru_utime.tv_sec) +
               static_cast<double>(use.ru_utime.tv_usec) / 1e6;
        system = static_cast<double>(use.ru_stime.tv_sec) +
                 static_cast<double>(use.ru_stime.tv_usec) / 1e6;
    }
};
Watch::Watch(int, std::vector<int>) : impl_(std::make_unique<Impl>()) {}
Watch::~Watch() = default;
void Watch::begin() { Impl::read(impl_->user, impl_->system); }
void Watch::tick(TimelineCell&) {}
void Watch::end(RunResult& result) {
    double user = 0, system = 0;
    Impl::read(user, system);
    result.own.user_seconds = user - impl_->user;
    result.own.system_seconds = system - impl_->system;
    result.own.cpu_seconds = result.own.user_seconds + result.own.system_seconds;
}
bool Watch::watched_is_alive() const { return false; }
void judge_generator(const RunPlan&, RunResult&) {}

}  // namespace ringway::bench
