#include "input_file.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "ringway/config/units.h"

namespace ringway::bench {

config::Checked<std::string> read_input(const std::string& file, std::size_t bytes_max) {
    const auto unreadable = [] {
        return config::Refusal{fmt::format("it cannot be read: {}", std::strerror(errno)), {}};
    };
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return unreadable();
    std::string text;
    std::string piece(std::size_t{64} << 10, '\0');
    ssize_t got = 0;
    do {
        got = ::read(fd, piece.data(), piece.size());
        if (got > 0) text.append(piece, 0, static_cast<std::size_t>(got));
    } while ((got > 0 && text.size() <= bytes_max) || (got < 0 && errno == EINTR));
    const config::Refusal refusal = unreadable();
    ::close(fd);
    if (got < 0) return refusal;
    if (text.size() > bytes_max) {
        return config::Refusal{fmt::format("a file of at most {}", config::format_size(bytes_max)),
                               {}};
    }
    return text;
}

}  // namespace ringway::bench
