#include "idle_crowd.h"

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "../request/request_source.h"
#include "../worker/limits.h"
#include "../worker/response_reader.h"

namespace ringway::bench {
namespace {

using config::Refusal;

class Crowd {
  public:
    explicit Crowd(const RunPlan& plan) : plan_(plan), source_(plan_, 0, 1) {}
    ~Crowd() {
        for (const int fd : sockets_) close(fd);
    }
    Crowd(const Crowd&) = delete;
    Crowd& operator=(const Crowd&) = delete;

    config::Complaint gather() {
        sockets_.reserve(plan_.connections);
        for (unsigned client = 0; client < plan_.connections; ++client) {
            if (add_client()) continue;
            return Refusal{fmt::format("idle client {} of {} got no answer: {}", client + 1,
                                       plan_.connections, std::strerror(errno)),
                           {}};
        }
        return {};
    }

  private:
    // Blocks; errno says why when it fails.
    bool add_client() {
        const int fd = socket(plan_.destination.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return false;
        sockets_.push_back(fd);
        const timeval patience{.tv_sec = 5, .tv_usec = 0};
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        if (connect(fd, reinterpret_cast<const sockaddr*>(&plan_.destination.address),
                    plan_.destination.address_bytes) != 0) {
            return false;
        }
        const OutgoingRequest request =
            source_.next(buffer_, static_cast<std::uint32_t>(sockets_.size() - 1));
        const auto bytes = static_cast<ssize_t>(request.bytes.size());
        if (send(fd, request.bytes.data(), request.bytes.size(), MSG_NOSIGNAL) != bytes) {
            return false;
        }
        return receive_answer(fd, request.is_head);
    }

    bool receive_answer(int fd, bool is_head) {
        char piece[16 << 10];
        reader_.reset();
        for (;;) {
            const ssize_t got = recv(fd, piece, sizeof piece, 0);
            if (got <= 0) {
                if (got == 0) errno = ECONNRESET;
                return false;
            }
            std::string_view bytes(piece, static_cast<std::size_t>(got));
            const auto progress = reader_.read(bytes, known_, is_head);
            if (progress == ResponseReader::Progress::done) return true;
            if (progress == ResponseReader::Progress::failed) {
                errno = EPROTO;
                return false;
            }
        }
    }

    RunPlan plan_;
    RequestSource source_;
    ReaderScratch scratch_;
    ResponseReader reader_{scratch_, false};
    KnownHead known_;
    std::string buffer_;
    std::vector<int> sockets_;
};

}  // namespace

config::Checked<std::shared_ptr<void>> hold_idle(const RunPlan& plan) {
    if (const config::Complaint problem = check_descriptors(plan)) return *problem;
    auto crowd = std::make_shared<Crowd>(plan);
    if (const config::Complaint problem = crowd->gather()) return *problem;
    return std::shared_ptr<void>(std::move(crowd));
}

}  // namespace ringway::bench
