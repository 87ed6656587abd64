#include "ringway/ring/op.h"

#include <doctest/doctest.h>

#include "support.h"

using namespace ringway::ring;
using ringway::ring::test::Recorder;

static_assert(sizeof(Op) <= 16, "an Op is embedded twice in every socket");

TEST_CASE("the user data of a request leads back to its record") {
    Recorder op;
    const std::uint64_t user_data = op.begin();
    CHECK(Op::from_user_data(user_data) == &op);
    CHECK(op.user_data() == user_data);
    CHECK(op.in_flight());
    CHECK(op.deliver(user_data, {}));
    CHECK_FALSE(op.in_flight());
}

TEST_CASE("a request with more to come stays in flight until its last completion") {
    Recorder op;
    const std::uint64_t user_data = op.begin();
    CHECK(op.deliver(user_data, {1, Completion::flag_more}));
    CHECK(op.deliver(user_data, {2, Completion::flag_more}));
    CHECK(op.in_flight());
    CHECK(op.deliver(user_data, {3, 0}));
    CHECK_FALSE(op.in_flight());
    CHECK_FALSE(op.deliver(user_data, {4, 0}));
    CHECK(op.seen.size() == 3);
}

TEST_CASE("a completion of an earlier life touches nothing") {
    Recorder op;
    const std::uint64_t earlier = op.begin();
    CHECK(op.deliver(earlier, {}));
    const std::uint64_t later = op.begin();
    CHECK(later != earlier);
    CHECK_FALSE(op.deliver(earlier, {7, 0}));
    CHECK(op.in_flight());
    CHECK(op.seen.size() == 1);
    CHECK(op.deliver(later, {8, 0}));
    CHECK(op.seen.back().result == 8);
}

TEST_CASE("the handler may start the next request of the same record") {
    Recorder op;
    op.then = [&](const Completion&) {
        if (op.seen.size() == 1) op.begin();
    };
    const std::uint64_t user_data = op.begin();
    CHECK(op.deliver(user_data, {}));
    CHECK(op.in_flight());
    CHECK(op.user_data() != user_data);
}

TEST_CASE("flags of a completion are read as the kernel writes them") {
    const Completion plain{5, 0};
    CHECK_FALSE(plain.more());
    CHECK_FALSE(plain.has_buffer());
    const Completion full{5, (0xABCDu << 16) | 1u | 2u | 16u};
    CHECK(full.more());
    CHECK(full.has_buffer());
    CHECK(full.buffer_more());
    CHECK(full.buffer_id() == 0xABCD);
}
