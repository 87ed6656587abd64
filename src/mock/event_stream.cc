#include "event_stream.h"

#include <algorithm>
#include <cstring>

#include "loop.h"

namespace ringway::mock {

void EventStream::begin(const Behaviour& behaviour, std::uint64_t count, base::Instant first,
                        base::Random& random) {
    first_ = first;
    interval_ = behaviour.interval;
    jitter_ = behaviour.jitter;
    event_bytes_ = std::min(behaviour.bytes.value_or(0), event_bytes_max);
    count_ = count;
    written_ = 0;
    random_ = &random;
    due_ = count == 0 ? base::Instant::never() : first;
}

std::uint64_t EventStream::expected_bytes() const {
    constexpr std::uint64_t usual_event_bytes = 54, endless_counts_as = 100;
    const std::uint64_t each = std::max(event_bytes_, usual_event_bytes);
    return each *
           (count_ == endless ? endless_counts_as : std::min(count_, std::uint64_t{1} << 32));
}

// The schedule is kept: an event that came late does not put off those after it.
void EventStream::set_due() {
    if (written_ == count_) {
        due_ = base::Instant::never();
        return;
    }
    due_ = first_ + interval_ * static_cast<std::int64_t>(written_);
    if (jitter_.ns == 0) return;
    const auto span = static_cast<std::uint64_t>(jitter_.ns) * 2 + 1;
    due_.ns += static_cast<std::int64_t>(random_->below(span)) - jitter_.ns;
    due_ = std::max(due_, first_);
}

void EventStream::write_next(Output& out) {
    const std::size_t begin = out.size();
    ++written_;
    out.append("id: ");
    out.append_number(written_);
    out.append("\ndata: n=");
    out.append_padded(written_, 10);
    out.append(" t=");
    out.append_padded(static_cast<std::uint64_t>(monotonic_now().ns), 20);
    const std::size_t bytes = out.size() - begin + 2;
    if (bytes < event_bytes_) {
        const std::size_t padding = event_bytes_ - bytes;
        std::memset(out.extend(padding), '.', padding);
        out.data()[begin + bytes - 2] = ' ';
    }
    out.append("\n\n");
    set_due();
}

}  // namespace ringway::mock
