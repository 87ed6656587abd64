#include "connection.h"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <span>

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ringway/mock/pattern.h"

namespace ringway::mock {
namespace {

constexpr int rounds_per_step = 16;
constexpr int answers_per_round = 128;
constexpr std::size_t send_bytes_min = 64 * 1024;
constexpr std::uint64_t endless = std::numeric_limits<std::uint64_t>::max();

bool would_block() { return errno == EAGAIN || errno == EINTR; }

}  // namespace

Connection::Connection(int fd, ConnectionContext& context)
    : fd_(fd), context_(context), http_(context.http) {
    if (context.settings.mode == Mode::source) {
        source_left_ = context.settings.bytes == 0 ? endless : context.settings.bytes;
    }
}

Connection::~Connection() { ::close(fd_); }

void Connection::on_events(std::uint32_t events) {
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) end_signalled_ = true;
    // Whoever is not read from would not be seen to have gone.
    const Progress progress = (events & EPOLLERR) != 0 ? Progress::failed : step();
    switch (progress) {
        case Progress::waiting: break;
        case Progress::again: context_.loop.again(*this); break;
        case Progress::finished: finish(false); break;
        case Progress::failed: finish(true); break;
    }
}

void Connection::finish(bool failed) {
    if (failed) context_.counters.resets.add();
    context_.counters.active.subtract();
    context_.loop.retire(std::move(context_.connections[static_cast<std::size_t>(fd_)]));
}

Connection::Progress Connection::step() {
    for (int round = 0; round < rounds_per_step; ++round) {
        bool progressed = false;
        if (!send_unsent()) return Progress::failed;
        if (cutting_) return reset_when_sent();
        if (unsent_.empty() && !(answer_requests(progressed) && send_source(progressed))) {
            return Progress::failed;
        }
        if (!take_input(progressed)) return Progress::failed;
        if (!progressed) return rest();
    }
    http_.keep_input();
    return Progress::again;
}

Connection::Progress Connection::rest() {
    http_.keep_input();
    if (end_after_output_ && unsent_.empty()) end_sending();
    const bool has_more = !unsent_.empty() || source_left_ > 0 || http_.is_busy();
    if (peer_ended_ && !has_more) return Progress::finished;
    // While something waits to be sent the peer says when to go on.
    context_.loop.set_time(*this, unsent_.empty() ? http_.due() : base::Instant::never());
    return Progress::waiting;
}

// ---- reading ----------------------------------------------------------------------------------

bool Connection::wants_input() const {
    if (!readable_ || peer_ended_) return false;
    if (context_.settings.mode == Mode::http) return http_.wants_input();
    // What has not been sent yet holds further reading back, so a slow reader costs bounded memory.
    return unsent_.size() - sent_ < unsent_bytes_max;
}

// Readiness is told once. A read that brought less than there was room for took all there was, and
// what comes after it is told again; only an end that was told before needs to be read to.
Connection::Read Connection::note_read(ssize_t got, std::size_t asked) {
    if (got < 0) {
        if (errno == EAGAIN) readable_ = false;
        return would_block() ? Read::nothing : Read::failed;
    }
    if (got == 0) return Read::end;
    if (static_cast<std::size_t>(got) < asked && !end_signalled_) readable_ = false;
    context_.counters.bytes_in.add(static_cast<std::uint64_t>(got));
    return Read::bytes;
}

Connection::Read Connection::read_some(std::size_t& bytes) {
    const std::size_t room = context_.scratch.size();
    const ssize_t got = ::recv(fd_, context_.scratch.data(), room, MSG_DONTWAIT);
    bytes = got > 0 ? static_cast<std::size_t>(got) : 0;
    return note_read(got, room);
}

// Takes bytes off the socket without copying them anywhere (Unix sockets have no such thing).
Connection::Read Connection::drop_some() {
    std::size_t bytes = 0;
    if (!context_.settings.unix_path.empty()) return read_some(bytes);
    constexpr std::size_t room = std::size_t{1} << 20;
    return note_read(::recv(fd_, nullptr, room, MSG_DONTWAIT | MSG_TRUNC), room);
}

bool Connection::take_input(bool& progressed) {
    if (!wants_input()) return true;
    const Mode mode = context_.settings.mode;
    const bool drops = mode == Mode::sink || mode == Mode::source || end_after_output_;
    std::size_t bytes = 0;
    const Read read = drops ? drop_some() : read_some(bytes);
    if (read == Read::nothing) return true;
    if (read == Read::failed) return false;
    progressed = true;
    if (read == Read::end) {
        peer_ended_ = true;
        // An endless source has nobody left to please; a bounded one finishes its promise.
        if (source_left_ == endless) source_left_ = 0;
        http_.input_ended();
        return true;
    }
    if (!drops) consume(bytes);
    return true;
}

