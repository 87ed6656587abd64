// What tests about texts and files share: a file that is there while a test runs, and looking for a
// part of a text with the whole of it in the complaint.
#pragma once

#include <fstream>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

namespace ringway::bench::test {

struct TemporaryFile {
    explicit TemporaryFile(std::string_view text) {
        const int fd = ::mkstemp(path.data());
        REQUIRE(fd >= 0);
        ::close(fd);
        std::ofstream(path, std::ios::binary) << text;
    }
    ~TemporaryFile() { ::unlink(path.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    std::string path = "/tmp/ringway-bench-XXXXXX";
};

inline void contains(const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) != std::string::npos,
                  fmt::format("'{}' is not in: {}", part, text));
}

inline void lacks(const std::string& text, std::string_view part) {
    CHECK_MESSAGE(text.find(part) == std::string::npos, fmt::format("'{}' is in: {}", part, text));
}

}  // namespace ringway::bench::test
