// The thread around a shard.

#include <csignal>
#include <cstring>

#include <pthread.h>
#include <sched.h>

#include "ringway/shard/shard.h"

namespace ringway::shard {

namespace {

void settle_thread(std::uint32_t index, int cpu) {
    char name[16];
    std::snprintf(name, sizeof name, "rw-shard-%u", index);
    ::pthread_setname_np(::pthread_self(), name);
    // Signals are the coordinator's.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
    if (cpu < 0) return;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    // Refused (a cpuset that shrank meanwhile): the shard runs unpinned, which costs speed alone.
    ::pthread_setaffinity_np(::pthread_self(), sizeof set, &set);
}

}  // namespace

std::thread run_shard_thread(ShardWiring wiring) {
    return std::thread([wiring = std::move(wiring)]() mutable {
        settle_thread(wiring.index, wiring.cpu);
        // Built here: its memory is touched first by the core that uses it.
        Shard shard(std::move(wiring));
        if (!shard.start()) return;
        while (shard.turn()) {
        }
    });
}

}  // namespace ringway::shard
