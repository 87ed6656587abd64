// libFuzzer target for the PROXY protocol: the first byte chooses how the rest is cut into pieces.
//
// What must hold beyond not crashing: any cut gives the same answer as the whole; nothing is taken
// beyond what the preamble says; and what was understood, written again in either version, is
// understood as the same.
//
// Built and run by tools/fuzz.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "ringway/base/assert.h"
#include "ringway/base/random.h"
#include "ringway/net/proxy_protocol.h"

namespace {

using namespace ringway::net;
using State = PreambleParser::State;

struct Outcome {
    State state = State::need_more;
    std::size_t taken = 0;
    Preamble preamble;
};

// `seed` 0: in one piece; 1: byte by byte; else pieces of random sizes.
Outcome parse(std::span<const std::byte> input, std::uint64_t seed) {
    ringway::base::Random random(seed);
    PreambleParser parser;
    Outcome outcome;
    while (!input.empty() && outcome.state == State::need_more) {
        std::size_t piece = input.size();
        if (seed == 1) piece = 1;
        if (seed > 1) piece = 1 + random.below(std::min<std::size_t>(input.size(), 40));
        piece = std::min(piece, input.size());
        std::size_t taken = 0;
        outcome.state = parser.feed(input.first(piece), taken);
        RW_ASSERT(taken <= piece);
        RW_ASSERT(outcome.state != State::need_more || taken == piece);
        outcome.taken += taken;
        input = input.subspan(taken);
    }
    outcome.preamble = parser.preamble();
    return outcome;
}

bool is_ip(const Address& address) {
    return address.family() == AF_INET || address.family() == AF_INET6;
}

void check_written(const Preamble& preamble) {
    for (int version = 1; version <= 2; ++version) {
        std::array<std::byte, preamble_written_bytes_max> out{};
        const std::size_t bytes =
            version == 1 ? write_preamble_v1(out, preamble.source, preamble.destination)
                         : write_preamble_v2(out, preamble.source, preamble.destination);
        const Outcome again = parse(std::span(out).first(bytes), 0);
        RW_ASSERT(again.state == State::done);
        RW_ASSERT(again.taken == bytes);
        RW_ASSERT(again.preamble.version == version);
        if (!is_ip(preamble.source)) continue;
        RW_ASSERT(again.preamble.source == preamble.source);
        RW_ASSERT(again.preamble.destination == preamble.destination);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint64_t seed = data[0];
    const auto input = std::as_bytes(std::span(data + 1, size - 1));
    const Outcome whole = parse(input, 0);
    for (const std::uint64_t cut : {std::uint64_t{1}, seed + 2}) {
        const Outcome split = parse(input, cut);
        RW_ASSERT(split.state == whole.state);
        RW_ASSERT(split.taken == whole.taken);
        if (whole.state != State::done) continue;
        RW_ASSERT(split.preamble.version == whole.preamble.version);
        RW_ASSERT(split.preamble.local == whole.preamble.local);
        RW_ASSERT(split.preamble.source == whole.preamble.source);
        RW_ASSERT(split.preamble.destination == whole.preamble.destination);
    }
    RW_ASSERT(whole.taken <= preamble_bytes_max);
    if (whole.state != State::done) return 0;
    RW_ASSERT(is_ip(whole.preamble.source) == is_ip(whole.preamble.destination));
    // The preamble alone is understood the same way: what follows it plays no part.
    RW_ASSERT(parse(input.first(whole.taken), 0).state == State::done);
    RW_ASSERT(parse(input.first(whole.taken - 1), 0).state == State::need_more);
    check_written(whole.preamble);
    return 0;
}
