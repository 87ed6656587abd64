#include "connection.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <span>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/mock/pattern.h"

namespace ringway::mock {
namespace {

constexpr int reads_per_step = 16;
constexpr int answers_per_step = 64;
constexpr std::size_t send_bytes_min = 64 * 1024;
constexpr std::uint64_t endless = std::numeric_limits<std::uint64_t>::max();

bool would_block() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Connection::Connection(int fd, ConnectionContext& context)
    : fd_(fd), context_(context), http_(context.settings, context.name) {
    if (context.settings.mode == Mode::source) {
        source_left_ = context.settings.bytes == 0 ? endless : context.settings.bytes;
    }
}

Connection::~Connection() { ::close(fd_); }

bool Connection::wants_to_read() const {
    if (peer_ended_ || !http_.wants_input()) return false;
    // What has not been sent yet holds further reading back, so a slow reader costs bounded memory.
    return pending_.size() - sent_ < pending_bytes_max;
}

Connection::Read Connection::read_some(std::size_t& bytes) {
    const ssize_t got = ::recv(fd_, context_.scratch.data(), context_.scratch.size(), MSG_DONTWAIT);
    if (got < 0) return would_block() ? Read::nothing : Read::failed;
    if (got == 0) return Read::end;
    bytes = static_cast<std::size_t>(got);
    context_.counters.bytes_in.add(bytes);
    return Read::bytes;
}

// Takes bytes off the socket without copying them anywhere (Unix sockets have no such thing).
Connection::Read Connection::drop_some() {
    std::size_t bytes = 0;
    if (!context_.settings.unix_path.empty()) return read_some(bytes);
    const ssize_t got = ::recv(fd_, nullptr, std::size_t{1} << 20, MSG_DONTWAIT | MSG_TRUNC);
    if (got < 0) return would_block() ? Read::nothing : Read::failed;
    if (got == 0) return Read::end;
    context_.counters.bytes_in.add(static_cast<std::uint64_t>(got));
    return Read::bytes;
}

Connection::Progress Connection::step() {
    if (!take_input()) return Progress::failed;
    if (!send_pending() || !answer_requests() || !send_source()) return Progress::failed;
    if (end_after_pending_ && !wants_to_write()) end_sending();
    if (!peer_ended_) return Progress::waiting;
    return wants_to_write() || http_.is_busy() ? Progress::waiting : Progress::finished;
}

bool Connection::take_input() {
    const Mode mode = context_.settings.mode;
    const bool drops = mode == Mode::sink || mode == Mode::source || sending_ended_;
    for (int i = 0; i < reads_per_step && wants_to_read(); ++i) {
        std::size_t bytes = 0;
        const Read read = drops ? drop_some() : read_some(bytes);
        if (read == Read::nothing) return true;
        if (read == Read::failed) return false;
        if (read == Read::end) {
            peer_ended_ = true;
            // An endless source has nobody left to please; a bounded one finishes its promise.
            if (source_left_ == endless) source_left_ = 0;
            http_.input_ended();
            return true;
        }
        if (!drops) consume(bytes);
    }
    return true;
}

void Connection::consume(std::size_t bytes) {
    std::span<const std::byte> input(context_.scratch.data(), bytes);
    if (end_after_pending_) return;  // whatever comes after the last request is not answered
    if (context_.settings.mode == Mode::http) {
        http_.take({reinterpret_cast<const char*>(input.data()), input.size()});
        return;
    }
    if (context_.settings.mode == Mode::close_first) {
        const std::uint64_t wanted = std::max<std::uint64_t>(context_.settings.bytes, 1);
        if (context_.settings.bytes != 0 && bytes_seen_ + bytes > wanted) {
            input = input.first(wanted - bytes_seen_);
        }
        bytes_seen_ += input.size();
        end_after_pending_ = bytes_seen_ >= wanted;
        if (end_after_pending_) context_.counters.requests.add();
    }
    pending_.insert(pending_.end(), input.begin(), input.end());
}

// What HTTP has to say, piece by piece, as long as the peer takes it. False: failed.
bool Connection::answer_requests() {
    if (context_.settings.mode != Mode::http) return true;
    const auto now = HttpServing::Clock::now();
    const std::uint64_t requests_before = http_.requests();
    bool fine = true;
    for (int i = 0; i < answers_per_step && fine && pending_.size() < pending_bytes_max; ++i) {
        if (!http_.advance(now, pending_)) {
            fine = send_pending();
            break;
        }
        // Small answers that wait together leave together.
        if (pending_.size() >= send_bytes_min) fine = send_pending();
        if (sent_ > 0) break;  // the peer is slow
    }
    context_.counters.requests.add(http_.requests() - requests_before);
    end_after_pending_ = http_.has_ended();
    return fine;
}

bool Connection::send_pending() {
    while (sent_ < pending_.size()) {
        const ssize_t sent = ::send(fd_, pending_.data() + sent_, pending_.size() - sent_,
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) return would_block();
        sent_ += static_cast<std::size_t>(sent);
        context_.counters.bytes_out.add(static_cast<std::uint64_t>(sent));
    }
    pending_.clear();
    sent_ = 0;
    return true;
}

bool Connection::send_source() {
    if (context_.settings.mode != Mode::source || sending_ended_) return true;
    for (int i = 0; i < reads_per_step && source_left_ > 0; ++i) {
        const std::size_t wanted = std::min<std::uint64_t>(source_left_, context_.scratch.size());
        const std::span<std::byte> block(context_.scratch.data(), wanted);
        fill_pattern(source_offset_, block);
        const ssize_t sent = ::send(fd_, block.data(), block.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) return would_block();
        const auto bytes = static_cast<std::uint64_t>(sent);
        source_offset_ += bytes;
        if (source_left_ != endless) source_left_ -= bytes;
        context_.counters.bytes_out.add(bytes);
    }
    if (source_left_ == 0) end_after_pending_ = true;
    return true;
}

// The peer may still have bytes under way; closing now would answer them with a reset that could
// overtake what was just sent. So only this side ends, and the peer's end is waited for.
void Connection::end_sending() {
    if (sending_ended_) return;
    sending_ended_ = true;
    ::shutdown(fd_, SHUT_WR);
}

}  // namespace ringway::mock
