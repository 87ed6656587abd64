#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "../../../src/app/doctor.h"
#include "../../../src/app/settings_from.h"

namespace ringway::app {
namespace {

using Verdict = ring::ProbeLine::Verdict;

config::Machine some_machine() {
    return {.cpus = {0, 1},
            .descriptors_soft = 1024,
            .descriptors_hard = 100000,
            .user_id = 1000,
            .runtime_directory = {},
            .user_runtime_directory = "/nowhere/at/all"};
}

const ring::ProbeLine& line_of(const std::vector<ring::ProbeLine>& lines, std::string_view what) {
    for (const auto& line : lines) {
        if (line.what == what) return line;
    }
    FAIL("no line about " << std::string{what});
    return lines.front();
}

TEST_CASE("the limit of open files is good, worth raising, or fatal") {
    config::Machine machine = some_machine();
    CHECK(line_of(examine_limits(machine), "open files").verdict == Verdict::good);
    machine.descriptors_hard = 20000;
    const auto few = line_of(examine_limits(machine), "open files");
    CHECK(few.verdict == Verdict::missing);
    CHECK(few.found.find("hard 20000") != std::string::npos);
    CHECK_FALSE(few.advice.empty());
    machine.descriptors_hard = 100;
    CHECK(line_of(examine_limits(machine), "open files").verdict == Verdict::fatal);
}

TEST_CASE("a control directory that cannot be made is told, with advice") {
    config::Machine machine = some_machine();
    machine.user_runtime_directory = "/proc/nothing/can/be/made/here";
    const ring::ProbeLine line = examine_control_directory(machine);
    // /proc itself is all that exists of it, and even root makes nothing there; access(2) may say
    // otherwise to root, so only the path is certain.
    CHECK(line.found.find("/proc/nothing/can/be/made/here/ringway") != std::string::npos);
    CHECK(line.advice.empty() == (line.verdict == Verdict::good));
    machine.runtime_directory = "/tmp";
    CHECK(examine_control_directory(machine).verdict == Verdict::good);
}

TEST_CASE("whatever is not good comes with advice") {
    const config::Machine machine = config::Machine::read();
    for (const auto& lines : {examine_cores(machine), examine_limits(machine), examine_network(),
                              examine_confinement()}) {
        for (const ring::ProbeLine& line : lines) {
            CAPTURE(line.what);
            CHECK_FALSE(line.found.empty());
            if (line.verdict != Verdict::good) CHECK_FALSE(line.advice.empty());
        }
    }
}

TEST_CASE("users and congestion controls that this machine lacks are refused by name") {
    config::Settings settings;
    CHECK(refused_by_machine(settings).empty());
    settings.user = "no-such-user-here";
    CHECK(refused_by_machine(settings).starts_with("--user: \"no-such-user-here\""));
    settings.user = "root";
    CHECK(refused_by_machine(settings).empty());
    settings.listeners.push_back(
        {.name = "web", .target = {}, .socket = {.congestion = "nonesuch"}});
    CHECK(refused_by_machine(settings).starts_with(
        "--listen web: congestion: \"nonesuch\" is not allowed"));
    settings.listeners[0].socket.congestion = "reno";  // every kernel has it
    CHECK(refused_by_machine(settings).empty());
}

TEST_CASE("wrong settings exit 2, an unreadable file and a missing user 1, help 0") {
    struct Row {
        std::vector<std::string> arguments;
        int exit_code;
    };
    for (const Row& row :
         {Row{{"--shards", "0"}, 2}, Row{{}, 2}, Row{{"--config", "/nowhere/at/all"}, 1},
          Row{{"--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1", "--user",
               "no-such-user-here"},
              1},
          Row{{"--help"}, 0}}) {
        int exit_code = -1;
        CHECK_FALSE(load_settings(row.arguments, "check", exit_code));
        CHECK(exit_code == row.exit_code);
    }
}

}  // namespace
}  // namespace ringway::app
