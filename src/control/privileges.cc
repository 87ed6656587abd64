#include "privileges.h"

#include <cerrno>
#include <cstring>

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace ringway::control {

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

Identity identity_named(const std::string& name) {
    Identity identity;
    identity.name = name;
    errno = 0;
    const passwd* entry = ::getpwnam(name.c_str());
    if (entry == nullptr) {
        identity.error = fmt::format("--user {}: there is no such user on this machine", name);
        return identity;
    }
    identity.user = entry->pw_uid;
    identity.group = entry->pw_gid;
    if (::geteuid() != 0 && ::geteuid() != identity.user) {
        identity.error = fmt::format(
            "--user {}: only root can become another user (hint: start "
            "ringway as root, or leave --user away)",
            name);
    }
    return identity;
}

void give_file(const std::string& path, const Identity& identity) {
    if (path.empty() || path.front() == '@') return;
    if (::chown(path.c_str(), identity.user, identity.group) != 0) return;
}

std::string become(const Identity& identity) {
    const auto failed = [&identity](const char* what) {
        return fmt::format("--user {}: {}: {}", identity.name, what, std::strerror(errno));
    };
    if (::geteuid() == 0) {
        if (::initgroups(identity.name.c_str(), identity.group) != 0) return failed("initgroups");
        if (::setresgid(identity.group, identity.group, identity.group) != 0) {
            return failed("setresgid");
        }
        if (::setresuid(identity.user, identity.user, identity.user) != 0) {
            return failed("setresuid");
        }
        if (identity.user != 0 && ::setuid(0) == 0) {
            return fmt::format("--user {}: root could be had back", identity.name);
        }
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("PR_SET_NO_NEW_PRIVS");
    return {};
}

}  // namespace ringway::control
