#include "kernel.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "ringway/base/assert.h"

namespace ringway::sim {

namespace {
Kernel* the_kernel = nullptr;
}

void File::drop() {
    if (holders_ == 0) {
        kernel_.fail("{} was let go more often than it was held", describe());
        return;
    }
    if (--holders_ > 0) return;
    released_ = true;
    kernel_.trace("    released {}", describe());
    release();
}

void File::wake_readers() {
    ++read_wakes_;
    if (on_wake) on_wake();
}

void File::wake_writers() {
    ++write_wakes_;
    if (on_wake) on_wake();
}

void File::wake_all() {
    ++read_wakes_;
    ++write_wakes_;
    if (on_wake) on_wake();
}

Kernel::Kernel(std::uint64_t seed, const KernelSettings& settings)
    : settings_(settings), random_(seed), faults_(scatter(seed, 5)) {
    the_kernel = this;
}

Kernel::~Kernel() { the_kernel = nullptr; }

Kernel& Kernel::current() {
    RW_ASSERT(the_kernel != nullptr);
    return *the_kernel;
}

void Kernel::at(base::Instant when, std::function<void()> what) {
    events_.push(Event{std::max(when, now_), event_order_++, std::move(what)});
}

base::Instant Kernel::next_event() const {
    return events_.empty() ? base::Instant::never() : events_.top().at;
}

void Kernel::advance_to(base::Instant when) {
    while (!events_.empty() && events_.top().at <= when) {
        // The queue gives out its top as const; moving the call out of it is safe, since the order
        // of the queue depends on the two numbers alone.
        Event event = std::move(const_cast<Event&>(events_.top()));
        events_.pop();
        now_ = std::max(now_, event.at);
        event.what();
    }
    if (!when.is_never()) now_ = std::max(now_, when);
}

base::Duration Kernel::some_time(base::Duration most) {
    if (most.ns <= 0) return base::Duration{0};
    const auto bound = static_cast<std::uint64_t>(most.ns);
    std::uint64_t drawn = random_.below(bound);
    if (random_.chance(3, 4)) drawn /= 16;
    return base::Duration{static_cast<std::int64_t>(drawn)};
}

bool Kernel::has_free_descriptor() const { return open_ < settings_.descriptors_max; }

int Kernel::install(File& file) {
    if (!has_free_descriptor()) return -EMFILE;
    auto place = std::find(descriptors_.begin(), descriptors_.end(), nullptr);
    if (place == descriptors_.end()) place = descriptors_.insert(place, nullptr);
    *place = &file;
    ++open_;
    file.hold();
    return first_descriptor + static_cast<int>(place - descriptors_.begin());
}

File* Kernel::find(int fd) {
    const auto index = static_cast<std::size_t>(fd - first_descriptor);
    if (fd < first_descriptor || index >= descriptors_.size() || descriptors_[index] == nullptr) {
        fail("descriptor {} was used while it was not open", fd);
        return nullptr;
    }
    return descriptors_[index];
}

int Kernel::close(int fd) {
    File* file = find(fd);
    if (file == nullptr) return -EBADF;
    descriptors_[static_cast<std::size_t>(fd - first_descriptor)] = nullptr;
    --open_;
    file->drop();
    return 0;
}

std::string Kernel::list_descriptors() const {
    std::string list;
    for (std::size_t i = 0; i < descriptors_.size(); ++i) {
        if (descriptors_[i] == nullptr) continue;
        list += fmt::format("{}{}={}", list.empty() ? "" : ", ",
                            first_descriptor + static_cast<int>(i), descriptors_[i]->describe());
    }
    return list;
}

void Kernel::record_failure(std::string what) {
    trace("FAILED: {}", what);
    if (failure_.empty()) failure_ = std::move(what);
}

void Kernel::print_trace(const std::string& line) const {
    fmt::print("{:>13.6f}  {}\n", static_cast<double>(now_.ns - 1'000'000'000'000) / 1e6, line);
    std::fflush(stdout);
}

}  // namespace ringway::sim
