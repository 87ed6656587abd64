#include "children.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace ringway::bench {
namespace {

using base::Duration;
using base::Instant;
using config::Checked;
using config::Complaint;
using config::Refusal;

constexpr std::size_t output_bytes_max = std::size_t{1} << 20;
constexpr int cannot_run_code = 127;
constexpr int signal_base = 128;

Instant now() {
    timespec at{};
    clock_gettime(CLOCK_MONOTONIC, &at);
    return {at.tv_sec * 1'000'000'000 + at.tv_nsec};
}

// Variables of ringway's own would change what is measured, and those of a service manager would
// let a child speak in this process's name.
bool is_kept(std::string_view variable) {
    for (const std::string_view dropped :
         {"RINGWAY", "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "RUNTIME_DIRECTORY="}) {
        if (variable.starts_with(dropped)) return false;
    }
    return true;
}

std::vector<char*> kept_environment() {
    std::vector<char*> kept;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        if (is_kept(*variable)) kept.push_back(*variable);
    }
    kept.push_back(nullptr);
    return kept;
}

// Everything that the new process needs, made before it is forked: after that, and until it runs
// its program, nothing may be allocated.
struct Launch {
    std::string program;
    std::vector<std::string> words;
    std::vector<char*> arguments;
    std::vector<char*> environment;
    std::vector<std::byte> cores;  // a cpu_set_t of any size, empty when any core will do
    int output_fd = -1;
    pid_t parent = 0;
};

std::vector<std::byte> core_mask(const std::vector<int>& cores) {
    if (cores.empty()) return {};
    const int highest = *std::max_element(cores.begin(), cores.end());
    std::vector<std::byte> mask(CPU_ALLOC_SIZE(static_cast<std::size_t>(highest) + 1));
    for (const int core : cores) {
        CPU_SET_S(static_cast<std::size_t>(core), mask.size(),
                  reinterpret_cast<cpu_set_t*>(mask.data()));
    }
    return mask;
}

// Runs in the forked process, so that it may only do what a signal handler may.
[[noreturn]] void become(Launch& launch) {
    // Out of the terminal's foreground group: INT is for the suite, which stops its children.
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != launch.parent) _exit(cannot_run_code);  // it died before the line above
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) signal(number, SIG_DFL);
    if (!launch.cores.empty()) {
        sched_setaffinity(0, launch.cores.size(),
                          reinterpret_cast<const cpu_set_t*>(launch.cores.data()));
    }
    const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(launch.output_fd, STDOUT_FILENO);
    dup2(launch.output_fd, STDERR_FILENO);
    close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    execve(launch.program.c_str(), launch.arguments.data(), launch.environment.data());
    constexpr std::string_view said = "the program cannot be run\n";
    (void)!write(STDERR_FILENO, said.data(), said.size());
    _exit(cannot_run_code);
}

Launch launch_of(const ChildPlan& plan) {
    Launch launch;
    launch.program = plan.program;
    launch.words.push_back("ringway");
    launch.words.insert(launch.words.end(), plan.arguments.begin(), plan.arguments.end());
    for (std::string& word : launch.words) launch.arguments.push_back(word.data());
    launch.arguments.push_back(nullptr);
    launch.environment = kept_environment();
    launch.cores = core_mask(plan.cores);
    launch.parent = getpid();
    return launch;
}

std::string_view last_line(std::string_view text) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    const std::size_t before = text.rfind('\n');
    return before == std::string_view::npos ? text : text.substr(before + 1);
}

// Where a line says that somebody listens; empty when it says something else. The mock writes
// "listening URL ...", the server a log line.
std::string listening_url(std::string_view line) {
    constexpr std::string_view word = "listening ";
    if (line.starts_with(word)) {
        line.remove_prefix(word.size());
        return std::string{line.substr(0, line.find(' '))};
    }
    return log_value(line, "msg") == "listening" ? log_value(line, "url") : std::string{};
}

std::string name_of_plan(const ChildPlan& plan) {
    return plan.arguments.empty() ? plan.program
                                  : fmt::format("ringway {}", plan.arguments.front());
}

}  // namespace

std::string log_value(std::string_view line, std::string_view key) {
    const std::string wanted = fmt::format("{}=", key);
    for (std::size_t at = line.find(wanted); at != std::string_view::npos;
         at = line.find(wanted, at + 1)) {
        if (at > 0 && line[at - 1] != ' ') continue;
        const std::string_view rest = line.substr(at + wanted.size());
        if (rest.starts_with('"')) return std::string{rest.substr(1, rest.find('"', 1) - 1)};
        return std::string{rest.substr(0, rest.find(' '))};
    }
    return {};
}

