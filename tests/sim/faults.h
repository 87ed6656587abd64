// What the simulated machine may do to ringway, how likely each is in this run, and how often it
// did.
//
// Every seed draws its own rates ("swarm"): some faults are off, some common, so that rare
// combinations meet. Nothing here decides what a fault means; the kernel and the peers do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ringway/base/random.h"

namespace ringway::sim {

enum class Fault : std::uint8_t {
    short_send,     // the socket took a part
    short_receive,  // a part of what was there
    send_error,     // ENOBUFS, ENOMEM, ETIMEDOUT
    receive_error,  // ENOMEM, ETIMEDOUT
    accept_error,   // EMFILE, ENFILE, ENOMEM, ECONNABORTED
    socket_error,   // EMFILE, ENOBUFS from socket(2)
    pipe_error,     // EMFILE, ENFILE from pipe2(2)
    pipe_shrunk,    // a pipe smaller than asked for
    pipe_full,      // all slots taken, although few bytes are in them
    splice_error,   // ENOMEM
    connect_refused,
    connect_unreachable,
    connect_timeout,  // nobody answers
    connect_no_port,  // EADDRNOTAVAIL
    late_completion,
    reordered_completions,
    multishot_ended,  // the last completion of a multishot that nobody asked to end
    no_buffers,       // ENOBUFS
    queue_full_submission,
    queue_full_completion,
    spurious_readiness,
    cancel_lost_race,  // what was cancelled completed with its own result
    woken_early,       // a wait ended with nothing to show
    reset_by_peer,
    closed_by_peer,  // close(2) while the other side still sends
    half_closed_by_peer,
    slow_peer,
    accept_burst,
    client_gone_early,  // reset while still in the accept queue
    clock_jump,
    shard_stall,  // a shard does not run for a while
    drain_mid_flight,
    drain_deadline,  // the deadline came before the last connection ended
    preamble_bad,
    preamble_slow,
    permits_recalled,
    endpoint_flapped,
    addresses_changed,
    mailbox_late,  // the coordinator answers late
    request_bad,   // malformed or ambiguous, with something hidden behind it
    response_bad,
    response_cut,
    response_early,    // before the request's body had arrived
    origin_left_idle,  // it closed a connection that waited for the next request
    origin_silent,     // a head without an end
    count_,
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::count_);
std::string_view name_of(Fault fault);

using FaultCounts = std::array<std::uint64_t, fault_count>;

class Faults {
  public:
    Faults(std::uint64_t seed) : random_(seed) {}

    void set_rate(Fault fault, std::uint32_t per_million) { rate_[index(fault)] = per_million; }
    std::uint32_t rate(Fault fault) const { return rate_[index(fault)]; }
    void silence();  // all rates to zero: the quiet phase at the end of a run

    // Draws: true when the fault shall happen now, and counts it.
    bool fires(Fault fault) {
        const std::uint32_t rate = rate_[index(fault)];
        if (rate == 0 || random_.below(1'000'000) >= rate) return false;
        ++counts_[index(fault)];
        return true;
    }
    // For what came about without a draw.
    void note(Fault fault) { ++counts_[index(fault)]; }
    const FaultCounts& counts() const { return counts_; }

  private:
    static std::size_t index(Fault fault) { return static_cast<std::size_t>(fault); }
    base::Random random_;
    std::array<std::uint32_t, fault_count> rate_{};
    FaultCounts counts_{};
};

}  // namespace ringway::sim
