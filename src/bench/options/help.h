// `ringway bench --help` and the generated part of docs/BENCH.md, both from the flag tables.
#pragma once

#include <string>

namespace ringway::bench {

std::string bench_help_text();

}  // namespace ringway::bench
