// What suites need beside runs: a proxy, an origin or a throttling hop, set up for a while.
//
// A Stage is a handful of functions, so that a suite's logic can be tested without any process.
// What they set up lives as long as its Standing and is gone, process and all, with it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "../destination.h"
#include "suites.h"

namespace ringway::bench {

struct Standing {
    std::string url;
    Destination destination;
    int pid = 0;                   // 0: it runs within this process
    std::string description;       // version, ring features and flags, as far as they are known
    std::shared_ptr<void> held{};  // what ends when the last copy does
};

struct ProxyWish {
    std::string origin_url;  // scheme and address alone
    bool is_http = true;
    unsigned shards = 1;
    std::vector<int> cores{};
    std::vector<std::string> flags{};  // a user's; they come before the suite's own
};

struct Stage {
    std::vector<int> cores;  // that this process may use
    std::function<config::Checked<Standing>(const ProxyWish&)> start_proxy;
    std::function<config::Checked<Standing>(const std::vector<int>& cores)> start_origin;
    // Between the generator and the destination.
    std::function<config::Checked<Standing>(const ThrottleOptions&, const Destination&)> start_hop;
    std::function<config::Checked<Place>(const std::string& url)> find_place;
    std::function<config::Checked<std::shared_ptr<void>>(const RunPlan&)> hold_idle;
    // Whether `ringway mock` answers there, whose paths mean something.
    std::function<bool(const Destination&)> is_mock;
    // Version and command line of a process that somebody else started; empty when unreadable.
    std::function<std::string(int pid)> describe;
};

// With processes of this program, and a hop within it.
Stage real_stage();

// "http://127.0.0.1:80", "tcp+unix:/path": what --upstream takes.
std::string url_of(const Destination& destination);

// Whether `flag`, such as "--shards", is among these words.
bool names_flag(const std::vector<std::string>& flags, const std::string& flag);

// The suites as suites.h has them, with the stage as a parameter.
config::Complaint measure_scaling(const SuiteContext& context, const Stage& stage, Report& report);
config::Complaint measure_throttle(const SuiteContext& context, const Stage& stage, Report& report);
config::Complaint measure_versus_direct(const SuiteContext& context, const Stage& stage,
                                        Report& report);
config::Complaint measure_baseline(const SuiteContext& context, const Stage& stage, Report& report);

}  // namespace ringway::bench
