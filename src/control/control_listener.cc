#include "control_listener.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ringway/net/address.h"

namespace ringway::control {
namespace {

constexpr int backlog = 64;
constexpr mode_t umask_for_0660 = 0117;

std::string reason() { return std::strerror(errno); }

ControlListener refused(std::string sentence) { return {-1, std::move(sentence)}; }

// bind(2) makes the file with the umask's rights, so that no moment exists with wider ones.
int bind_with_mode(int fd, const net::UnixPath& path) {
    const mode_t before = ::umask(umask_for_0660);
    const int outcome =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&path.storage), path.bytes) == 0 ? 0 : errno;
    ::umask(before);
    return outcome;
}

enum class Answer { somebody, nobody, unclear };

Answer who_answers(const net::UnixPath& path) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return Answer::unclear;
    const int outcome =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&path.storage), path.bytes) == 0 ? 0
                                                                                         : errno;
    ::close(fd);
    // A full queue (EAGAIN) is a living server that is busy.
    if (outcome == 0 || outcome == EAGAIN) return Answer::somebody;
    if (outcome == ECONNREFUSED || outcome == ENOENT) return Answer::nobody;
    return Answer::unclear;
}

std::string replace_stale(const std::string& text, const net::UnixPath& path) {
    struct stat status{};
    if (::lstat(text.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode)) {
        return fmt::format(
            "control socket {}: a file of another kind is there; choose another "
            "path with --control",
            text);
    }
    switch (who_answers(path)) {
        case Answer::somebody:
            return fmt::format(
                "control socket {}: another ringway answers there; stop it, or choose "
                "another path with --control",
                text);
        case Answer::unclear:
            return fmt::format("control socket {}: cannot tell whether somebody uses it: {}", text,
                               reason());
        case Answer::nobody: break;
    }
    if (::unlink(text.c_str()) != 0 && errno != ENOENT) {
        return fmt::format("control socket {}: cannot replace the stale file: {}", text, reason());
    }
    return {};
}

std::string make_directory_of(const std::string& path) {
    const std::filesystem::path directory = std::filesystem::path(path).parent_path();
    std::error_code failure;
    if (directory.empty() || std::filesystem::is_directory(directory, failure)) return {};
    std::filesystem::create_directories(directory, failure);
    if (!failure) return {};
    return fmt::format("control socket {}: cannot create its directory: {}", path,
                       failure.message());
}

}  // namespace

ControlListener open_control_listener(const std::string& text) {
    const auto path = net::UnixPath::parse(text);
    if (!path) return refused(fmt::format("control socket {}: the path is too long", text));
    const bool abstract = text.front() == '@';
    if (!abstract) {
        std::string complaint = make_directory_of(text);
        if (!complaint.empty()) return refused(std::move(complaint));
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return refused(fmt::format("control socket {}: {}", text, reason()));
    int outcome = bind_with_mode(fd, *path);
    if (outcome == EADDRINUSE && !abstract) {
        std::string complaint = replace_stale(text, *path);
        if (!complaint.empty()) {
            ::close(fd);
            return refused(std::move(complaint));
        }
        outcome = bind_with_mode(fd, *path);
    }
    if (outcome == 0 && ::listen(fd, backlog) != 0) outcome = errno;
    if (outcome != 0) {
        ::close(fd);
        return refused(fmt::format("control socket {}: {}", text, std::strerror(outcome)));
    }
    return {fd, {}};
}

void remove_control_file(const std::string& path) {
    struct stat status{};
    if (path.empty() || path.front() == '@') return;
    if (::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) ::unlink(path.c_str());
}

}  // namespace ringway::control
