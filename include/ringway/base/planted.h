// Bugs that can be compiled in on purpose, so that the simulation can prove it finds them.
//
// `meson setup -Dplanted_bug=NAME` plants one of them; `-Dplanted_bug=any` lets the simulation
// choose when it starts (tools/sim-planted). In every other build planted() is false at compile
// time and what it guards is gone. Most of these were real once: the simulation found them.
#pragma once

#include <cstdint>
#include <iterator>
#include <string_view>

namespace ringway::base {

enum class Bug : std::uint8_t {
    none,
    lost_completion,          // a send that leaves bytes behind wakes nobody
    buffer_returned_twice,    // one receive buffer goes to the kernel twice
    buffer_offset_lost,       // the second receive into a shared buffer is looked for at its start
    readers_starve,           // readers wait for a returned buffer although the kernel has one
    half_close_dropped,       // the end of one direction is not passed on
    half_close_early,         // it is passed on before the last bytes
    reset_becomes_end,        // a reset reaches the other side as an orderly end
    splice_forgets_pipe,      // the pipe of an ended direction is not given back
    dirty_pipe_reused,        // a pipe is lent again with somebody's bytes in it
    held_bytes_forgotten,     // what was received before the switch to splice is thrown away
    broken_target_unseen,     // nobody looks again after a splice found its target broken
    slot_released_early,      // before the kernel's last completion
    closing_send_unseen,      // the last send of a closing session wakes nobody
    wrong_direction,          // bytes to the client are counted as bytes to the upstream
    permit_leaked,            // every eighth connection keeps its permit
    limit_ignored,            // accepting does not take a permit
    endpoint_permit_leaked,   // a closed connection keeps its endpoint's permit
    drain_forgets_idle,       // the deadline closes nobody
    cancel_misses_late,       // nor those whose accept completes after it
    timer_not_rearmed,        // a postponed deadline never fires
    stranger_trusted,         // a client without an address passes the rules about addresses
    unfinished_reused,        // a connection goes back to the pool with a request half sent
    post_sent_twice,          // whatever may have reached an origin is sent again
    chunk_size_wrong,         // the size of a large chunk that we write is one too many
    cut_completed,            // a response that was cut gets its last chunk from us
    cut_looks_ended,          // a cut response that ends with its connection ends in order
    body_start_lost,          // the byte behind a head is lost where it came with the head
    kept_after_error,         // the connection goes on behind an ambiguous request
    early_answer_keeps_open,  // and behind one that was answered before its body had come
    pool_permit_leaked,       // every fourth connection keeps its pool's permit
    pool_limit_ignored,       // a pool opens as many as are asked for
    permit_recalled_first,    // a granted permit goes back before those who wait could use it
    pump_beyond_limit,        // a pump takes what follows the body
    reader_never_resumed,     // a parked reader is not told that there is room again
};

// In the order of Bug, without `none`.
inline constexpr std::string_view bug_names[] = {
    "lost_completion",      "buffer_returned_twice",   "buffer_offset_lost",
    "readers_starve",       "half_close_dropped",      "half_close_early",
    "reset_becomes_end",    "splice_forgets_pipe",     "dirty_pipe_reused",
    "held_bytes_forgotten", "broken_target_unseen",    "slot_released_early",
    "closing_send_unseen",  "wrong_direction",         "permit_leaked",
    "limit_ignored",        "endpoint_permit_leaked",  "drain_forgets_idle",
    "cancel_misses_late",   "timer_not_rearmed",       "stranger_trusted",
    "unfinished_reused",    "post_sent_twice",         "chunk_size_wrong",
    "cut_completed",        "cut_looks_ended",         "body_start_lost",
    "kept_after_error",     "early_answer_keeps_open", "pool_permit_leaked",
    "pool_limit_ignored",   "permit_recalled_first",   "pump_beyond_limit",
    "reader_never_resumed",
};
static_assert(std::size(bug_names) == static_cast<std::size_t>(Bug::reader_never_resumed));

#if defined(RW_PLANTED_BUG_ANY)
inline Bug planted_bug = Bug::none;  // set once, before the first shard is built
inline bool planted(Bug bug) { return planted_bug == bug; }
#elif defined(RW_PLANTED_BUG)
constexpr bool planted(Bug bug) { return bug == Bug::RW_PLANTED_BUG; }
#else
constexpr bool planted(Bug) { return false; }
#endif

}  // namespace ringway::base
