#include "ringway/proxy/generation.h"

#include <algorithm>
#include <utility>

namespace ringway::proxy {

Generations::Generations(std::shared_ptr<const config::Settings> first)
    : current_(std::make_unique<Generation>(1, std::move(first))) {}

void Generations::replace(std::uint64_t number, std::shared_ptr<const config::Settings> settings) {
    auto before =
        std::exchange(current_, std::make_unique<Generation>(number, std::move(settings)));
    if (before->users > 0) kept_.push_back(std::move(before));
}

void Generations::forget(Generation& generation) {
    const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const auto& candidate) {
        return candidate.get() == &generation;
    });
    RW_ASSERT(found != kept_.end());
    kept_.erase(found);
}

}  // namespace ringway::proxy
