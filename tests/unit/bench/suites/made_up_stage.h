// A stage without processes: every proxy, origin and hop is a number that plans can be told by.
#pragma once

#include <vector>

#include "made_up_target.h"
#include "suites/stage.h"

namespace ringway::bench::test {

struct MadeUpStage {
    std::vector<int> cores{0, 1, 2, 3, 4, 5, 6, 7};
    bool mock_answers = true;
    config::Complaint no_proxy{};
    config::Complaint no_crowd{};

    std::vector<ProxyWish> wishes{};
    std::vector<std::vector<int>> origin_cores{};
    std::vector<ThrottleOptions> links{};
    unsigned idle_clients = 0;  // who are there now
    int standing = 0;           // how many live now

    Stage stage();
    // A destination as any other, told apart by its text.
    static Destination destination(const std::string& text);

  private:
    Standing stand(const std::string& url, int pid);
};

// The suite with the bench's options and target, on this stage.
config::Complaint measure(Bench& bench, MadeUpStage& stage,
                          config::Complaint (*suite)(const SuiteContext&, const Stage&, Report&));

// Says that the watched process had so much CPU, in microseconds per answer.
void watch(RunResult& result, double cpu_us_per_answer, std::uint64_t private_bytes = 0);

}  // namespace ringway::bench::test
