#include "suites/measured.h"

#include <doctest/doctest.h>

#include "made_up_target.h"

using namespace ringway;
using namespace ringway::bench;

TEST_CASE("CPU per answer needs somebody watched and something answered") {
    RunResult result;
    result.window = base::Duration::seconds(2);
    result.answered = 1000;
    CHECK_FALSE(watched_us_per_answer(result));
    CHECK_FALSE(watched_cores(result));
    result.watched.emplace();
    result.watched->cpu_seconds = 0.5;
    CHECK(*watched_us_per_answer(result) == doctest::Approx(500));
    CHECK(*watched_cores(result) == doctest::Approx(0.25));
    result.answered = 0;
    CHECK_FALSE(watched_us_per_answer(result));
}

TEST_CASE("differences and sizes bear their sign and three digits") {
    CHECK(difference_in_words(83) == "83 us");
    CHECK(difference_in_words(-1250) == "-1.25 ms");
    CHECK(bytes_in_words(812) == "812 B");
    CHECK(bytes_in_words(-2048) == "-2.00 KiB");
    CHECK(spread_in_words(spread_of({70, 90, 120})) == "from 70 us to 120 us over 3 rounds");
}

TEST_CASE("a percentile needs as many samples as make it more than the largest") {
    CHECK(samples_needed(50) == doctest::Approx(2));
    CHECK(samples_needed(99.9) == doctest::Approx(1000));
    CHECK(samples_needed(100) == 1);
}

TEST_CASE("what was not measured has a reason and no value") {
    const Figure unknown =
        figure_or("a", "an a", std::nullopt, "us", "not measured: nobody was there");
    CHECK_FALSE(unknown.known);
    CHECK(unknown.note == "not measured: nobody was there");
    const Figure known = figure_or("a", "an a", 5.0, "us", "not measured");
    CHECK(known.known);
    CHECK(known.value == 5);
    CHECK(known.note.empty());
}

TEST_CASE("errors of a run become one warning that counts them by kind") {
    Report report;
    LabelledRun run;
    run.label = "direct";
    run.result.answered = 90;
    warn_about_errors(run, report);
    CHECK(report.findings.empty());
    run.result.errors[ErrorKind::timeout] = 4;
    run.result.errors[ErrorKind::status_5xx] = 6;
    warn_about_errors(run, report);
    REQUIRE(report.findings.size() == 1);
    CHECK(report.findings[0].text ==
          "direct: 10 % of what ended were errors (4 timeout, 6 status_5xx)");
    CHECK(report.findings[0].severity == Severity::warning);
}
