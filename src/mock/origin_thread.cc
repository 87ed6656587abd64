#include "origin_thread.h"

#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include "listening.h"
#include "ringway/base/assert.h"

namespace ringway::mock {
namespace {

constexpr std::size_t scratch_bytes = 64 * 1024;
constexpr auto accept_rest = base::Duration::milliseconds(50);

}  // namespace

OriginThread::OriginThread(const OriginSettings& settings, const std::string& name, int listener,
                           std::uint64_t seed, Totals& totals)
    : context_{settings,
               counters_,
               loop_,
               HttpContext(settings.behaviour, name, counters_, totals, seed),
               std::vector<std::byte>(scratch_bytes),
               {},
               {}},
      listener_(listener) {}

OriginThread::~OriginThread() {
    stop();
    ::close(listener_);
}

void OriginThread::start() {
    RW_ASSERT(!thread_.joinable());
    thread_ = std::thread([this] { serve(); });
}

void OriginThread::stop() {
    if (!thread_.joinable()) return;
    loop_.stop();
    thread_.join();
}

void OriginThread::serve() {
    loop_.add_listener(listener_, context_.settings.threads > 1, *this);
    loop_.run();
    context_.connections.clear();
    counters_.active.set(0);
}

void OriginThread::on_events(std::uint32_t) {
    // As many as one round of the loop should take; the listener is level-triggered.
    for (int i = 0; i < 256; ++i) {
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            add(fd);
            continue;
        }
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) return;
        // No descriptor to spare: a level-triggered listener would spin, so it rests a while.
        loop_.pause_listener(listener_, true, *this);
        loop_.set_time(*this, loop_.now() + accept_rest);
        return;
    }
}

void OriginThread::on_time() { loop_.pause_listener(listener_, false, *this); }

void OriginThread::add(int fd) {
    if (context_.settings.unix_path.empty()) set_no_delay(fd);
    const auto index = static_cast<std::size_t>(fd);
    if (context_.connections.size() <= index) context_.connections.resize(index + 1);
    context_.connections[index] = std::make_unique<Connection>(fd, context_);
    counters_.accepted.add();
    counters_.active.add();
    loop_.add(fd, *context_.connections[index]);
}

}  // namespace ringway::mock
