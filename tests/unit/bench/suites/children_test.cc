#include "children.h"

#include <csignal>
#include <string>

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ringway/config/machine.h"

using namespace ringway;
using bench::Child;
using bench::ChildPlan;
using bench::log_value;

namespace {

// A shell in the place of ringway.
ChildPlan shell(const std::string& script) {
    return {.arguments = {"-c", script}, .program = "/bin/sh"};
}

bool exists(int pid) { return kill(pid, 0) == 0; }

constexpr const char* sleep_until_term =
    "trap 'exit 7' TERM; echo listening tcp://127.0.0.1:5 mode=echo; "
    "while :; do sleep 0.05; done";

}  // namespace

TEST_CASE("a value of a log line is found by its key, with or without quotation marks") {
    const std::string line = R"(level=info msg="ringway runs" version=0.1.0 ring="a b" n="")";
    CHECK(log_value(line, "msg") == "ringway runs");
    CHECK(log_value(line, "version") == "0.1.0");
    CHECK(log_value(line, "ring") == "a b");
    CHECK(log_value(line, "n").empty());
    CHECK(log_value(line, "sion").empty());
    CHECK(log_value(line, "evel").empty());
}

TEST_CASE("a child is ready when it says where it listens, ends by TERM and is gone") {
    auto child = Child::start(shell(sleep_until_term));
    REQUIRE(child);
    CHECK((*child)->urls() == std::vector<std::string>{"tcp://127.0.0.1:5"});
    CHECK((*child)->is_alive());
    const int pid = (*child)->pid();
    CHECK(exists(pid));
    CHECK((*child)->stop() == 7);
    CHECK((*child)->stop() == 7);
    CHECK_FALSE((*child)->is_alive());
    CHECK_FALSE(exists(pid));
}

TEST_CASE("a child ends with its owner") {
    int pid = 0;
    {
        auto child = Child::start(shell(sleep_until_term));
        REQUIRE(child);
        pid = (*child)->pid();
    }
    CHECK_FALSE(exists(pid));
}

TEST_CASE("a child that does not heed TERM is killed") {
    ChildPlan plan = shell("trap '' TERM; echo listening a; while :; do sleep 0.05; done");
    plan.stop_timeout = base::Duration::milliseconds(100);
    auto child = Child::start(plan);
    REQUIRE(child);
    CHECK((*child)->stop() == 128 + SIGKILL);
    CHECK_FALSE(exists((*child)->pid()));
}

TEST_CASE("log lines of the server count as well, and all listeners are waited for") {
    ChildPlan plan = shell(
        "echo 'level=info msg=listening listener=a url=http://127.0.0.1:1 upstream=\"\"'; "
        "sleep 0.05; echo 'level=info msg=listening listener=b url=http://127.0.0.1:2'; sleep 10");
    plan.listeners = 2;
    auto child = Child::start(plan);
    REQUIRE(child);
    CHECK((*child)->urls() == std::vector<std::string>{"http://127.0.0.1:1", "http://127.0.0.1:2"});
}

TEST_CASE("a child that ends before it listens is refused with its last words") {
    auto child = Child::start(shell("echo starting; echo no such port >&2; exit 3"));
    REQUIRE_FALSE(child);
    CHECK(child.reason().rule.find("ended with 3") != std::string::npos);
    CHECK(child.reason().rule.find("no such port") != std::string::npos);
}

TEST_CASE("a child that never listens is refused and ended") {
    ChildPlan plan = shell("echo my pid is $$; sleep 30");
    plan.ready_timeout = base::Duration::milliseconds(200);
    auto child = Child::start(plan);
    REQUIRE_FALSE(child);
    CHECK(child.reason().rule.find("did not listen within 0.2 s") != std::string::npos);
    const std::string said = child.reason().rule;
    const int pid = std::stoi(said.substr(said.find("pid is ") + 7));
    CHECK_FALSE(exists(pid));
}

TEST_CASE("a program that cannot be run is refused") {
    auto child = Child::start({.arguments = {"serve"}, .program = "/nowhere/ringway"});
    REQUIRE_FALSE(child);
    CHECK(child.reason().rule.find("cannot be run") != std::string::npos);
}

TEST_CASE("what a child says while it ends is kept, however much it is") {
    auto child = Child::start(shell(
        "trap 'i=0; while [ $i -lt 3000 ]; do echo line $i of very many that fill a pipe; "
        "i=$((i+1)); done; echo done; exit 0' TERM; echo listening a; while :; do sleep 0.05; "
        "done"));
    REQUIRE(child);
    CHECK((*child)->stop() == 0);
    CHECK((*child)->output().ends_with("done\n"));
}

TEST_CASE("a child keeps to its cores, and takes no settings of ringway from the environment") {
    setenv("RINGWAY_SHARDS", "77", 1);
    setenv("NOTIFY_SOCKET", "/nowhere", 1);
    setenv("BENCH_TEST_KEPT", "kept", 1);
    ChildPlan plan = shell(
        "grep Cpus_allowed_list /proc/self/status; echo \"[$RINGWAY_SHARDS$NOTIFY_SOCKET]\" "
        "$BENCH_TEST_KEPT; echo listening a; sleep 10");
    const int core = config::Machine::read().cpus.back();
    plan.cores = {core};
    auto child = Child::start(plan);
    unsetenv("RINGWAY_SHARDS");
    unsetenv("NOTIFY_SOCKET");
    unsetenv("BENCH_TEST_KEPT");
    REQUIRE(child);
    const std::string said = (*child)->output();
    CHECK(said.find("Cpus_allowed_list:\t" + std::to_string(core) + "\n") != std::string::npos);
    CHECK(said.find("[] kept") != std::string::npos);
}

TEST_CASE("no child survives the process that started it") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        auto child = Child::start(shell(sleep_until_term));
        const int pid = child ? (*child)->pid() : 0;
        (void)!write(ends[1], &pid, sizeof pid);
        raise(SIGKILL);  // no destructor runs
    }
    int pid = 0;
    REQUIRE(read(ends[0], &pid, sizeof pid) == sizeof pid);
    waitpid(parent, nullptr, 0);
    close(ends[0]);
    close(ends[1]);
    REQUIRE(pid > 0);
    // Gone, or a zombie until whoever adopted it has noticed.
    bool gone = false;
    for (int attempt = 0; attempt < 200 && !gone; ++attempt) {
        char state = 'Z';
        if (FILE* stat = fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r")) {
            if (fscanf(stat, "%*d %*s %c", &state) != 1) state = 'Z';
            fclose(stat);
        }
        gone = state == 'Z';
        const timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
        nanosleep(&pause, nullptr);
    }
    CHECK(gone);
}
