// Checks that stay on in release builds, and costly ones that do not.
//
// RW_ASSERT guards what ringway itself guarantees (handles, sizes, states). It must never depend on
// what a peer sends, what the kernel's load decides or what a user configures: those are errors.
#pragma once

namespace ringway::base {

// Prints one sentence with file and line to standard error and aborts.
[[noreturn]] void panic(const char* file, int line, const char* what) noexcept;

}  // namespace ringway::base

#define RW_ASSERT(condition)                                                      \
    do {                                                                          \
        if (!(condition)) [[unlikely]]                                            \
            ::ringway::base::panic(__FILE__, __LINE__, "assertion: " #condition); \
    } while (false)

#ifdef RW_DEBUG_CHECKS
#define RW_DEBUG_ASSERT(condition) RW_ASSERT(condition)
#else
#define RW_DEBUG_ASSERT(condition) \
    do {                           \
    } while (false)
#endif

#define RW_PANIC(sentence) ::ringway::base::panic(__FILE__, __LINE__, sentence)