Child::Child(int pid, int pipe_fd, Duration stop_timeout)
    : pid_(pid), pipe_fd_(pipe_fd), stop_timeout_(stop_timeout) {}

Child::~Child() {
    stop();
    if (pipe_fd_ >= 0) close(pipe_fd_);
}

Checked<std::unique_ptr<Child>> Child::start(const ChildPlan& plan) {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return Refusal{fmt::format("no pipe to {}: {}", name_of_plan(plan), std::strerror(errno)),
                       {}};
    }
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    Launch launch = launch_of(plan);
    launch.output_fd = ends[1];
    const pid_t pid = fork();
    if (pid == 0) become(launch);
    const int failure = errno;
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return Refusal{
            fmt::format("cannot start {}: {}", name_of_plan(plan), std::strerror(failure)), {}};
    }
    std::unique_ptr<Child> child(new Child(pid, ends[0], plan.stop_timeout));
    if (const Complaint problem = child->wait_until_ready(plan)) return *problem;
    return child;
}

// Reads what there is, waiting for the first byte if need be. False when nothing came.
bool Child::read_some(Duration patience) {
    if (pipe_fd_ < 0) return false;
    pollfd wanted{.fd = pipe_fd_, .events = POLLIN, .revents = 0};
    if (poll(&wanted, 1, static_cast<int>(patience.to_ms())) <= 0) return false;
    char piece[4096];
    const ssize_t got = read(pipe_fd_, piece, sizeof piece);
    if (got <= 0) {
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            close(pipe_fd_);
            pipe_fd_ = -1;
        }
        return false;
    }
    // What is beyond the bound is read all the same, so that the child never waits for room.
    const std::size_t room = output_bytes_max - std::min(output_bytes_max, output_.size());
    output_.append(piece, std::min(room, static_cast<std::size_t>(got)));
    return true;
}

bool Child::listens(std::size_t listeners) {
    urls_.clear();
    for (std::size_t at = 0; at < output_.size();) {
        const std::size_t end = output_.find('\n', at);
        if (end == std::string::npos) break;
        std::string url = listening_url(std::string_view{output_}.substr(at, end - at));
        if (!url.empty()) urls_.push_back(std::move(url));
        at = end + 1;
    }
    return urls_.size() >= listeners;
}

Complaint Child::wait_until_ready(const ChildPlan& plan) {
    const Instant deadline = now() + plan.ready_timeout;
    while (!listens(plan.listeners)) {
        if (now() >= deadline) {
            return Refusal{
                fmt::format("{} did not listen within {:.1f} s; it said: {}", name_of_plan(plan),
                            plan.ready_timeout.to_seconds(), config::printable(last_line(output_))),
                {}};
        }
        if (read_some(Duration::milliseconds(50)) || !has_ended(false)) continue;
        output();
        return Refusal{
            fmt::format("{} ended with {} before it listened; it said: {}", name_of_plan(plan),
                        exit_code_, config::printable(last_line(output_))),
            {}};
    }
    return {};
}

const std::string& Child::output() {
    while (read_some({})) {
    }
    return output_;
}

bool Child::has_ended(bool wait) {
    if (!running_) return true;
    int status = 0;
    const pid_t ended = waitpid(pid_, &status, wait ? 0 : WNOHANG);
    if (ended == 0 || (ended < 0 && errno == EINTR)) return false;
    running_ = false;
    exit_code_ = WIFSIGNALED(status) ? signal_base + WTERMSIG(status) : WEXITSTATUS(status);
    return true;
}

bool Child::is_alive() { return !has_ended(false); }

int Child::stop() {
    if (has_ended(false)) return exit_code_;
    kill(pid_, SIGTERM);
    const Instant deadline = now() + stop_timeout_;
    while (!has_ended(false) && now() < deadline) {
        // Reading is waiting, too: a child that cannot write what it has to say cannot end.
        if (read_some(Duration::milliseconds(10)) || pipe_fd_ >= 0) continue;
        const timespec pause{.tv_sec = 0, .tv_nsec = 2'000'000};
        nanosleep(&pause, nullptr);
    }
    if (!has_ended(false)) {
        kill(pid_, SIGKILL);
        while (!has_ended(true)) {
        }
    }
    return exit_code_;
}

}  // namespace ringway::bench
