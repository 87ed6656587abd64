#include "request_source.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <unordered_map>

#include <fmt/format.h>

#include "message.h"
#include "ringway/base/assert.h"
#include "weighted_choice.h"

namespace ringway::bench {
namespace {

// What is counted into an id: which thread, which of the thread's runs, which request of it.
constexpr unsigned thread_bits = 10;
constexpr unsigned run_bits = 14;
constexpr unsigned request_bits = 64 - thread_bits - run_bits;

// How many sources this process has made for thread i. Counted, and not drawn by lot, so that the
// same command with the same seed makes the same ids again.
std::array<std::atomic<std::uint32_t>, std::size_t{1} << thread_bits> sources_of_thread;

std::uint64_t first_id_of(unsigned thread) {
    const unsigned held = thread & ((1u << thread_bits) - 1);
    const std::uint64_t run = sources_of_thread[held].fetch_add(1, std::memory_order_relaxed);
    return (std::uint64_t{held} << (64 - thread_bits)) |
           ((run & ((1u << run_bits) - 1)) << request_bits);
}

// Numbers that have nothing to do with those of another thread, or of another purpose.
base::Random random_for(std::uint64_t seed, unsigned thread, unsigned purpose) {
    return base::Random(scramble(scramble(seed) + 2 * std::uint64_t{thread} + purpose));
}

std::vector<double> weights_of(const std::vector<RequestKind>& kinds) {
    std::vector<double> weights;
    for (const RequestKind& kind : kinds) weights.push_back(kind.weight);
    if (weights.empty()) weights.push_back(1);
    return weights;
}

// Equal requests of a log are held once.
std::string key_of(const RequestKind& request) {
    std::string key = fmt::format("{}\n{}\n", request.method, request.target);
    for (const HeaderField& field : request.fields) {
        fmt::format_to(std::back_inserter(key), "{}:{}\n", field.name, field.value);
    }
    return key + '\n' + request.body;
}

}  // namespace

struct RequestSource::Impl {
    struct Entry {
        std::uint32_t message = 0;
        base::Duration offset{};
    };

    Impl(const RunPlan& plan, unsigned own_thread, unsigned all_threads)
        : thread(own_thread),
          threads(std::max(all_threads, 1u)),
          id_key(scramble(plan.seed)),
          next_id(first_id_of(own_thread)),
          choice(weights_of(plan.kinds)),
          choosing(random_for(plan.seed, own_thread, 0)),
          filling(random_for(plan.seed, own_thread, 1)) {
        if (plan.replay) {
            take_log(plan);
        } else {
            const Message::Setting setting = setting_of(plan);
            for (const RequestKind& kind : plan.kinds) messages.emplace_back(kind, setting);
        }
    }

    static Message::Setting setting_of(const RunPlan& plan) {
        return {.authority = plan.destination.authority,
                .close = plan.new_connection_each,
                .wants_events = plan.work == Work::events};
    }

    void take_log(const RunPlan& plan) {
        is_replay = true;
        repeats = plan.replay->repeat;
        keeps_times = plan.replay->keep_times;
        speed = plan.replay->speed > 0 ? plan.replay->speed : 1;
        Message::Setting setting = setting_of(plan);
        setting.placeholders = false;
        if (!plan.kinds.empty()) setting.more = plan.kinds.front().fields;
        const std::vector<ReplayedRequest>& log = plan.replay->requests;
        std::unordered_map<std::string, std::uint32_t> known;
        for (std::size_t i = thread; i < log.size(); i += threads) {
            const auto [found, is_new] = known.try_emplace(
                key_of(log[i].request), static_cast<std::uint32_t>(messages.size()));
            if (is_new) messages.emplace_back(log[i].request, setting);
            entries.push_back({found->second, log[i].offset});
        }
        if (log.empty()) return;
        // The next round begins as long after the last request as requests are apart on average.
        const std::int64_t span_ns = std::max<std::int64_t>(log.back().offset.ns, 0);
        const auto gaps = static_cast<std::int64_t>(log.size()) - 1;
        round_ns = span_ns > 0 ? span_ns + span_ns / gaps : base::Duration::seconds(1).ns;
    }

    base::Duration offset_of(const Entry& entry) const {
        if (!keeps_times) return {};
        const auto logged_ns = static_cast<double>(entry.offset.ns) +
                               static_cast<double>(round_ns) * static_cast<double>(rounds);
        return {static_cast<std::int64_t>(logged_ns / speed)};
    }

    const Message& next_logged(OutgoingRequest& request) {
        const Entry& entry = entries[at];
        request.offset = offset_of(entry);
        if (++at == entries.size() && repeats) {
            at = 0;
            ++rounds;
        }
        return messages[entry.message];
    }

    const Message& next_chosen(OutgoingRequest& request) {
        if (messages.size() > 1) request.kind = choice.choose(choosing);
        return messages[request.kind];
    }

    const unsigned thread;
    const unsigned threads;
    const std::uint64_t id_key;
    std::uint64_t next_id;
    std::uint64_t made = 0;
    WeightedChoice choice;
    base::Random choosing;
    base::Random filling;
    std::vector<Message> messages;
    std::string body_scratch;

    bool is_replay = false;
    bool repeats = false;
    bool keeps_times = false;
    double speed = 1;
    std::vector<Entry> entries;  // this thread's
    std::size_t at = 0;
    std::uint64_t rounds = 0;
    std::int64_t round_ns = 0;
};

RequestSource::RequestSource(const RunPlan& plan, unsigned thread, unsigned threads)
    : impl_(std::make_unique<Impl>(plan, thread, threads)) {}

RequestSource::~RequestSource() = default;

OutgoingRequest RequestSource::next(std::string& buffer, std::uint32_t connection) {
    RW_ASSERT(!is_exhausted());
    Impl& my = *impl_;
    OutgoingRequest request;
    const Message& message = my.is_replay ? my.next_logged(request) : my.next_chosen(request);
    request.is_head = message.is_head();
    if (message.is_constant()) {
        request.bytes = message.text();
    } else {
        const PlaceholderValues values{.id = scramble(my.next_id ^ my.id_key),
                                       .seq = my.made * my.threads + my.thread,
                                       .connection = connection,
                                       .thread = my.thread};
        message.write(buffer, my.body_scratch, values, my.filling);
        request.bytes = buffer;
    }
    ++my.next_id;
    ++my.made;
    return request;
}

bool RequestSource::is_constant() const {
    return !impl_->is_replay && impl_->messages.size() == 1 &&
           impl_->messages.front().is_constant();
}

bool RequestSource::is_exhausted() const {
    return impl_->at == impl_->entries.size() && impl_->is_replay;
}

}  // namespace ringway::bench
