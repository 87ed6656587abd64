// The simulated machine: its clock, its descriptors and what is due when.
//
// One Kernel lives at a time; sim_ring.cc and sim_sys.cc find it through Kernel::current(). Files
// live until the Kernel dies, so that a pointer to one is always good; what matters is whether a
// file was released, which happens when the last descriptor and the last request in flight let go.
// Must never read a real clock, a real descriptor or an unseeded source of randomness.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "faults.h"
#include "ringway/base/clock.h"
#include "ringway/base/random.h"

namespace ringway::sim {

class Kernel;
class Network;

// The generator's own seeds step by one constant: neighbouring seeds must not give shifted copies.
inline std::uint64_t scatter(std::uint64_t seed, std::uint64_t purpose) {
    base::Random first((seed ^ (purpose << 40)) * 0xD6E8FEB86659FD93u);
    base::Random second(first.next() ^ purpose);
    return second.next();
}

// Something a descriptor can stand for.
class File {
  public:
    enum class Kind : std::uint8_t { socket, pipe_read, pipe_write, event };
    File(Kernel& kernel, Kind kind) : kernel_(kernel), kind_(kind) {}
    virtual ~File() = default;
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    Kind kind() const { return kind_; }
    virtual unsigned ready() = 0;  // the poll(2) mask now
    virtual std::string describe() const = 0;

    void hold() { ++holders_; }
    void drop();
    bool released() const { return released_; }

    // Counts of moments at which the kernel would call waiters: "something to read", "room again".
    std::uint64_t read_wakes() const { return read_wakes_; }
    std::uint64_t write_wakes() const { return write_wakes_; }

    // An error was put on it that a machine in good health would not have given.
    bool faulted = false;
    // Called when the state changed in a way that poll(2) would report; for simulated peers.
    std::function<void()> on_wake;

  protected:
    virtual void release() = 0;
    void wake_readers();
    void wake_writers();
    void wake_all();

    Kernel& kernel_;

  private:
    const Kind kind_;
    std::uint32_t holders_ = 0;
    std::uint64_t read_wakes_ = 0;
    std::uint64_t write_wakes_ = 0;
    bool released_ = false;
};

struct KernelSettings {
    std::size_t descriptors_max = 4096;
    std::size_t submission_entries_max = 1024;
    std::size_t completion_entries_max = 8192;
    std::size_t socket_bytes_min = 2048;  // of one socket's send or receive queue
    std::size_t socket_bytes_max = 262'144;
    std::size_t packet_bytes_max = 65'536;  // what arrives at once
    std::size_t pipe_slot_bytes = 4096;     // the largest fragment of a spliced stream
    base::Duration latency_max = base::Duration::microseconds(200);
    base::Duration late_max = base::Duration::milliseconds(2);  // of a late completion
    bool incremental_buffers = true;
    bool trace = false;
};

// What one ring waits for, so that the driver knows how far the clock may jump.
struct RingWait {
    base::Instant until = base::Instant::never();
    unsigned delivered = 0;                           // by its last turn
    bool queued = false;                              // requests wait for its next turn
    base::Instant next_due = base::Instant::never();  // of a late completion
};

class Kernel {
  public:
    Kernel(std::uint64_t seed, const KernelSettings& settings);
    ~Kernel();
    Kernel(const Kernel&) = delete;
    Kernel& operator=(const Kernel&) = delete;
    static Kernel& current();

    const KernelSettings& settings() const { return settings_; }
    base::Random& random() { return random_; }
    Faults& faults() { return faults_; }

    base::Instant now() const { return now_; }
    void at(base::Instant when, std::function<void()> what);
    void after(base::Duration delay, std::function<void()> what) {
        at(now_ + delay, std::move(what));
    }
    base::Instant next_event() const;
    void advance_to(base::Instant when);  // runs everything that is due on the way
    std::size_t events_waiting() const { return events_.size(); }

    // A number of nanoseconds in [0, most), most of them small.
    base::Duration some_time(base::Duration most);
    base::Duration latency() { return some_time(settings_.latency_max); }

    template <typename T, typename... Arguments>
    T& make(Arguments&&... arguments) {
        auto file = std::make_unique<T>(*this, std::forward<Arguments>(arguments)...);
        T& made = *file;
        files_.push_back(std::move(file));
        return made;
    }
    int install(File& file);  // the lowest free descriptor, or -EMFILE
    bool has_free_descriptor() const;
    File* find(int fd);  // nullptr: not open, which is a failure of ringway
    int close(int fd);
    std::size_t descriptors_open() const { return open_; }
    std::string list_descriptors() const;

    Network* network = nullptr;  // set by the Network that lives on this machine
    std::vector<RingWait*> rings;
    std::uint64_t operations = 0;  // requests and system calls of ringway

    // The first broken promise; later ones are consequences.
    template <typename... Arguments>
    void fail(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
        record_failure(fmt::format(form, std::forward<Arguments>(arguments)...));
    }
    const std::string& failure() const { return failure_; }

    template <typename... Arguments>
    void trace(fmt::format_string<Arguments...> form, Arguments&&... arguments) {
        if (!settings_.trace) [[likely]]
            return;
        print_trace(fmt::format(form, std::forward<Arguments>(arguments)...));
    }

    static constexpr int first_descriptor = 1000;  // so that no real descriptor can be meant

  private:
    struct Event {
        base::Instant at;
        std::uint64_t order;
        std::function<void()> what;
        bool operator<(const Event& other) const {  // the earliest is on top
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    void record_failure(std::string what);
    void print_trace(const std::string& line) const;

    KernelSettings settings_;
    base::Random random_;
    Faults faults_;
    base::Instant now_{1'000'000'000'000};
    std::priority_queue<Event> events_;
    std::uint64_t event_order_ = 0;
    std::vector<std::unique_ptr<File>> files_;
    std::vector<File*> descriptors_;
    std::size_t open_ = 0;
    std::string failure_;
};

}  // namespace ringway::sim
