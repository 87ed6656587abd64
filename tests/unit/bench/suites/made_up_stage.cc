#include "made_up_stage.h"

#include <fmt/format.h>

namespace ringway::bench::test {

Destination MadeUpStage::destination(const std::string& text) {
    Destination made;
    made.address_bytes = sizeof made.address;
    made.text = text;
    made.authority = text;
    return made;
}

Standing MadeUpStage::stand(const std::string& url, int pid) {
    ++standing;
    return {.url = url,
            .destination = destination(url.substr(url.rfind('/') + 1)),
            .pid = pid,
            .description = "a made-up proxy",
            .held = std::shared_ptr<void>(nullptr, [this](void*) { --standing; })};
}

Stage MadeUpStage::stage() {
    return {.cores = cores,
            .start_proxy = [this](const ProxyWish& wish) -> config::Checked<Standing> {
                if (no_proxy) return *no_proxy;
                wishes.push_back(wish);
                return stand(fmt::format("http://proxy-{}", wish.shards),
                             1000 + static_cast<int>(wish.shards));
            },
            .start_origin = [this](const std::vector<int>& where) -> config::Checked<Standing> {
                origin_cores.push_back(where);
                return stand("http://origin", 2000);
            },
            .start_hop = [this](const ThrottleOptions& link,
                                const Destination&) -> config::Checked<Standing> {
                links.push_back(link);
                return stand("http://hop", 0);
            },
            .find_place = [](const std::string& url) -> config::Checked<Place> {
                const std::size_t end = url.find('/', 7);
                return Place{.destination = destination(url.substr(7, end - 7)),
                             .target = end == std::string::npos ? "/" : url.substr(end)};
            },
            .hold_idle = [this](const RunPlan& plan) -> config::Checked<std::shared_ptr<void>> {
                if (no_crowd) return *no_crowd;
                idle_clients = plan.connections;
                return std::shared_ptr<void>(nullptr, [this](void*) { idle_clients = 0; });
            },
            .is_mock = [this](const Destination&) { return mock_answers; },
            .describe = [](int pid) { return fmt::format("process {}", pid); }};
}

config::Complaint measure(Bench& bench, MadeUpStage& stage,
                          config::Complaint (*suite)(const SuiteContext&, const Stage&, Report&)) {
    const SuiteContext context{bench.options,
                               [&](const RunPlan& plan, const std::string& title) {
                                   return bench.target.run(plan, title);
                               },
                               [&](const std::string& line) { bench.said.push_back(line); },
                               [&] { return bench.stop(); }};
    return suite(context, stage.stage(), bench.report);
}

void watch(RunResult& result, double cpu_us_per_answer, std::uint64_t private_bytes) {
    result.watched.emplace();
    result.watched->cpu_seconds = cpu_us_per_answer * static_cast<double>(result.answered) / 1e6;
    result.watched->private_bytes_before = private_bytes;
    result.watched->private_bytes_max = private_bytes;
}

}  // namespace ringway::bench::test
