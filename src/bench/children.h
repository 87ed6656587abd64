// Child processes of a suite: `ringway serve` and `ringway mock`, run from this very binary.
//
// A Child owns one process and the pipe that it writes to. It makes no file and leaves no process:
// the process is asked to end (TERM) when the Child is stopped or destroyed, made to (KILL) when it
// takes too long, and killed by the kernel when this process dies first, however it dies. That last
// goes by thread: a Child must be started by a thread that outlives it, such as the main one.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/clock.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

struct ChildPlan {
    std::vector<std::string> arguments{};  // "serve", "--shards", "1", ...
    std::vector<int> cores{};              // the only ones it may use; empty: those of this process
    std::size_t listeners = 1;             // it is ready when so many have said where they listen
    base::Duration ready_timeout = base::Duration::seconds(10);
    base::Duration stop_timeout = base::Duration::seconds(5);
    std::string program = "/proc/self/exe";
};

class Child {
  public:
    // Waits until it listens. Refused when it cannot be started, ends before it listens, or takes
    // too long; the rule then quotes the last line that it said.
    static config::Checked<std::unique_ptr<Child>> start(const ChildPlan& plan);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    int pid() const { return pid_; }
    // As it said them, in that order, with the ports that the kernel chose.
    const std::vector<std::string>& urls() const { return urls_; }
    // Everything it has said, standard output and error, until it grew beyond a bound.
    const std::string& output();
    bool is_alive();
    // The exit code, or 128 and the signal that ended it. May be called twice.
    int stop();

  private:
    Child(int pid, int pipe_fd, base::Duration stop_timeout);
    bool read_some(base::Duration patience);
    bool listens(std::size_t listeners);
    config::Complaint wait_until_ready(const ChildPlan& plan);
    bool has_ended(bool wait);

    int pid_;
    int pipe_fd_;  // -1 once the other end was closed
    base::Duration stop_timeout_;
    bool running_ = true;
    int exit_code_ = 0;
    std::string output_;
    std::vector<std::string> urls_;
};

// The value of `key=` in a log line, without its quotation marks; empty when there is none.
std::string log_value(std::string_view line, std::string_view key);

}  // namespace ringway::bench
