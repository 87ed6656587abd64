#include "shaping.h"

#include <algorithm>
#include <cerrno>
#include <cmath>

#include <sys/socket.h>

#include "ringway/mock/latency.h"

namespace ringway::mock {
namespace {

constexpr std::size_t segment_bytes = 1448;  // of Ethernet, which is what loss is counted in
constexpr std::size_t piece_bytes_max = 64 * 1024;

base::Duration time_for(std::size_t bytes, std::uint64_t bytes_per_second) {
    return {static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 /
                                      static_cast<double>(bytes_per_second))};
}

}  // namespace

// ---- the link ---------------------------------------------------------------------------------

// Small enough that what is sent comes evenly, large enough to be worth a call.
std::size_t Link::piece_bytes() const {
    if (settings_.bytes_per_second == 0) return piece_bytes_max;
    return std::clamp<std::size_t>(settings_.bytes_per_second / 500, segment_bytes,
                                   piece_bytes_max);
}

// So much may be on its way to the link that it is never idle for want of a timer.
base::Duration Link::slack() const { return base::Duration::milliseconds(2); }

bool Link::has_room() const {
    return settings_.bytes_per_second == 0 || free_at_ <= loop_.now() + slack();
}

base::Instant Link::send(std::size_t bytes) {
    if (settings_.bytes_per_second == 0) return loop_.now();
    free_at_ = std::max(free_at_, loop_.now()) + time_for(bytes, settings_.bytes_per_second);
    return free_at_;
}

void Link::wait(Flow& flow) {
    if (flow.waits_for_link_) return;
    flow.waits_for_link_ = true;
    waiting_.push_back(&flow);
    loop_.set_time(*this, free_at_ - slack());
}

void Link::forget(Flow& flow) {
    if (flow.waits_for_link_) std::erase(waiting_, &flow);
    flow.waits_for_link_ = false;
}

void Link::on_time() {
    // Each that is let go reads once and joins the queue again behind the others. What is fast
    // enough to keep this going for ever must let the loop look at everything else in between.
    constexpr int pieces_per_turn = 32;
    for (int i = 0; i < pieces_per_turn && !waiting_.empty() && has_room(); ++i) {
        Flow& flow = *waiting_.front();
        waiting_.pop_front();
        flow.waits_for_link_ = false;
        flow.read_piece();
    }
    if (waiting_.empty()) return;
    const base::Instant next_round = loop_.now() + base::Duration::nanoseconds(1);
    loop_.set_time(*this, std::max(next_round, free_at_ - slack()));
}

// ---- a flow -----------------------------------------------------------------------------------

Flow::Flow(int from, int to, Link& link, stats::Counter& bytes_moved, FlowContext& context,
           FlowOwner& owner)
    : from_(from),
      to_(to),
      link_(link),
      bytes_moved_(bytes_moved),
      context_(context),
      owner_(owner),
      window_bytes_(window_of(context.settings)) {}

Flow::~Flow() { link_.forget(*this); }

// What is under way at full speed, and some more: a smaller window would throttle by itself.
std::size_t Flow::window_of(const ThrottleSettings& settings) {
    constexpr std::size_t window_min = 64 * 1024, window_max = 4 * 1024 * 1024;
    base::Duration longest = settings.delay + settings.jitter;
    if (settings.loss > 0) longest = longest + settings.retransmission_timeout;
    if (longest.ns == 0) return 4 * window_min;
    if (settings.bytes_per_second == 0) return window_max;
    const double under_way = static_cast<double>(settings.bytes_per_second) * longest.to_seconds();
    if (under_way >= static_cast<double>(window_max)) return window_max;
    return std::min(window_max, window_min + static_cast<std::size_t>(under_way));
}

void Flow::source_is_readable() {
    readable_ = true;
    pump();
}

void Flow::target_is_writable() {
    writable_ = true;
    pump();
}

void Flow::read_piece() {
    if (may_read()) {
        const std::span<std::byte> into =
            room().first(std::min(room().size(), link_.piece_bytes()));
        const ssize_t got = ::recv(from_, into.data(), into.size(), MSG_DONTWAIT);
        if (got > 0) {
            held_ += static_cast<std::size_t>(got);
            schedule(static_cast<std::size_t>(got));
        } else if (got == 0) {
            source_ended_ = true;
            schedule(0);
        } else if (errno == EAGAIN) {
            readable_ = false;
        } else if (errno != EINTR) {
            failed_ = true;
        }
    }
    pump();
}

void Flow::pump() {
    if (!failed_) write();
    if (!failed_ && may_read()) link_.wait(*this);
    if (failed_ || end_passed_on_) owner_.flow_changed();
}

bool Flow::may_read() const {
    return readable_ && !source_ended_ && !failed_ && held_ < window_bytes_ &&
           segments_.size() < segments_max;
}

// The free bytes that lie together.
std::span<std::byte> Flow::room() {
    if (!buffer_) buffer_.reset(new std::byte[window_bytes_]);
    const std::size_t at = (first_ + held_) % window_bytes_;
    const std::size_t bytes = std::min(window_bytes_ - held_, window_bytes_ - at);
    return {buffer_.get() + at, bytes};
}

bool Flow::is_lost(std::size_t bytes) {
    const double loss = context_.settings.loss;
    if (loss <= 0 || bytes == 0) return false;
    const auto segments = static_cast<double>((bytes + segment_bytes - 1) / segment_bytes);
    return unit_draw(context_.random) < 1 - std::pow(1 - loss, segments);
}

void Flow::schedule(std::size_t bytes) {
    const ThrottleSettings& settings = context_.settings;
    const base::Instant sent = link_.send(bytes);
    base::Instant arrives = sent + settings.delay;
    if (settings.jitter.ns > 0) {
        const auto span = static_cast<std::uint64_t>(settings.jitter.ns) * 2 + 1;
        arrives.ns += static_cast<std::int64_t>(context_.random.below(span)) - settings.jitter.ns;
        arrives = std::max(arrives, sent);
    }
    if (is_lost(bytes)) {
        arrives = arrives + settings.retransmission_timeout;
        context_.stalls.add();
    }
    last_arrival_ = std::max(last_arrival_, arrives);
    segments_.push_back({last_arrival_, bytes});
}

void Flow::write() {
    const base::Instant now = context_.loop.now();
    while (!segments_.empty() && segments_.front().arrives <= now) {
        if (segments_.front().bytes == 0) end_released_ = true;
        released_ += segments_.front().bytes;
        segments_.pop_front();
    }
    write_released();
    if (end_released_ && released_ == 0 && !end_passed_on_ && writable_ && !failed_) {
        ::shutdown(to_, SHUT_WR);
        end_passed_on_ = true;
    }
    context_.loop.set_time(*this,
                           segments_.empty() ? base::Instant::never() : segments_.front().arrives);
}

void Flow::write_released() {
    while (released_ > 0 && writable_) {
        const std::size_t bytes = std::min(released_, window_bytes_ - first_);
        const ssize_t sent =
            ::send(to_, buffer_.get() + first_, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN)
                writable_ = false;
            else if (errno != EINTR)
                failed_ = true;
            return;
        }
        const auto moved = static_cast<std::size_t>(sent);
        first_ = (first_ + moved) % window_bytes_;
        held_ -= moved;
        released_ -= moved;
        bytes_moved_.add(moved);
    }
}

}  // namespace ringway::mock
