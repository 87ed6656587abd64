#include "bulk_run.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "message.h"
#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::load {
namespace sys = ring::sys;
namespace {

constexpr std::size_t bytes_per_call = 256 * 1024;
constexpr int calls_per_step = 4;
constexpr std::size_t look_bytes = 16 * 1024;
constexpr std::uint64_t look_every_bytes = 16 << 20;

}  // namespace

BulkContent::BulkContent() : file_(::memfd_create("load", MFD_CLOEXEC)), memory_(bytes) {
    for (std::size_t i = 0; i < bytes; i += 8) {
        const std::uint64_t word = mix(i + 1);
        std::memcpy(memory_.data() + i, &word, sizeof word);
    }
    if (::write(file_, memory_.data(), bytes) != ssize_t{bytes}) {
        RW_PANIC("no memory for the content of bulk streams");
    }
}

BulkContent::~BulkContent() { ::close(file_); }

bool BulkContent::matches(std::uint64_t offset, std::span<const std::byte> part) const {
    while (!part.empty()) {
        const std::size_t at = offset % bytes;
        const std::size_t run = std::min(part.size(), bytes - at);
        if (std::memcmp(memory_.data() + at, part.data(), run) != 0) return false;
        part = part.subspan(run);
        offset += run;
    }
    return true;
}

// One end of a stream. The client's first eight bytes are its tag, which says where in the content
// its stream begins: streams that were exchanged for one another do not look alike.
class Stream final : public Actor {
  public:
    enum class Side : std::uint8_t { client, origin };

    Stream(BulkRun& run, Engine& engine, int fd, Side side, std::uint64_t tag)
        : Actor(engine, fd), run_(run), side_(side), tag_(tag) {
        poll_op_.stream = this;
        met_ = side == Side::client;
        offset_ = start_of(tag);
        engine.ring().poll_multishot(poll_op_, fd, POLLIN | POLLOUT | POLLRDHUP);
    }

    bool in_flight() const override { return poll_op_.in_flight(); }
    void call_home() override {
        sys::shutdown(fd(), SHUT_RDWR);
        engine().ring().cancel(poll_op_);
    }
    void wind_up() override { run_.make_ready(*this); }
    // Returns true while there is more to do at once.
    bool step();

    bool queued = false;

  private:
    struct PollOp : ring::Op {
        using Op::Op;
        Stream* stream = nullptr;
    };
    static void on_poll(ring::Op& op, const ring::Completion& completion);
    static std::uint64_t start_of(std::uint64_t tag) { return (tag & 0xFFFF) * 40'960; }
    bool is_source() const { return (side_ == Side::client) == run_.plan_.upload; }
    bool greet();
    bool meet();
    bool send_some();
    bool take_some();
    bool look();
    void ended();
    void fail(std::uint64_t LoadErrors::* kind);

    BulkRun& run_;
    Side side_;
    std::uint64_t tag_;
    PollOp poll_op_{&Stream::on_poll};
    std::uint64_t offset_;       // in the endless repetition of the content
    std::uint64_t look_at_ = 0;  // when the sink compares next
    std::uint64_t moved_ = 0;
    std::size_t head_bytes_ = 0;  // of the tag, sent or received
    std::array<std::byte, 8> head_{};
    bool met_;  // origin: the tag is known
    bool writing_ended_ = false;
};

void Stream::on_poll(ring::Op& op, const ring::Completion& completion) {
    Stream& stream = *static_cast<PollOp&>(op).stream;
    if (!stream.retired()) {
        if (!completion.more()) {
            stream.engine().ring().poll_multishot(op, stream.fd(), POLLIN | POLLOUT | POLLRDHUP);
        }
        stream.run_.make_ready(stream);
    }
    stream.left_ring();
}

void Stream::fail(std::uint64_t LoadErrors::* kind) {
    ++(run_.report_.errors.*kind);
    run_.forget(*this);
    retire();
}

bool Stream::step() {
    if (side_ == Side::client && head_bytes_ < head_.size() && !greet()) return false;
    if (side_ == Side::origin && !met_ && !meet()) return false;
    return is_source() ? send_some() : take_some();
}

bool Stream::greet() {
    std::memcpy(head_.data(), &tag_, sizeof tag_);
    const std::int64_t sent = sys::send_now(fd(), head_.data(), head_.size());
    if (sent == -EAGAIN || sent == -ENOTCONN) return false;
    if (sent != static_cast<std::int64_t>(head_.size())) {
        fail(sent == -ECONNREFUSED ? &LoadErrors::connect : &LoadErrors::reset);
        return false;
    }
    head_bytes_ = head_.size();
    return true;
}

bool Stream::meet() {
    while (head_bytes_ < head_.size()) {
        const ssize_t got =
            ::recv(fd(), head_.data() + head_bytes_, head_.size() - head_bytes_, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) return false;
        if (got <= 0) {
            fail(got == 0 ? &LoadErrors::early_end : &LoadErrors::reset);
            return false;
        }
        head_bytes_ += static_cast<std::size_t>(got);
    }
    tag_ = Message::tag_of(head_);
    if ((tag_ ^ run_.tag_base_) >> 32 != 0) {
        fail(&LoadErrors::wrong_bytes);
        return false;
    }
    offset_ = start_of(tag_);
    met_ = true;
    return true;
}

bool Stream::send_some() {
    if (writing_ended_) {
        take_some();  // nothing but the other side's end
        return false;
    }
    for (int i = 0; i < calls_per_step; ++i) {
        if (!run_.running_) {
            writing_ended_ = true;
            sys::shutdown(fd(), SHUT_WR);
            return false;
        }
        const std::size_t at = offset_ % BulkContent::bytes;
        const std::size_t wanted = std::min(bytes_per_call, BulkContent::bytes - at);
        auto position = static_cast<off_t>(at);
        const ssize_t sent =
            run_.plan_.from_memory
                ? ::send(fd(), run_.content_.memory() + at, wanted, MSG_DONTWAIT | MSG_NOSIGNAL)
                : ::sendfile(fd(), run_.content_.file(), &position, wanted);
        if (sent < 0 && errno == EAGAIN) return false;
        if (sent <= 0) {
            fail(&LoadErrors::reset);
            return false;
        }
        offset_ += static_cast<std::uint64_t>(sent);
        run_.report_.source_bytes += static_cast<std::uint64_t>(sent);
    }
    return true;
}

bool Stream::look() {
    const ssize_t got = ::recv(fd(), run_.scratch_.data(), look_bytes, MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0)
            ended();
        else if (errno != EAGAIN)
            fail(&LoadErrors::reset);
        return false;
    }
    const auto bytes = static_cast<std::size_t>(got);
    if (!run_.content_.matches(offset_, {run_.scratch_.data(), bytes})) {
        fail(&LoadErrors::wrong_bytes);
        return false;
    }
    look_at_ += look_every_bytes;
    run_.report_.bytes_compared += bytes;
    moved_ += bytes;
    offset_ += bytes;
    run_.report_.sink_bytes += bytes;
    if (run_.measuring_) run_.report_.bytes += bytes;
    return true;
}

