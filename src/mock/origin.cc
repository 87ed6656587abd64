// An origin as a whole: its sockets, its threads, and what they count together.
#include "ringway/mock/origin.h"

#include <cerrno>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/random.h>
#include <unistd.h>

#include "listening.h"
#include "origin_thread.h"
#include "ringway/base/assert.h"
#include "ringway/stats/json.h"

namespace ringway::mock {

static_assert(std::tuple_size_v<decltype(OriginCounters::by_path)> == path_kinds);

namespace {

void add(const SharedCounters& from, OriginCounters& to) {
    to.accepted += from.accepted.read();
    to.active += from.active.read();
    to.bytes_in += from.bytes_in.read();
    to.bytes_out += from.bytes_out.read();
    to.requests += from.requests.read();
    to.answered += from.answered.read();
    to.resets += from.resets.read();
    to.cut += from.cut.read();
    to.corrupted += from.corrupted.read();
    to.errors_made += from.errors_made.read();
    for (std::size_t i = 0; i < path_kinds; ++i) to.by_path[i] += from.by_path[i].read();
}

// All but what is open now, which no reset changes.
void subtract(const OriginCounters& from, OriginCounters& to) {
    to.accepted -= from.accepted;
    to.bytes_in -= from.bytes_in;
    to.bytes_out -= from.bytes_out;
    to.requests -= from.requests;
    to.answered -= from.answered;
    to.resets -= from.resets;
    to.cut -= from.cut;
    to.corrupted -= from.corrupted;
    to.errors_made -= from.errors_made;
    for (std::size_t i = 0; i < path_kinds; ++i) to.by_path[i] -= from.by_path[i];
}

std::uint64_t seed_of(const Behaviour& behaviour) {
    if (behaviour.seed) return *behaviour.seed;
    std::uint64_t seed = 1;
    RW_ASSERT(::getrandom(&seed, sizeof seed, 0) == sizeof seed);
    return seed;
}

}  // namespace

void write_json(const OriginCounters& counters, std::string& out) {
    stats::JsonWriter json(out);
    json.begin_object()
        .number("accepted", counters.accepted)
        .number("active", counters.active)
        .number("requests", counters.requests)
        .number("answered", counters.answered)
        .number("bytes_in", counters.bytes_in)
        .number("bytes_out", counters.bytes_out)
        .number("resets", counters.resets)
        .number("cut", counters.cut)
        .number("corrupted", counters.corrupted)
        .number("errors_made", counters.errors_made)
        .begin_object("paths");
    for (std::size_t i = 0; i < path_kinds; ++i) {
        json.number(name_of(static_cast<PathKind>(i)), counters.by_path[i]);
    }
    json.end_object().end_object();
    out += '\n';
}

struct Origin::Impl final : Totals {
    explicit Impl(const OriginSettings& given) : settings(given) {}
    ~Impl() override {
        const bool is_bound = !threads.empty();
        threads.clear();
        if (is_bound && !settings.unix_path.empty()) ::unlink(settings.unix_path.c_str());
    }

    int open();  // 0 or an errno
    std::string url() const;
    OriginCounters sum() const;
    void write_json(std::string& out) override { mock::write_json(sum(), out); }
    void reset() override;

    OriginSettings settings;
    std::vector<std::unique_ptr<OriginThread>> threads;
    mutable std::mutex mutex;  // of `baseline`
    OriginCounters baseline;   // what had been counted when /mock/reset was asked for
};

// Several threads share a port, which must be nobody else's: so it is bound alone first.
int Origin::Impl::open() {
    if (settings.mode == Mode::throttle) return EINVAL;
    if (settings.mode == Mode::http && settings.bytes > 0)
        settings.behaviour.bytes = settings.bytes;
    ListenAt at{settings.host, settings.port, settings.unix_path, false};
    const bool is_unix = !settings.unix_path.empty();
    if (settings.threads > 1 && settings.port != 0 && !is_unix) {
        const BoundSocket alone = listen_at(at);
        if (alone.fd < 0) return alone.os_error;
        ::close(alone.fd);
    }
    at.shared = settings.threads > 1 && !is_unix;
    const std::uint64_t seed = seed_of(settings.behaviour);
    std::vector<int> listeners;
    for (unsigned i = 0; i < settings.threads; ++i) {
        const BoundSocket bound =
            is_unix && i > 0 ? BoundSocket{::dup(listeners[0]), errno} : listen_at(at);
        if (bound.fd < 0) {
            for (const int fd : listeners) ::close(fd);
            return bound.os_error;
        }
        listeners.push_back(bound.fd);
        if (!is_unix) settings.port = at.port = port_of(bound.fd);
    }
    for (const int listener : listeners) {
        threads.push_back(std::make_unique<OriginThread>(settings, url(), listener,
                                                         seed + threads.size(), *this));
    }
    return 0;
}

std::string Origin::Impl::url() const {
    if (!settings.unix_path.empty()) return "tcp+unix:" + settings.unix_path;
    return url_of(settings.http_scheme ? "http" : "tcp", settings.host, settings.port);
}

OriginCounters Origin::Impl::sum() const {
    OriginCounters total;
    for (const auto& thread : threads) add(thread->counters(), total);
    const std::lock_guard lock(mutex);
    subtract(baseline, total);
    return total;
}

void Origin::Impl::reset() {
    OriginCounters total;
    for (const auto& thread : threads) add(thread->counters(), total);
    const std::lock_guard lock(mutex);
    baseline = total;
}

base::Result<std::unique_ptr<Origin>> Origin::open(const OriginSettings& settings) {
    auto impl = std::make_unique<Impl>(settings);
    if (const int os_error = impl->open(); os_error != 0) {
        return base::unexpected(base::Error::from_errno(-os_error));
    }
    return std::unique_ptr<Origin>(new Origin(std::move(impl)));
}

Origin::Origin(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Origin::~Origin() = default;

std::uint16_t Origin::port() const {
    return impl_->settings.unix_path.empty() ? impl_->settings.port : std::uint16_t{0};
}
std::string Origin::url() const { return impl_->url(); }

void Origin::start() {
    for (const auto& thread : impl_->threads) thread->start();
}

void Origin::stop() {
    for (const auto& thread : impl_->threads) thread->stop();
}

OriginCounters Origin::counters() const { return impl_->sum(); }

}  // namespace ringway::mock
