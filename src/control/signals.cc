#include "signals.h"

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

#include "ringway/control/serve.h"

namespace ringway::control {
namespace {

sigset_t taken_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
    return set;
}

}  // namespace

void block_signals() {
    const sigset_t set = taken_signals();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
}

int open_signal_fd() {
    const sigset_t set = taken_signals();
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int next_signal(int signal_fd) {
    signalfd_siginfo info{};
    const ssize_t bytes = ::read(signal_fd, &info, sizeof info);
    return bytes == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
}

}  // namespace ringway::control
