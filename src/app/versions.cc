// `ringway --version` and `ringway -V`: what this binary is made of, for bug reports.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "commands.h"
#include "ringway/ring/probe.h"
#include "ringway/ring/ring.h"
#include "version.h"

namespace ringway::app {
namespace {

std::string compiler() {
#if defined(__clang__)
    return fmt::format("clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#else
    return fmt::format("g++ {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
}

std::string sanitizers() {
    std::string out;
#if defined(__SANITIZE_ADDRESS__)
    out += " address";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    out += " address";
#endif
#if __has_feature(undefined_behavior_sanitizer)
    out += " undefined";
#endif
#if __has_feature(thread_sanitizer)
    out += " thread";
#endif
#endif
    return out.empty() ? out : ", sanitizers:" + out;
}

// The features by name, then every line of the probe that says yes or no.
std::string ring_features() {
    auto ring = ring::Ring::open({});
    if (!ring) return ring::explain_setup_failure(ring.error().os_error);
    std::string out = (*ring)->features().describe();
    for (const ring::ProbeLine& line : ring::probe_kernel()) {
        if (line.found == "yes" || line.found == "no") {
            out += fmt::format(", {}: {}", line.what, line.found);
        }
    }
    return out;
}

}  // namespace

int print_version(Arguments) {
    fmt::print("ringway {}\n", RW_VERSION);
    return 0;
}

int print_versions(Arguments) {
    fmt::print("ringway {}\n", RW_VERSION);
    fmt::print("build      {}, {}{}\n", compiler(), RW_BUILD_TYPE, sanitizers());
    fmt::print("liburing   {}\n", RW_LIBURING_VERSION);
    fmt::print("fmt        {}.{}.{}\n", FMT_VERSION / 10000, FMT_VERSION / 100 % 100,
               FMT_VERSION % 100);
    fmt::print("c-ares     {}\n", RW_CARES_VERSION);
    fmt::print("toml++     {}\n", RW_TOMLPP_VERSION);
    fmt::print("CLI11      {}\n", RW_CLI11_VERSION);
    fmt::print("simdjson   {}\n", RW_SIMDJSON_VERSION);
    fmt::print("tls        none in this release\n");
    fmt::print("io_uring   {}\n", ring_features());
    return 0;
}

}  // namespace ringway::app
