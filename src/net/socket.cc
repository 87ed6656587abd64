#include "ringway/net/socket.h"

#include <cerrno>

#include <poll.h>
#include <sys/mman.h>

#include "ringway/base/planted.h"
#include "ringway/ring/sys.h"

namespace ringway::net {

namespace {

// So few bytes in several pieces are copied together: a plain send costs less than a vector does.
constexpr std::uint32_t gathered_bytes_max = 4096;

}  // namespace

SendVectorPool::SendVectorPool(std::size_t vectors_max) : vectors_max_(vectors_max) {
    void* memory = ::mmap(nullptr, vectors_max_ * sizeof(SendVector), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) RW_PANIC("no address space for send vectors");
    memory_ = static_cast<SendVector*>(memory);
}

SendVectorPool::~SendVectorPool() { ::munmap(memory_, vectors_max_ * sizeof(SendVector)); }

SendVector* SendVectorPool::take() {
    if (SendVector* vector = free_; vector != nullptr) {
        free_ = vector->next_free;
        return vector;
    }
    if (carved_ == vectors_max_) return nullptr;
    return &memory_[carved_++];
}

void SendVectorPool::give_back(SendVector* vector) {
    vector->next_free = free_;
    free_ = vector;
}

void Flow::count(std::uint64_t moved, stats::Counter stats::DirectionStats::* how) {
    bytes += moved;
    direction->bytes.add(moved);
    (direction->*how).add(moved);
    if (endpoint != nullptr) endpoint->add(moved);
}

Socket::Socket(SocketPools& pools, async::Wake& wake)
    : ReceiveOp(&Socket::on_receive),
      SendOp(&Socket::on_send),
      ring::BufferWaiter(&Socket::on_buffer),
      pools_(pools),
      wake_(&wake),
      received_(pools) {}

Socket::~Socket() {
    RW_ASSERT(is_quiet());
    RW_ASSERT(fd_ < 0);
}

void Socket::attach(int fd) {
    RW_ASSERT(fd_ < 0);
    fd_ = fd;
}

// ---- receiving --------------------------------------------------------------------------------

void Socket::start_receiving() {
    watching_readable_ = false;
    pools_.ring.recv_multishot(static_cast<ReceiveOp&>(*this), fd_, pools_.buffers.id());
}

void Socket::receive_once() {
    watching_readable_ = false;
    pools_.ring.recv(static_cast<ReceiveOp&>(*this), fd_, pools_.buffers.id());
}

bool Socket::receive_into_block(std::size_t bytes) {
    Block* block = pools_.blocks.take(bytes);
    if (block == nullptr) return false;
    const std::int64_t seen = ring::sys::receive(fd_, block->data, block->capacity);
    if (seen > 0) {
        received_.append_block(*block, {block->data, static_cast<std::size_t>(seen)});
        received_anything_ = true;
        arrived_bytes_ += static_cast<std::uint32_t>(seen);
    } else if (seen != -EAGAIN && seen != -EINTR) {
        if (seen < 0) break_with(static_cast<int>(seen));
        ended_ = true;
    }
    pools_.blocks.release(*block);
    return seen != -EAGAIN;
}

void Socket::stop_receiving() { pools_.ring.cancel(static_cast<ReceiveOp&>(*this)); }

void Socket::on_receive(ring::Op& op, const ring::Completion& completion) {
    static_cast<Socket&>(static_cast<ReceiveOp&>(op)).handle_receive(completion);
}

// A request that was woken in vain too often (128 times) is given up by the kernel with EAGAIN on a
// socket that does not block: nothing is wrong, it is queued again. So it is for sends.
void Socket::handle_receive(const ring::Completion& completion) {
    wake_->set();
    if (watching_readable_) {
        // Errors show themselves to the next direct call.
        if (completion.result != -ECANCELED) readable = true;
        return;
    }
    if (completion.result > 0) {
        const ring::Slice slice = pools_.buffers.take(completion);
        received_.append(slice);
        received_anything_ = true;
        arrived_bytes_ += slice.bytes;
        return;
    }
    if (completion.has_buffer()) pools_.buffers.release(pools_.buffers.take(completion));
    if (completion.result == 0) {
        ended_ = true;
    } else if (completion.result == -ENOBUFS) {
        pools_.buffers.wait(*this);
    } else if (completion.result != -ECANCELED && completion.result != -EAGAIN) {
        break_with(completion.result);
        ended_ = true;
    }
}

void Socket::on_buffer(ring::BufferWaiter& waiter) { static_cast<Socket&>(waiter).wake_->set(); }

// ---- sending ----------------------------------------------------------------------------------

bool Socket::send_from(SliceQueue& queue, Flow& flow) {
    RW_ASSERT(!queue.empty());
    if (queue.first()->next != nullptr && queue.bytes() <= gathered_bytes_max) queue.gather();
    const SliceNode* node = queue.first();
    auto& op = static_cast<SendOp&>(*this);
    if (node->next == nullptr) {
        pools_.ring.send(op, fd_, node->slice.data, node->slice.bytes);
    } else {
        SendVector* vector = pools_.vectors.take();
        if (vector == nullptr) return false;
        std::size_t count = 0;
        for (; node != nullptr && count < SendVector::pieces_max; node = node->next) {
            vector->pieces[count++] = {const_cast<std::byte*>(node->slice.data), node->slice.bytes};
        }
        vector->message = {};
        vector->message.msg_iov = vector->pieces;
        vector->message.msg_iovlen = count;
        vector_ = vector;
        pools_.ring.sendmsg(op, fd_, &vector->message);
    }
    send_use_ = SendUse::queue;
    sending_ = &queue;
    flow_ = &flow;
    return true;
}

void Socket::send_block(const void* data, std::size_t bytes) {
    send_use_ = SendUse::block;
    pools_.ring.send(static_cast<SendOp&>(*this), fd_, data, bytes);
}

void Socket::start_connecting(const sockaddr* address, socklen_t address_bytes) {
    send_use_ = SendUse::connect;
    pools_.ring.connect(static_cast<SendOp&>(*this), fd_, address, address_bytes);
}

void Socket::on_send(ring::Op& op, const ring::Completion& completion) {
    static_cast<Socket&>(static_cast<SendOp&>(op)).handle_send(completion);
}

void Socket::handle_send(const ring::Completion& completion) {
    send_result_ = completion.result;
    switch (send_use_) {
        case SendUse::queue: finish_queue_send(completion.result); return;
        case SendUse::watch:
            if (completion.result != -ECANCELED) writable = true;
            break;
        case SendUse::block:
            if (completion.result < 0 && completion.result != -ECANCELED) {
                break_with(completion.result);
            }
            break;
        case SendUse::connect: break;
    }
    wake_->set();
}

void Socket::finish_queue_send(std::int32_t result) {
    if (vector_ != nullptr) {
        pools_.vectors.give_back(vector_);
        vector_ = nullptr;
    }
    SliceQueue& queue = *sending_;
    sending_ = nullptr;
    if (result > 0) {
        flow_->count(static_cast<std::uint64_t>(result), &stats::DirectionStats::copied_bytes);
        queue.consume(static_cast<std::size_t>(result));
    } else if (result < 0 && result != -ECANCELED && result != -EAGAIN) {
        break_with(result);
    }
    // In the common case everything is on its way and nobody has to run for that.
    const bool unfinished = !queue.empty() && !base::planted(base::Bug::lost_completion);
    if (result < 0 || wake_on_sent_ || unfinished) wake_->set();
}

// ---- watching ---------------------------------------------------------------------------------

void Socket::watch_readable() {
    if (ReceiveOp::in_flight()) return;
    watching_readable_ = true;
    pools_.ring.poll(static_cast<ReceiveOp&>(*this), fd_, POLLIN | POLLRDHUP);
}

void Socket::watch_writable() {
    if (SendOp::in_flight()) return;
    send_use_ = SendUse::watch;
    pools_.ring.poll(static_cast<SendOp&>(*this), fd_, POLLOUT);
}

void Socket::stop_watching_readable() { pools_.ring.cancel(static_cast<ReceiveOp&>(*this)); }
void Socket::stop_watching_writable() { pools_.ring.cancel(static_cast<SendOp&>(*this)); }

// ---- ends -------------------------------------------------------------------------------------

void Socket::break_with(int negative_errno) {
    if (error_ == 0) error_ = static_cast<std::int16_t>(-negative_errno);
}

void Socket::shutdown_write() {
    // It can only fail when the connection is gone already, which the receiving side will tell.
    ring::sys::shutdown(fd_, SHUT_WR);
}

void Socket::stop() {
    give_up_waiting_for_buffer();
    // Whoever closes waits for the last completion, whatever it says.
    if (!base::planted(base::Bug::closing_send_unseen)) wake_on_sent_ = true;
    pools_.ring.cancel(static_cast<ReceiveOp&>(*this));
    pools_.ring.cancel(static_cast<SendOp&>(*this));
}

void Socket::close(bool reset) {
    RW_ASSERT(is_quiet() || base::planted(base::Bug::slot_released_early));
    give_up_waiting_for_buffer();
    if (fd_ < 0) return;
    if (reset) {
        const linger now{1, 0};
        ring::sys::set_option(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    ring::sys::close(fd_);
    fd_ = -1;
}

}  // namespace ringway::net
