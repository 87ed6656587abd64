// Messages from one thread to one other: a bounded queue and one wake-up.
//
// Single producer, single consumer, no lock. The producer wakes the consumer's ring (or poll loop)
// through an eventfd, and only when the consumer has gone to sleep since it last looked. A full
// mailbox refuses: the producer keeps the message and tries again.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::async {

template <typename Message>
class Mailbox {
  public:
    // `wake_fd` belongs to the consumer and outlives the mailbox. `slots` is a power of two.
    Mailbox(std::size_t slots, int wake_fd)
        : mask_(slots - 1), slots_(std::make_unique<Message[]>(slots)), wake_fd_(wake_fd) {
        RW_ASSERT((slots & mask_) == 0);
    }

    // By the producer. False when full: nothing was taken, `message` is unchanged.
    bool try_send(Message& message) {
        const std::size_t tail = producer_.at.load(std::memory_order_relaxed);
        if (tail - consumer_.at.load(std::memory_order_acquire) > mask_) return false;
        slots_[tail & mask_] = std::move(message);
        // Sequentially consistent with the consumer's sleep flag: one of the two sees the other.
        producer_.at.store(tail + 1, std::memory_order_seq_cst);
        if (consumer_.asleep.exchange(false, std::memory_order_seq_cst)) {
            ring::sys::signal_wake_fd(wake_fd_);
        }
        return true;
    }

    // By the consumer.
    std::optional<Message> try_receive() {
        const std::size_t head = consumer_.at.load(std::memory_order_relaxed);
        if (head == producer_.at.load(std::memory_order_acquire)) return std::nullopt;
        std::optional<Message> message(std::move(slots_[head & mask_]));
        consumer_.at.store(head + 1, std::memory_order_release);
        return message;
    }

    // By the consumer, before it waits. False: something has come meanwhile, do not wait.
    bool prepare_to_sleep() {
        consumer_.asleep.store(true, std::memory_order_seq_cst);
        if (consumer_.at.load(std::memory_order_relaxed) ==
            producer_.at.load(std::memory_order_seq_cst)) {
            return true;
        }
        consumer_.asleep.store(false, std::memory_order_relaxed);
        return false;
    }

  private:
    static constexpr std::size_t line_bytes = 64;
    struct alignas(line_bytes) Producer {
        std::atomic<std::size_t> at{0};
    };
    struct alignas(line_bytes) Consumer {
        std::atomic<std::size_t> at{0};
        std::atomic<bool> asleep{false};
    };
    static_assert(alignof(Producer) == line_bytes && alignof(Consumer) == line_bytes);

    Producer producer_;
    Consumer consumer_;
    const std::size_t mask_;
    std::unique_ptr<Message[]> slots_;
    const int wake_fd_;
};

}  // namespace ringway::async
