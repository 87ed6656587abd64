// Looks at one thing of the machine after the other. Reads small files of the kernel's, changes
// nothing, and never fails: what cannot be read is unknown.
#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "ringway/config/derive.h"
#include "ringway/config/limits.h"
#include "ringway/config/units.h"

namespace ringway::app {
namespace {

using ring::ProbeLine;
using Verdict = ProbeLine::Verdict;

// The first line of a small file of the kernel's, or nothing where there is none.
std::optional<std::string> first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    return line;
}

std::optional<std::uint64_t> number_in(const std::string& path) {
    const auto line = first_line(path);
    return line ? config::parse_count(*line) : std::nullopt;
}

std::string limit_text(rlim_t limit) {
    return limit == RLIM_INFINITY ? "unlimited" : fmt::format("{}", limit);
}

ProbeLine examine_open_files(const config::Machine& machine) {
    config::Settings settings;
    settings.listeners.resize(1);
    const config::Derived derived = config::derive(settings, machine);
    const std::string found =
        fmt::format("soft {}, hard {}: {} connections", limit_text(machine.descriptors_soft),
                    limit_text(machine.descriptors_hard), derived.settings.connections_max);
    if (!derived.refusal.empty()) {
        return {Verdict::fatal, "open files", found, derived.refusal};
    }
    constexpr std::uint64_t plenty = 65536;
    if (machine.descriptors_hard >= plenty) return {Verdict::good, "open files", found, ""};
    return {Verdict::missing, "open files", found,
            "raise the hard limit (ulimit -Hn, LimitNOFILE= in the unit) for more; ringway raises "
            "the soft limit itself"};
}

ProbeLine examine_locked_memory() {
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    const std::string found = limit.rlim_cur == RLIM_INFINITY ? std::string{"unlimited"}
                                                              : config::format_size(limit.rlim_cur);
    // Rings are charged to the memory cgroup since 5.12; the limit counts for registered memory.
    return {Verdict::good, "locked memory", found, ""};
}

ProbeLine examine_backlog() {
    const auto found = number_in("/proc/sys/net/core/somaxconn");
    const std::uint32_t wanted = config::Listener{}.backlog;
    if (!found)
        return {Verdict::missing, "accept backlog", "unknown", "net.core.somaxconn is hidden"};
    if (*found >= wanted) {
        return {Verdict::good, "accept backlog", fmt::format("{}", *found), ""};
    }
    return {Verdict::missing, "accept backlog", fmt::format("{}", *found),
            fmt::format("sysctl net.core.somaxconn={}: bursts of new connections are refused "
                        "beyond it",
                        wanted)};
}

ProbeLine examine_pipes(const config::Machine& machine) {
    const auto pages = number_in("/proc/sys/fs/pipe-user-pages-soft");
    const auto bytes_max = number_in("/proc/sys/fs/pipe-max-size");
    const config::Settings defaults;
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    const std::uint64_t wanted =
        machine.cpus.size() * defaults.pipes_max * defaults.pipe_bytes / page;
    const std::string found = fmt::format("{} pages a user, {} a pipe", pages.value_or(0),
                                          config::format_size(bytes_max.value_or(0)));
    // Root is held to neither bound. A limit of 0 means none.
    if (machine.user_id == 0 || !pages || *pages == 0 || *pages >= wanted) {
        return {Verdict::good, "splice pipes", found, ""};
    }
    return {Verdict::missing, "splice pipes", found,
            fmt::format("sysctl fs.pipe-user-pages-soft={}: pipes beyond it shrink to one page, "
                        "and bulk slows down",
                        wanted)};
}

ProbeLine examine_congestion() {
    const std::string current =
        first_line("/proc/sys/net/ipv4/tcp_congestion_control").value_or("unknown");
    const std::string available =
        first_line("/proc/sys/net/ipv4/tcp_available_congestion_control").value_or("unknown");
    const std::string found = fmt::format("{} (available: {})", current, available);
    if (current == "bbr") {
        return {Verdict::good, "congestion control", found,
                "bbr paces bulk on loopback to 1.0-1.5 GiB/s; measure with --congestion reno"};
    }
    return {Verdict::good, "congestion control", found, ""};
}

ProbeLine examine_ports() {
    const std::string range =
        first_line("/proc/sys/net/ipv4/ip_local_port_range").value_or("unknown");
    std::istringstream words(range);
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    words >> first >> last;
    const std::uint64_t ports = last > first ? last - first + 1 : 0;
    const std::string found = fmt::format(
        "{}..{}: {} connections to each endpoint and source address", first, last, ports);
    constexpr std::uint64_t usual = 28000;
    if (ports >= usual) return {Verdict::good, "local ports", found, ""};
    return {Verdict::missing, "local ports", found,
            "sysctl net.ipv4.ip_local_port_range=\"10240 65535\", or more endpoints"};
}

// "200000 100000" is two cores' worth; "max 100000" is no limit.
std::optional<double> cores_allowed_by_quota() {
    const auto line = first_line("/sys/fs/cgroup/cpu.max");
    if (!line) return std::nullopt;
    std::istringstream words(*line);
    double quota = 0;
    double period = 0;
    if (!(words >> quota >> period) || period <= 0) return std::nullopt;
    return quota / period;
}

bool exists(const char* path) { return access(path, F_OK) == 0; }

// What does not exist yet is made by ringway, when it may write where it would stand.
std::string nearest_existing(std::string_view directory) {
    while (directory.size() > 1) {
        std::string path{directory};
        if (exists(path.c_str())) return path;
        directory = directory.substr(0, directory.rfind('/'));
    }
    return std::string(1, '/');
}

}  // namespace

std::vector<ProbeLine> examine_cores(const config::Machine& machine) {
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    const std::string found = fmt::format("{} of {}", machine.cpus.size(), online);
    std::vector<ProbeLine> lines{{Verdict::good, "cores", found, ""}};
    const auto quota = cores_allowed_by_quota();
    if (quota && *quota < static_cast<double>(machine.cpus.size())) {
        lines.push_back({Verdict::missing, "CPU quota", fmt::format("{:.2f} cores", *quota),
                         "the control group allows less CPU than there are cores: give --shards "
                         "as many, or lift the quota"});
    }
    return lines;
}

std::vector<ProbeLine> examine_limits(const config::Machine& machine) {
    return {examine_open_files(machine), examine_locked_memory(), examine_pipes(machine)};
}

std::vector<ProbeLine> examine_network() {
    return {examine_backlog(), examine_congestion(), examine_ports()};
}

std::vector<ProbeLine> examine_confinement() {
    std::vector<ProbeLine> lines;
    if (exists("/.dockerenv") || exists("/run/.containerenv")) {
        lines.push_back({Verdict::good, "container", "yes", ""});
    }
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("Seccomp:")) continue;
        const bool filtered = line.find('2') != std::string::npos;
        lines.push_back({Verdict::good, "seccomp", filtered ? "a filter is active" : "none", ""});
    }
    return lines;
}

ProbeLine examine_control_directory(const config::Machine& machine) {
    const std::string path = config::default_control_path(machine);
    const std::string wanted = path.substr(0, path.rfind('/'));
    const std::string directory = nearest_existing(wanted);
    if (access(directory.c_str(), W_OK) == 0) {
        return {Verdict::good, "control directory", wanted, ""};
    }
    return {Verdict::missing, "control directory", fmt::format("{}: not writable", wanted),
            "give --control PATH, or make the directory and give it to the user of ringway"};
}

}  // namespace ringway::app
