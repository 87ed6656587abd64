// One request to the kernel, from submission to its last completion.
//
// An Op is a small record embedded in its owner (a socket, a listener). It never allocates. While
// it is in flight its owner must stay where it is: the kernel's last completion ends that lease.
// Each submission gets a new generation, which travels in user_data beside the address, so that a
// completion that belongs to an earlier life of the record is recognised and dropped.
#pragma once

#include <cstdint>

namespace ringway::ring {

// One completion, as the kernel reported it (io_uring_enter(2)).
struct Completion {
    std::int32_t result = 0;  // >= 0: bytes, a descriptor or a poll mask; < 0: -errno
    std::uint32_t flags = 0;  // IORING_CQE_F_*

    static constexpr std::uint32_t flag_buffer = 1u << 0;  // IORING_CQE_F_BUFFER
    static constexpr std::uint32_t flag_more = 1u << 1;    // IORING_CQE_F_MORE
    static constexpr std::uint32_t flag_sock_nonempty = 1u << 2;
    static constexpr std::uint32_t flag_buffer_more = 1u << 4;  // IORING_CQE_F_BUF_MORE

    bool more() const { return (flags & flag_more) != 0; }
    bool has_buffer() const { return (flags & flag_buffer) != 0; }
    bool buffer_more() const { return (flags & flag_buffer_more) != 0; }
    std::uint16_t buffer_id() const { return static_cast<std::uint16_t>(flags >> 16); }
};

class Op {
  public:
    // Called from Ring::turn for every completion. It records what happened and wakes whoever
    // waits; it may submit, and must not destroy the Op unless `!completion.more()`.
    using Handler = void (*)(Op&, const Completion&);

    explicit Op(Handler handler) : handler_(handler) {}
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;

    bool in_flight() const { return in_flight_; }

    // For Ring's implementations alone.
    std::uint64_t begin() {
        ++generation_;
        in_flight_ = true;
        return (static_cast<std::uint64_t>(generation_) << 48) |
               reinterpret_cast<std::uintptr_t>(this);
    }
    std::uint64_t user_data() const {
        return (static_cast<std::uint64_t>(generation_) << 48) |
               reinterpret_cast<std::uintptr_t>(this);
    }
    static Op* from_user_data(std::uint64_t user_data) {
        return reinterpret_cast<Op*>(user_data & 0x0000'FFFF'FFFF'FFFFu);
    }
    // False when the completion belongs to an earlier submission: a stale one touches nothing.
    bool deliver(std::uint64_t user_data, const Completion& completion) {
        if (!in_flight_ || (user_data >> 48) != generation_) return false;
        if (!completion.more()) in_flight_ = false;
        handler_(*this, completion);
        return true;
    }

  private:
    Handler handler_;
    std::uint16_t generation_ = 0;
    bool in_flight_ = false;
};

}  // namespace ringway::ring
