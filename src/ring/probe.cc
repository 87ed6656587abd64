#include "ringway/ring/probe.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include <liburing.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace ringway::ring {

namespace {

// kernel.io_uring_disabled: 0 allowed, 1 only for io_uring_group, 2 for nobody; -1 when absent.
int read_disabled_setting() {
    std::FILE* file = std::fopen("/proc/sys/kernel/io_uring_disabled", "re");
    if (file == nullptr) return -1;
    int value = -1;
    if (std::fscanf(file, "%d", &value) != 1) value = -1;
    std::fclose(file);
    return value;
}

struct OpcodeNeed {
    int opcode;
    const char* name;
};
constexpr OpcodeNeed needed_opcodes[] = {
    {IORING_OP_ACCEPT, "accept"},       {IORING_OP_CONNECT, "connect"},
    {IORING_OP_RECV, "recv"},           {IORING_OP_SEND, "send"},
    {IORING_OP_SENDMSG, "sendmsg"},     {IORING_OP_POLL_ADD, "poll"},
    {IORING_OP_ASYNC_CANCEL, "cancel"},
};

void probe_opcodes(std::vector<ProbeLine>& lines) {
    io_uring_probe* probe = io_uring_get_probe();
    if (probe == nullptr) return;
    std::string missing;
    for (const OpcodeNeed& need : needed_opcodes) {
        if (io_uring_opcode_supported(probe, need.opcode)) continue;
        if (!missing.empty()) missing += ", ";
        missing += need.name;
    }
    io_uring_free_probe(probe);
    if (missing.empty()) {
        lines.push_back({ProbeLine::Verdict::good, "ring operations", "all that are needed", ""});
    } else {
        lines.push_back({ProbeLine::Verdict::fatal, "ring operations", "missing: " + missing,
                         "use Linux 6.1 or newer"});
    }
}

void probe_buffers(Ring& ring, std::vector<ProbeLine>& lines) {
    const int plain = ring.register_buffers(0, 8, false);
    ring.unregister_buffers(0);
    if (plain != 0) {
        lines.push_back({ProbeLine::Verdict::fatal, "provided buffers", std::strerror(-plain),
                         "use Linux 6.1 or newer"});
        return;
    }
    const bool incremental = ring.register_buffers(0, 8, true) == 0;
    ring.unregister_buffers(0);
    lines.push_back({incremental ? ProbeLine::Verdict::good : ProbeLine::Verdict::missing,
                     "incremental buffers", incremental ? "yes" : "no",
                     incremental ? ""
                                 : "Linux 6.12 or newer lets receives share a buffer; ringway "
                                   "uses whole buffers until then"});
}

}  // namespace

std::string explain_setup_failure(int os_error) {
    const int disabled = read_disabled_setting();
    switch (os_error) {
        case ENOSYS:
            return "io_uring is not in this kernel: ringway needs Linux 6.1 or newer built with "
                   "CONFIG_IO_URING";
        case EPERM:
        case EACCES:
            if (disabled == 2) {
                return "io_uring is switched off on this machine: set sysctl "
                       "kernel.io_uring_disabled=0";
            }
            if (disabled == 1) {
                return "io_uring is kept to one group on this machine: add the user to "
                       "kernel.io_uring_group or set sysctl kernel.io_uring_disabled=0";
            }
            return "io_uring is refused here, most likely by a container's seccomp profile: allow "
                   "io_uring_setup, io_uring_enter and io_uring_register in it";
        case ENOMEM:
            return "no memory may be locked for io_uring: raise the memlock limit (ulimit -l "
                   "unlimited, LimitMEMLOCK=infinity)";
        case EMFILE:
        case ENFILE: return "no descriptor is left for io_uring: raise the limit (ulimit -n)";
        default: return std::string("io_uring cannot be set up: ") + std::strerror(os_error);
    }
}

std::vector<ProbeLine> probe_kernel() {
    std::vector<ProbeLine> lines;
    utsname kernel{};
    ::uname(&kernel);
    int major = 0;
    int minor = 0;
    [[maybe_unused]] const int read = std::sscanf(kernel.release, "%d.%d", &major, &minor);
    const bool enough = major > 6 || (major == 6 && minor >= 1);
    const bool recommended = major > 6 || (major == 6 && minor >= 12);
    lines.push_back({recommended ? ProbeLine::Verdict::good
                     : enough    ? ProbeLine::Verdict::missing
                                 : ProbeLine::Verdict::fatal,
                     "kernel", kernel.release,
                     recommended ? ""
                     : enough    ? "6.12 or newer is recommended"
                                 : "Linux 6.1 or newer is needed"});
    auto ring = Ring::open({});
    if (!ring) {
        lines.push_back({ProbeLine::Verdict::fatal, "io_uring",
                         std::strerror(ring.error().os_error),
                         explain_setup_failure(ring.error().os_error)});
        return lines;
    }
    const RingFeatures& features = (*ring)->features();
    lines.push_back({ProbeLine::Verdict::good, "io_uring", features.describe(), ""});
    if (!features.defer_taskrun) {
        lines.push_back({ProbeLine::Verdict::missing, "deferred task work", "no",
                         "costs about 10 % of CPU; Linux 6.1 or newer has it"});
    }
    probe_opcodes(lines);
    probe_buffers(**ring, lines);
    return lines;
}

}  // namespace ringway::ring
