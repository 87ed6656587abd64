#include "output_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ringway::bench {
namespace {

std::string folder_of(const std::string& file) {
    const std::string folder = std::filesystem::path(file).parent_path().string();
    return folder.empty() ? "." : folder;
}

// Whether FILE exists and is something else than a regular file.
bool is_special(const std::string& file) {
    struct stat found{};
    return ::stat(file.c_str(), &found) == 0 && !S_ISREG(found.st_mode);
}

bool write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// The reason in errno when it fails.
bool write_to(const std::string& file, int flags, std::string_view text) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC | flags, 0644);
    if (fd < 0) return false;
    const bool written = write_all(fd, text);
    const int reason = errno;
    const bool closed = ::close(fd) == 0;
    if (!written) errno = reason;
    return written && closed;
}

}  // namespace

std::string problem_of_output(const std::string& file) {
    if (file == "-") return {};
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) return "it is a directory";
    if (is_special(file)) {
        return ::access(file.c_str(), W_OK) == 0 ? std::string{} : std::strerror(errno);
    }
    const std::string folder = folder_of(file);
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
    return fmt::format("its directory, {}: {}", folder, std::strerror(errno));
}

std::string write_output(const std::string& file, std::string_view text) {
    if (file == "-") {
        const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
                             std::fflush(stdout) == 0;
        return written ? std::string{} : std::strerror(errno);
    }
    if (is_special(file)) {
        return write_to(file, 0, text) ? std::string{} : std::strerror(errno);
    }
    const std::string beside = fmt::format("{}.{}.new", file, ::getpid());
    if (write_to(beside, O_CREAT | O_TRUNC, text) &&
        std::rename(beside.c_str(), file.c_str()) == 0) {
        return {};
    }
    const int reason = errno;
    ::unlink(beside.c_str());
    return std::strerror(reason);
}

}  // namespace ringway::bench
