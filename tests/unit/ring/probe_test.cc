#include "ringway/ring/probe.h"

#include <cerrno>
#include <set>

#include <doctest/doctest.h>

using namespace ringway::ring;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("every refusal is told in one line with its cause and its cure") {
    std::set<std::string> texts;
    for (const int os_error : {ENOSYS, EPERM, ENOMEM, EMFILE, EIO}) {
        const std::string text = explain_setup_failure(os_error);
        CHECK(contains(text, "io_uring"));
        CHECK_FALSE(contains(text, "\n"));
        texts.insert(text);
    }
    CHECK(texts.size() == 5);
    CHECK(contains(explain_setup_failure(ENOSYS), "Linux 6.1"));
    CHECK(contains(explain_setup_failure(ENOMEM), "memlock"));
    CHECK(contains(explain_setup_failure(EMFILE), "ulimit -n"));
    CHECK(explain_setup_failure(EMFILE) == explain_setup_failure(ENFILE));
    CHECK(explain_setup_failure(EPERM) == explain_setup_failure(EACCES));
    CHECK(contains(explain_setup_failure(EIO), "Input/output error"));
}

TEST_CASE("the probe lists what there is, and advises where something is missing") {
    const auto lines = probe_kernel();
    std::set<std::string> names;
    for (const ProbeLine& line : lines) {
        CAPTURE(line.what);
        names.insert(line.what);
        CHECK_FALSE(line.found.empty());
        CHECK(line.advice.empty() == (line.verdict == ProbeLine::Verdict::good));
        // These tests need a ring themselves.
        CHECK(line.verdict != ProbeLine::Verdict::fatal);
    }
    for (const char* name : {"kernel", "io_uring", "ring operations", "incremental buffers"}) {
        CHECK_MESSAGE(names.count(name) == 1, name);
    }
    CHECK(names.size() == lines.size());
}