bool Stream::take_some() {
    for (int i = 0; i < calls_per_step; ++i) {
        if (!is_source() && moved_ >= look_at_ && !look()) return false;
        const std::int64_t got = sys::discard(fd(), bytes_per_call * 4);
        if (got == -EAGAIN) return false;
        if (got == 0) {
            ended();
            return false;
        }
        if (got < 0 || is_source()) {
            fail(got < 0 ? &LoadErrors::reset : &LoadErrors::wrong_bytes);
            return false;
        }
        const auto bytes = static_cast<std::uint64_t>(got);
        moved_ += bytes;
        offset_ += bytes;
        run_.report_.sink_bytes += bytes;
        run_.progress_at_ = engine().now();
        if (run_.measuring_) run_.report_.bytes += bytes;
    }
    return true;
}

// The other side has ended: right after everything came, an error before that.
void Stream::ended() {
    if (run_.running_) {
        fail(&LoadErrors::early_end);
        return;
    }
    if (!writing_ended_) sys::shutdown(fd(), SHUT_WR);
    run_.forget(*this);
    retire();
}

BulkRun::BulkRun(Engine& engine, const BulkContent& content, const BulkPlan& plan,
                 std::uint32_t run_number)
    : engine_(engine),
      content_(content),
      plan_(plan),
      tag_base_(mix(run_number) << 32),
      scratch_(look_bytes) {
    engine_.set_acceptor([this](int fd) { accept(fd); });
    progress_at_ = sys::now();
}

BulkRun::~BulkRun() {
    engine_.clear(base::Duration::milliseconds(0));
    engine_.set_acceptor(nullptr);
}

void BulkRun::accept(int fd) { new Stream(*this, engine_, fd, Stream::Side::origin, 0); }

void BulkRun::open_all() {
    for (unsigned i = 0; i < plan_.streams; ++i) {
        const int fd = engine_.connect(plan_.target);
        if (fd < 0) {
            ++report_.errors.connect;
            return;
        }
        new Stream(*this, engine_, fd, Stream::Side::client, tag_base_ | i);
    }
}

void BulkRun::make_ready(Stream& stream) {
    if (stream.queued || stream.retired()) return;
    stream.queued = true;
    ready_.push_back(&stream);
}

void BulkRun::forget(Stream& stream) {
    std::replace(ready_.begin(), ready_.end(), &stream, static_cast<Stream*>(nullptr));
}

// Every stream that is ready moves a bounded amount; those that could move more stay ready.
void BulkRun::turn() {
    const std::size_t waiting = ready_.size();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < waiting; ++i) {
        Stream* stream = ready_[i];
        if (stream == nullptr) continue;
        if (stream->step())
            ready_[kept++] = stream;
        else if (ready_[i] != nullptr)
            stream->queued = false;
    }
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(kept), ready_.end());
    engine_.turn();
}

void BulkRun::measure(const WindowMarks& marks) {
    open_all();
    base::Instant boundary = sys::now() + plan_.warm_up;
    base::Instant began{0};
    std::uint64_t first_turn = 0;
    while (!hopeless()) {
        turn();
        const base::Instant now = engine_.now();
        if (now - progress_at_ > plan_.patience) {
            ++report_.errors.stalled;
            break;
        }
        if (now < boundary) continue;
        if (measuring_) break;
        marks.begin();
        measuring_ = true;
        began = sys::now();
        boundary = began + plan_.measure;
        first_turn = engine_.turns();
    }
    if (measuring_) {
        report_.window = sys::now() - began;
        marks.end();
        report_.turns = engine_.turns() - first_turn;
    }
    measuring_ = false;
}

void BulkRun::finish() {
    running_ = false;
    engine_.for_each([](Actor& actor) { actor.wind_up(); });
    const base::Instant until = sys::now() + plan_.patience;
    while (engine_.alive() > 0 && sys::now() < until && !hopeless()) turn();
    if (!engine_.clear(base::Duration::milliseconds(0)) && !hopeless()) ++report_.errors.stalled;
    ready_.clear();
    if (!hopeless() && report_.source_bytes != report_.sink_bytes) ++report_.errors.wrong_bytes;
}

}  // namespace ringway::load
