// Runs something that must abort in a child process, and tells whether it did.
#pragma once

#include <csignal>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ringway::test {

struct Death {
    bool aborted = false;
    std::string text;  // what it said on standard error
};

template <typename Action>
Death death_of(Action action) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return {};
    const pid_t child = ::fork();
    if (child == 0) {
        // The test runner's own handler would report the abort as a failed test.
        ::signal(SIGABRT, SIG_DFL);
        ::dup2(ends[1], STDERR_FILENO);
        action();
        ::_exit(0);
    }
    ::close(ends[1]);
    Death death;
    char piece[512];
    for (ssize_t got; (got = ::read(ends[0], piece, sizeof piece)) > 0;) {
        death.text.append(piece, static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    death.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return death;
}

}  // namespace ringway::test
