#include "report/live_display.h"

#include <doctest/doctest.h>

using namespace ringway::bench;

namespace {

RunProgress measuring() {
    return {.phase = RunProgress::Phase::measuring,
            .done = 0.5,
            .connections = 64,
            .rate = 51'234,
            .answered = 100,
            .errors = 0,
            .p50_us = 612,
            .p99_us = 1'530};
}

}  // namespace

TEST_CASE("the line shows a bar, how far, how fast, how slow") {
    const std::string line =
        progress_line("64 connections", measuring(), {.columns = 200, .is_unicode = false});
    CHECK(line ==
          "64 connections  ############............  50 % measuring  51,234/s  p50 612 us  "
          "p99 1.53 ms");
    CHECK(progress_line("", measuring(), {.columns = 200, .has_bar = false}) ==
          " 50 % measuring  51,234/s  p50 612 us  p99 1.53 ms");
}

TEST_CASE("errors are shown as soon as there are some") {
    RunProgress progress = measuring();
    progress.errors = 1'200;
    CHECK(progress_line("", progress, {.columns = 200, .has_bar = false})
              .ends_with("  errors 1,200"));
}

TEST_CASE("before anything is measured only the connections count") {
    const RunProgress progress{
        .phase = RunProgress::Phase::connecting, .done = 0.1, .connections = 7};
    CHECK(progress_line("", progress, {.columns = 200, .has_bar = false}) ==
          " 10 % connecting (7 connections)");
}

TEST_CASE("a line is never wider than the terminal, and cut between characters") {
    for (std::size_t columns = 1; columns < 100; ++columns) {
        const std::string line = progress_line("x", measuring(), {.columns = columns});
        std::size_t seen = 0;
        for (const char byte : line) {
            if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) ++seen;
        }
        CHECK(seen <= columns);
        CHECK((line.size() < 3 || line.back() != '\xe2'));
    }
}

TEST_CASE("what is done stays within the bar, whatever is said") {
    RunProgress progress = measuring();
    progress.done = 7;
    CHECK(progress_line("", progress, {.columns = 200, .is_unicode = false})
              .starts_with("######################## 100 %"));
    progress.done = -1;
    CHECK(progress_line("", progress, {.columns = 200, .is_unicode = false})
              .starts_with("........................   0 %"));
}
