// A report in every form: a table for people, JSON, CSV, one HTML page; and the live display.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "ringway/bench/report.h"
#include "ringway/bench/result.h"

namespace ringway::bench {

std::string to_text(const Report& report);  // the final table
std::string to_json(const Report& report);  // docs/bench-report.schema.json
std::string to_csv(const Report& report);   // one row per run
std::string to_html(const Report& report);  // one page, nothing from outside it

// What the machine and this build are: everything of Conditions but `command` and `proxy`.
Conditions read_conditions();

// A bar with rate and percentiles on a terminal, redrawn in place; on anything else a line every
// two seconds. Writes to standard error only.
class LiveDisplay {
  public:
    explicit LiveDisplay(bool enabled);
    ~LiveDisplay();
    LiveDisplay(const LiveDisplay&) = delete;
    LiveDisplay& operator=(const LiveDisplay&) = delete;

    void begin(const std::string& label);
    void show(const RunProgress& progress);
    void end();  // takes the bar away

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::bench
