#include "ringway/upstream/permit_holder.h"

#include <algorithm>

#include "ringway/base/assert.h"

namespace ringway::upstream {

void PermitHolder::set_unlimited() {
    const std::uint64_t in_use = used_ + exempt_;
    *this = {};
    used_ = in_use;
}

void PermitHolder::set_limited(std::uint64_t first_share) {
    RW_ASSERT(!limited_);
    const std::uint64_t in_use = used_;
    *this = {};
    limited_ = true;
    exempt_ = in_use;
    idle_ = first_share;
}

bool PermitHolder::take() {
    if (limited_) {
        if (idle_ == 0) return false;
        --idle_;
    }
    ++used_;
    return true;
}

void PermitHolder::put_back() {
    if (exempt_ > 0) {
        --exempt_;
        return;
    }
    RW_ASSERT(used_ > 0);
    --used_;
    if (!limited_) return;
    if (owed_ > 0) {
        --owed_;
        ++to_return_;
    } else {
        ++idle_;
    }
}

void PermitHolder::want(std::uint64_t missing) {
    if (!limited_ || wanted_ >= missing) return;
    to_ask_ += missing - wanted_;
    wanted_ = missing;
}

void PermitHolder::grant(std::uint64_t count) {
    if (!limited_) return;
    idle_ += count;
    wanted_ -= std::min(count, wanted_);
    // What came without being asked for need not be asked for any more.
    to_ask_ = std::min(to_ask_, wanted_);
}

std::uint64_t PermitHolder::recall(std::uint64_t count) {
    if (!limited_) return 0;
    const std::uint64_t leaving = std::min(idle_, count);
    idle_ -= leaving;
    // A repeated recall is the same wish once more, not a further one; and no more can leave later
    // than are in use now.
    owed_ = std::max(owed_, std::min(count - leaving, used_));
    return leaving;
}

}  // namespace ringway::upstream