void Connection::consume(std::size_t bytes) {
    std::string_view input(reinterpret_cast<const char*>(context_.scratch.data()), bytes);
    if (context_.settings.mode == Mode::http) return http_.take(input);
    if (context_.settings.mode == Mode::close_first) {
        const std::uint64_t wanted = std::max<std::uint64_t>(context_.settings.bytes, 1);
        if (context_.settings.bytes != 0) {
            input = input.substr(0, std::min<std::uint64_t>(wanted - bytes_seen_, input.size()));
        }
        bytes_seen_ += input.size();
        end_after_output_ = bytes_seen_ >= wanted;
        if (end_after_output_) context_.counters.requests.add();
    }
    if (unsent_.empty()) {
        const ssize_t sent = send_now(input.data(), input.size());
        if (sent > 0) input.remove_prefix(static_cast<std::size_t>(sent));
    }
    unsent_.append(input);  // a failure shows at the next attempt
}

// ---- writing ----------------------------------------------------------------------------------

// What HTTP has to say, piece by piece, as long as the peer takes it. False: failed.
bool Connection::answer_requests(bool& progressed) {
    if (context_.settings.mode != Mode::http) return true;
    Output& out = context_.out;
    for (int i = 0; i < answers_per_round; ++i) {
        const Answer::Step step = http_.advance(context_.loop.now(), out);
        if (step == Answer::Step::none || step == Answer::Step::waiting) break;
        progressed = true;
        cutting_ = step == Answer::Step::cut;
        // Small answers that wait together leave together.
        if (cutting_ || out.size() >= send_bytes_min) break;
    }
    end_after_output_ = http_.has_ended();
    return send_output();
}

// Hands the step's output to the kernel and keeps what it does not take.
bool Connection::send_output() {
    Output& out = context_.out;
    if (!out.empty()) {
        const ssize_t sent = send_now(out.data(), out.size());
        if (sent < 0 && !would_block()) {
            out.clear();
            return false;
        }
        unsent_.append(out.view().substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0))));
        out.clear();
    }
    if (unsent_.empty()) context_.counters.answered.add(http_.take_answered());
    return true;
}

bool Connection::send_unsent() {
    if (unsent_.empty()) return true;
    while (sent_ < unsent_.size()) {
        const ssize_t sent = send_now(unsent_.data() + sent_, unsent_.size() - sent_);
        if (sent < 0) return would_block();
        sent_ += static_cast<std::size_t>(sent);
    }
    unsent_.clear();
    if (unsent_.capacity() > unsent_bytes_max) std::string().swap(unsent_);
    sent_ = 0;
    context_.counters.answered.add(http_.take_answered());
    return true;
}

ssize_t Connection::send_now(const void* data, std::size_t bytes) {
    const ssize_t sent = ::send(fd_, data, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) context_.counters.bytes_out.add(static_cast<std::uint64_t>(sent));
    return sent;
}

bool Connection::send_source(bool& progressed) {
    if (context_.settings.mode != Mode::source || sending_ended_) return true;
    if (source_left_ > 0) {
        const std::size_t wanted = std::min<std::uint64_t>(source_left_, context_.scratch.size());
        const std::span<std::byte> block(context_.scratch.data(), wanted);
        fill_pattern(source_offset_, block);
        const ssize_t sent = send_now(block.data(), block.size());
        if (sent < 0) return would_block();
        const auto bytes = static_cast<std::uint64_t>(sent);
        source_offset_ += bytes;
        if (source_left_ != endless) source_left_ -= bytes;
        progressed = progressed || bytes == wanted;
    }
    if (source_left_ == 0) end_after_output_ = true;
    return true;
}

// ---- ending -----------------------------------------------------------------------------------

// The peer may still have bytes under way; closing now would answer them with a reset that could
// overtake what was just sent. So only this side ends, and the peer's end is waited for.
void Connection::end_sending() {
    if (sending_ended_) return;
    sending_ended_ = true;
    ::shutdown(fd_, SHUT_WR);
}

// A reset throws away what has not left this machine, so it waits for that, within reason.
Connection::Progress Connection::reset_when_sent() {
    if (cut_deadline_.is_never()) {
        cut_deadline_ = context_.loop.now() + base::Duration::seconds(1);
    }
    int left = 0;
    const bool over = context_.loop.now() >= cut_deadline_;
    const bool unknown = ::ioctl(fd_, SIOCOUTQNSD, &left) != 0;
    if (!over && (!unsent_.empty() || (!unknown && left > 0))) {
        http_.keep_input();
        context_.loop.set_time(*this, context_.loop.now() + base::Duration::milliseconds(1));
        return Progress::waiting;
    }
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    return Progress::finished;
}

}  // namespace ringway::mock
