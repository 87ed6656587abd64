// One shard's share of a total over all shards: permits it holds, uses, misses and owes.
//
// The permits of all holders and the coordinator's reserve add up to the total at every instant.
// Pure; what is to be told to the coordinator is collected until the shard reports it. A want
// stands until it is granted, so the coordinator's ledger must keep it standing, too.
#pragma once

#include <cstdint>

namespace ringway::upstream {

class PermitHolder {
  public:
    // Without a limit, take() always succeeds and nothing is ever told. What was held is gone:
    // whoever lifts the limit forgets the total.
    void set_unlimited();
    // Where a limit begins. What is in use already goes on without a permit and brings none back.
    void set_limited(std::uint64_t first_share);
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

    // Calls ask(count) and give_back(count) for what is to be told; both return false when they
    // could not, and what they were given is kept.
    template <typename Ask, typename GiveBack>
    void report(Ask ask, GiveBack give_back) {
        if (to_ask_ > 0 && ask(to_ask_)) to_ask_ = 0;
        if (to_return_ > 0 && give_back(to_return_)) to_return_ = 0;
    }

  private:
    bool limited_ = false;
    std::uint64_t idle_ = 0;
    std::uint64_t used_ = 0;       // with a permit, or while there is no limit
    std::uint64_t exempt_ = 0;     // in use since before there was a limit
    std::uint64_t wanted_ = 0;     // missing here, and not yet granted
    std::uint64_t to_ask_ = 0;     // of these, not yet asked for
    std::uint64_t owed_ = 0;       // recalled while in use
    std::uint64_t to_return_ = 0;  // have left, and are not yet on their way
};

}  // namespace ringway::upstream
