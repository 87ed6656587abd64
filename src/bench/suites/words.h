// Figures as sentences say them: "1.2 ms", "53000/s", "64 connections".
#pragma once

#include <string>

#include "ringway/bench/plan.h"

namespace ringway::bench {

std::string time_in_words(double us);      // "45 us", "1.2 ms", "3.4 s"
std::string rate_in_words(double rate);    // "53000/s", "0.25/s"
std::string share_in_words(double share);  // "12 %", "0.03 %"
// "1 connection", "64 connections"
std::string count_in_words(double count, const std::string& noun);
// What sets the level of a plan: its rate in an open loop, otherwise its connections.
std::string level_in_words(const RunPlan& plan);

}  // namespace ringway::bench
