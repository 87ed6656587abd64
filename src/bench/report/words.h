// Figures as people read them, in the table and on the page.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ringway::bench {

std::string count_words(double value);      // "1,234,567"; "0.25" when it is not whole
std::string rate_words(double per_second);  // "123,457", "12.3", "0.25"
std::string latency_words(double us);       // "412 us", "1.24 ms", "3.21 s"
std::string cost_words(double cpu_us, std::uint64_t answered);    // "-" when nothing was answered
std::string signed_latency_words(double us);                      // "+12.3 us", "-4.00 us"
std::string bytes_words(double bytes);                            // "23.4 MiB"
std::string percent_words(double ratio);                          // 0.0123 is "1.23 %"
std::string figure_words(double value, const std::string& unit);  // by the unit of a figure
// One command line that a shell would take apart as it was.
std::string command_line(const std::vector<std::string>& words);

}  // namespace ringway::bench
