// `ringway doctor`: what this machine has, what it lacks, and how to fix it.
#include "doctor.h"

#include <array>

#include <fmt/format.h>

#include "commands.h"

namespace ringway::app {
namespace {

using Verdict = ring::ProbeLine::Verdict;

std::string_view word_of(Verdict verdict) {
    switch (verdict) {
        case Verdict::good: return "good";
        case Verdict::missing: return "missing";
        case Verdict::fatal: return "fatal";
    }
    return "";
}

void add(std::vector<ring::ProbeLine>& lines, std::vector<ring::ProbeLine> more) {
    lines.insert(lines.end(), more.begin(), more.end());
}

}  // namespace

int run_doctor(Arguments arguments) {
    if (!arguments.empty()) {
        const bool help = arguments.front() == "--help" || arguments.front() == "-h";
        fmt::print(help ? stdout : stderr,
                   "{}usage: ringway doctor: one line for each thing that ringway needs of this "
                   "machine; exit 1 when it cannot run here\n",
                   help ? "" : "ringway: doctor takes no arguments; ");
        return help ? 0 : 2;
    }
    const config::Machine machine = config::Machine::read();
    std::vector<ring::ProbeLine> lines = ring::probe_kernel();
    add(lines, examine_cores(machine));
    add(lines, examine_limits(machine));
    add(lines, examine_network());
    add(lines, examine_confinement());
    lines.push_back(examine_control_directory(machine));

    std::array<std::size_t, 3> counts{};
    for (const ring::ProbeLine& line : lines) {
        ++counts.at(static_cast<std::size_t>(line.verdict));
        fmt::print("{:<8} {:<22} {}\n", word_of(line.verdict), line.what, line.found);
        if (!line.advice.empty()) fmt::print("{:<8} {:<22} -> {}\n", "", "", line.advice);
    }
    const bool cannot_run = counts[static_cast<std::size_t>(Verdict::fatal)] > 0;
    fmt::print("\n{} good, {} missing, {} fatal: {}\n", counts[0], counts[1], counts[2],
               cannot_run ? "ringway cannot run here" : "ringway can run here");
    return cannot_run ? 1 : 0;
}

}  // namespace ringway::app
