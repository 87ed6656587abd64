#include "ringway/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace ringway::base {

void panic(const char* file, int line, const char* what) noexcept {
    std::fprintf(stderr, "ringway: fatal: %s (%s:%d)\n", what, file, line);
    std::abort();
}

}  // namespace ringway::base
