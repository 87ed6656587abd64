#include "ringway/net/socket_options.h"

#include "option_list.h"
#include "ringway/ring/sys.h"

namespace ringway::net {

int apply(int fd, const config::SocketOptions& options, int family) {
    const auto set = [fd](std::string_view, int level, int option, const void* data,
                          socklen_t bytes) {
        return ring::sys::set_option(fd, level, option, data, bytes);
    };
    return for_each_option(options, family, set);
}

}  // namespace ringway::net
