#include "ringway/config/machine.h"

#include <cstdlib>

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ringway::config {
namespace {

std::vector<int> allowed_cpus() {
    // Grown until the kernel's mask fits: machines may have more CPUs than a plain cpu_set_t.
    for (int bits = CPU_SETSIZE; bits <= 1 << 18; bits *= 2) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(bits));
        const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(bits));
        std::vector<int> cpus;
        if (sched_getaffinity(0, bytes, set) == 0) {
            for (int cpu = 0; cpu < bits; ++cpu) {
                if (CPU_ISSET_S(static_cast<std::size_t>(cpu), bytes, set)) cpus.push_back(cpu);
            }
        }
        CPU_FREE(set);
        if (!cpus.empty()) return cpus;
    }
    return {0};
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

}  // namespace

Machine Machine::read() {
    Machine machine;
    machine.cpus = allowed_cpus();
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        machine.descriptors_soft = limit.rlim_cur;
        machine.descriptors_hard = limit.rlim_max;
    }
    machine.user_id = geteuid();
    machine.runtime_directory = variable("RUNTIME_DIRECTORY");
    machine.user_runtime_directory = variable("XDG_RUNTIME_DIR");
    return machine;
}

}  // namespace ringway::config
