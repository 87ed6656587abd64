// One shard's share of a total over all shards: permits it holds, uses, misses and owes.
//
// The permits of all holders and the coordinator's reserve add up to the total at every instant.
// Pure; what is to be told to the coordinator is collected until the shard reports it.
#pragma once

#include <cstdint>

namespace ringway::upstream {

class PermitHolder {
  public:
    // Without a limit, take() always succeeds and nothing is ever told.
    void set_unlimited() { limited_ = false; }
    void set_limited(std::uint64_t first_share) {
        limited_ = true;
        idle_ = first_share;
    }
    bool is_limited() const { return limited_; }

    bool take();      // one, if there is one
    void put_back();  // one; it leaves at once when a recall is owed
    // So many are missing here: asks for what was not asked for yet.
    void want(std::uint64_t missing);
    // From the coordinator.
    void grant(std::uint64_t count);
    std::uint64_t recall(std::uint64_t count);  // how many leave now; the rest as they come back

    std::uint64_t idle() const { return idle_; }
    std::uint64_t used() const { return used_; }
    std::uint64_t owed() const { return owed_; }
    bool has_news() const { return to_ask_ > 0 || to_return_ > 0; }
    std::uint64_t take_asked();     // to tell: so many are wanted
    std::uint64_t take_returned();  // to tell: so many came back

  private:
    bool limited_ = false;
    std::uint64_t idle_ = 0;
    std::uint64_t used_ = 0;
    std::uint64_t wanted_ = 0;
    std::uint64_t to_ask_ = 0;
    std::uint64_t owed_ = 0;
    std::uint64_t to_return_ = 0;
};

}  // namespace ringway::upstream
