#include "ringway/net/block_pool.h"

#include <cstring>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::net;

TEST_CASE("a block is the smallest that holds what is asked for, empty and held once") {
    BlockPool pool(4, 65'536);
    for (const auto& [asked, capacity] : {std::pair{0u, 1024u},
                                          {1u, 1024u},
                                          {1024u, 1024u},
                                          {1025u, 4096u},
                                          {16'384u, 16'384u},
                                          {16'385u, 65'536u},
                                          {65'536u, 65'536u}}) {
        CAPTURE(asked);
        Block* block = pool.take(asked);
        REQUIRE(block != nullptr);
        CHECK(block->capacity == capacity);
        CHECK(block->used == 0);
        CHECK(block->holders == 1);
        CHECK(block->room().size() == capacity);
        std::memset(block->data, 'x', block->capacity);
        block->used = 10;
        CHECK(block->room().data() == block->data + 10);
        CHECK(block->room().size() == capacity - 10);
        CHECK(pool.in_use() == 1);
        pool.release(*block);
        CHECK(pool.in_use() == 0);
    }
    CHECK(pool.take(65'537) == nullptr);
}

TEST_CASE("a size that is not needed is not there, and the one that just holds it is") {
    BlockPool pool(2, 5'000);
    Block* block = pool.take(16'384);
    REQUIRE(block != nullptr);
    CHECK(pool.take(16'385) == nullptr);
    pool.release(*block);
}

TEST_CASE("a freed block is the next one handed out, and not before its last holder let go") {
    BlockPool pool(4, 1024);
    Block* first = pool.take(100);
    BlockPool::hold(*first);
    pool.release(*first);
    Block* second = pool.take(100);
    CHECK(second != first);
    pool.release(*first);
    CHECK(pool.in_use() == 1);
    CHECK(pool.take(100) == first);
    CHECK(first->holders == 1);
    pool.release(*first);
    pool.release(*second);
    CHECK(pool.in_use() == 0);
}

TEST_CASE("a size that is used up is replaced by a larger one, and then there is none") {
    BlockPool pool(2, 4096);
    std::vector<Block*> taken;
    for (int i = 0; i < 4; ++i) {
        taken.push_back(pool.take(10));
        REQUIRE(taken.back() != nullptr);
        CHECK(taken.back()->capacity == (i < 2 ? 1024u : 4096u));
    }
    CHECK(pool.take(10) == nullptr);
    CHECK(pool.in_use() == 4);
    pool.release(*taken[2]);
    Block* again = pool.take(10);
    CHECK(again == taken[2]);
    for (Block* block : taken) pool.release(*block);
    CHECK(pool.in_use() == 0);
}

TEST_CASE("blocks never overlap, whatever is taken and given back in between") {
    BlockPool pool(8, 65'536);
    base::Random random(5);
    struct Held {
        Block* block;
        char mark;
    };
    std::vector<Held> held;
    for (int step = 0; step < 3'000; ++step) {
        const bool give = !held.empty() && random.chance(1, 2);
        if (give) {
            const auto at = static_cast<std::size_t>(random.below(held.size()));
            const Held each = held[at];
            REQUIRE(each.block->data[0] == each.mark);
            REQUIRE(each.block->data[each.block->capacity - 1] == each.mark);
            pool.release(*each.block);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
            continue;
        }
        Block* block = pool.take(static_cast<std::size_t>(random.below(65'537)));
        if (block == nullptr) continue;
        const char mark = static_cast<char>('!' + step % 90);
        block->data[0] = block->data[block->capacity - 1] = mark;
        held.push_back({block, mark});
        std::set<const Block*> distinct;
        for (const Held& each : held) distinct.insert(each.block);
        REQUIRE(distinct.size() == held.size());
    }
    for (const Held& each : held) pool.release(*each.block);
    CHECK(pool.in_use() == 0);
}
