#include "ringway/stats/log_ring.h"

#include <bit>
#include <cstring>

#include "ringway/base/assert.h"

namespace ringway::stats {

LogRing::LogRing(std::size_t bytes)
    : mask_(bytes - 1), bytes_(std::make_unique_for_overwrite<char[]>(bytes)) {
    RW_ASSERT(std::has_single_bit(bytes));
    // A gap is announced by a header, so there must always be room for one before the end.
    RW_ASSERT(bytes >= 2 * header_bytes);
}

void LogRing::put_header(std::size_t at, const Header& header) {
    std::memcpy(bytes_.get() + (at & mask_), &header, header_bytes);
}

bool LogRing::write(LogStream stream, std::string_view line) {
    const std::size_t capacity = mask_ + 1;
    // The length is checked before it is rounded up, so that no sum can overflow.
    if (line.size() > capacity - header_bytes) {
        dropped_.add();
        return false;
    }
    std::size_t head = head_.at.load(std::memory_order_relaxed);
    // Acquire: the reader must be done with the bytes before they are written over.
    const std::size_t tail = tail_.at.load(std::memory_order_acquire);
    const std::size_t wanted = record_bytes(line.size());
    const std::size_t to_end = capacity - (head & mask_);
    const std::size_t gap = wanted > to_end ? to_end : 0;
    if (head - tail + gap + wanted > capacity) {
        dropped_.add();
        return false;
    }
    if (gap != 0) {
        put_header(head, {static_cast<std::uint32_t>(gap - header_bytes), gap_kind});
        head += gap;
    }
    put_header(head, {static_cast<std::uint32_t>(line.size()), static_cast<std::uint32_t>(stream)});
    if (!line.empty()) {
        std::memcpy(bytes_.get() + (head & mask_) + header_bytes, line.data(), line.size());
    }
    head_.at.store(head + wanted, std::memory_order_release);
    written_.add();
    return true;
}

bool LogRing::peek(Line& line) {
    std::size_t tail = tail_.at.load(std::memory_order_relaxed);
    const std::size_t head = head_.at.load(std::memory_order_acquire);
    while (tail != head) {
        Header header;
        const char* const at = bytes_.get() + (tail & mask_);
        std::memcpy(&header, at, header_bytes);
        const std::size_t next = tail + record_bytes(header.bytes);
        if (header.kind == gap_kind) {
            tail = next;
            continue;
        }
        line = {static_cast<LogStream>(header.kind), {at + header_bytes, header.bytes}, next};
        return true;
    }
    return false;
}

void LogRing::consume(const Line& line) { tail_.at.store(line.next, std::memory_order_release); }

}  // namespace ringway::stats
