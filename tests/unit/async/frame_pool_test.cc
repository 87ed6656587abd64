#include "ringway/async/frame_pool.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "ringway/base/random.h"

using ringway::async::FramePool;
using ringway::base::Random;
using ringway::test::death_of;

TEST_CASE("the frame that was freed last is handed out first, per size") {
    FramePool pool(1 << 16);
    void* small = pool.allocate(100);
    void* large = pool.allocate(900);
    pool.release(small, 100);
    pool.release(large, 900);
    CHECK(pool.allocate(900) == large);
    CHECK(pool.allocate(97) == small);  // the same size class
    pool.release(small, 97);
    void* other = pool.allocate(80);
    CHECK(other != small);  // another size class
    CHECK(pool.in_use() == 2);
    pool.release(large, 900);
    pool.release(other, 80);
    CHECK(pool.spills() == 0);
    CHECK(pool.in_use() == 0);
}

TEST_CASE("frames are aligned as the heap would align them") {
    FramePool pool(1 << 16);
    std::vector<std::pair<void*, std::size_t>> frames;
    for (const std::size_t bytes : {1u, 15u, 16u, 17u, 33u, 100u, 1000u, 2032u}) {
        void* frame = pool.allocate(bytes);
        CHECK(reinterpret_cast<std::uintptr_t>(frame) % alignof(std::max_align_t) == 0);
        frames.push_back({frame, bytes});
    }
    CHECK(pool.spills() == 0);
    for (const auto& [frame, bytes] : frames) pool.release(frame, bytes);
}

TEST_CASE("what is too large, or finds the reserve used up, comes from the heap and is counted") {
    FramePool pool(4096);
    void* huge = pool.allocate(10'000);
    CHECK(pool.spills() == 1);
    std::memset(huge, 1, 10'000);
    std::vector<void*> frames;
    for (int i = 0; i < 4; ++i) frames.push_back(pool.allocate(1024));
    CHECK(pool.spills() == 1);
    frames.push_back(pool.allocate(1024));
    CHECK(pool.spills() == 2);
    pool.release(huge, 10'000);
    for (void* frame : frames) pool.release(frame, 1024);
    CHECK(pool.in_use() == 0);
    // Those of the pool are in it again.
    std::vector<void*> again;
    for (int i = 0; i < 4; ++i) again.push_back(pool.allocate(1024));
    CHECK(pool.spills() == 2);
    for (void* frame : again) pool.release(frame, 1024);
}

TEST_CASE("frames never overlap, over a random life") {
    FramePool pool(1 << 18);
    struct Frame {
        unsigned char* at;
        std::size_t bytes;
        unsigned char mark;
    };
    Random random(3);
    std::vector<Frame> frames;
    for (int step = 0; step < 20'000; ++step) {
        if (frames.size() < 200 && random.chance(1, 2)) {
            const auto bytes = static_cast<std::size_t>(1 + random.below(2500));
            const auto mark = static_cast<unsigned char>(random.below(256));
            auto* at = static_cast<unsigned char*>(pool.allocate(bytes));
            std::memset(at, mark, bytes);
            frames.push_back({at, bytes, mark});
        } else if (!frames.empty()) {
            const auto which = static_cast<std::size_t>(random.below(frames.size()));
            const Frame frame = frames[which];
            REQUIRE(std::all_of(frame.at, frame.at + frame.bytes,
                                [&](unsigned char byte) { return byte == frame.mark; }));
            pool.release(frame.at, frame.bytes);
            frames[which] = frames.back();
            frames.pop_back();
        }
        REQUIRE(pool.in_use() == frames.size());
    }
    for (const Frame& frame : frames) pool.release(frame.at, frame.bytes);
}

TEST_CASE("a pool that is destroyed while frames are out panics") {
    CHECK(death_of([] {
              FramePool pool(4096);
              pool.allocate(16);
          }).aborted);
}
