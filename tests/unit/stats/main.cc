// Runs the tests; with --answers prints one JSON answer per line for check_json.py instead.
#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdio>
#include <string_view>

#include <doctest/doctest.h>

#include "sample.h"

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--answers") {
        for (const std::string& answer : ringway::stats::sample_answers()) {
            std::fputs(answer.c_str(), stdout);
        }
        return 0;
    }
    return doctest::Context(argc, argv).run();
}
