#include "ringway/ring/buffer_group.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>

#include <doctest/doctest.h>

#include "ringway/base/random.h"
#include "support.h"

using namespace ringway::ring;
using namespace ringway::ring::test;
using ringway::base::Instant;
using ringway::base::Random;

namespace {

std::unique_ptr<BufferGroup> make_group(Ring& ring, std::uint32_t count, std::uint32_t bytes,
                                        bool incremental, std::uint32_t split = 1) {
    BufferGroupSettings settings;
    settings.count = count;
    settings.bytes_each = bytes;
    settings.incremental = incremental;
    settings.split_when_whole = split;
    auto created = BufferGroup::create(ring, settings);
    REQUIRE(created.has_value());
    return std::move(*created);
}

std::byte pattern(std::uint64_t at, std::uint64_t salt) {
    return static_cast<std::byte>((at * 2654435761u + salt * 97) >> 7);
}

void say(const Fd& socket, const std::string& text) {
    REQUIRE(::send(socket.fd, text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
}

std::string text_of(const Slice& slice) {
    return {reinterpret_cast<const char*>(slice.data), slice.bytes};
}

// Receives into a group, keeps the leases until it is told to end them, and checks every byte.
struct Reader : Recorder {
    Reader(Ring& home, BufferGroup& from) : ring(home), group(from) {
        then = [this](const Completion& completion) { note(completion); };
    }
    void start() { ring.recv_multishot(*this, pair.near.fd, group.id()); }
    void note(const Completion& completion) {
        if (completion.result > 0) {
            const Slice slice = group.take(completion);
            for (std::uint32_t i = 0; i < slice.bytes; ++i) {
                if (slice.data[i] != pattern(received + i, salt)) exact = false;
            }
            received += slice.bytes;
            slices.push_back(slice);
            return;
        }
        if (completion.has_buffer()) group.release(group.take(completion));
        result = completion.result;
    }
    void release_all() {
        for (const Slice& slice : slices) group.release(slice);
        slices.clear();
    }
    // Fills the socket with the pattern as far as it takes it.
    void feed(std::uint64_t bytes) {
        std::vector<std::byte> piece(bytes);
        for (std::uint64_t i = 0; i < bytes; ++i) piece[i] = pattern(sent + i, salt);
        const ssize_t taken = ::send(pair.far.fd, piece.data(), piece.size(), MSG_NOSIGNAL);
        if (taken > 0) sent += static_cast<std::uint64_t>(taken);
    }

    Ring& ring;
    BufferGroup& group;
    Pair pair;
    std::uint64_t salt = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    std::vector<Slice> slices;
    std::int32_t result = 1;
    bool exact = true;
};

struct Waiter : BufferWaiter {
    Waiter(std::vector<int>& log, int id) : BufferWaiter(&Waiter::on_resume), order(log), who(id) {}
    static void on_resume(BufferWaiter& waiter) {
        auto& self = static_cast<Waiter&>(waiter);
        self.order.push_back(self.who);
    }
    std::vector<int>& order;
    int who;
};

}  // namespace

TEST_CASE("whole buffers: every receive takes one, and it comes back with its lease") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 4, 4096, false);
    CHECK_FALSE(group->incremental());
    CHECK(group->count() == 4);
    Reader reader(*ring, *group);
    reader.start();
    for (int i = 0; i < 3; ++i) {
        reader.feed(100);
        CHECK(turn_until(*ring, [&] { return reader.received == reader.sent; }));
    }
    CHECK(reader.slices.size() == 3);
    CHECK(group->in_use() == 3);
    CHECK(group->scarce());
    reader.release_all();
    CHECK(group->in_use() == 0);
    group->flush();
    CHECK_FALSE(group->scarce());
    CHECK(reader.exact);
    finish(*ring, reader);
}

TEST_CASE("incremental buffers: small receives follow each other in one buffer") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 2, 4096, true);
    if (!group->incremental()) return;  // an older kernel
    CHECK(ring->features().incremental_buffers);
    Reader reader(*ring, *group);
    reader.start();
    for (int i = 0; i < 5; ++i) {
        reader.feed(100);
        CHECK(turn_until(*ring, [&] { return reader.received == reader.sent; }));
    }
    REQUIRE(reader.slices.size() == 5);
    for (std::size_t i = 1; i < 5; ++i) {
        CHECK(reader.slices[i].buffer == reader.slices[0].buffer);
        CHECK(reader.slices[i].data == reader.slices[0].data + 100 * i);
    }
    CHECK(group->in_use() == 0);  // the kernel can still write into it
    reader.release_all();
    // The buffer is used up to its end, although nobody holds any of it meanwhile.
    reader.feed(4096 - 500);
    CHECK(turn_until(*ring, [&] { return reader.received == reader.sent; }));
    CHECK(group->in_use() == 1);
    reader.release_all();
    CHECK(group->in_use() == 0);
    group->flush();
    CHECK(reader.exact);
    finish(*ring, reader);
}

TEST_CASE("two readers share an incremental buffer, and it returns with the later of them") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 1, 4096, true);
    if (!group->incremental()) return;
    Reader one(*ring, *group);
    Reader two(*ring, *group);
    one.start();
    two.start();
    one.feed(2000);
    CHECK(turn_until(*ring, [&] { return one.received == 2000; }));
    two.feed(2096);
    CHECK(turn_until(*ring, [&] { return two.received == 2096; }));
    CHECK(group->in_use() == 1);
    one.release_all();
    CHECK(group->in_use() == 1);
    two.release_all();
    CHECK(group->in_use() == 0);
    group->flush();
    one.feed(50);
    CHECK(turn_until(*ring, [&] { return one.received == 2050; }));
    CHECK(one.exact);
    CHECK(two.exact);
    one.release_all();
    finish(*ring, one);
    finish(*ring, two);
}

TEST_CASE("where buffers cannot be shared there are more and smaller ones in the same memory") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 8, 65536, false, 8);
    CHECK(group->count() == 64);
    CHECK(group->bytes_each() == 8192);
    Reader reader(*ring, *group);
    reader.start();
    reader.feed(20'000);
    CHECK(turn_until(*ring, [&] { return reader.received == reader.sent; }));
    for (const Slice& slice : reader.slices) CHECK(slice.bytes <= 8192);
    CHECK(reader.exact);
    reader.release_all();
    finish(*ring, reader);
}

TEST_CASE("without a buffer a reader gets ENOBUFS, parks, and goes on where it was") {
    for (const bool incremental : {false, true}) {
        CAPTURE(incremental);
        const auto ring = open_ring();
        const auto group = make_group(*ring, 2, 4096, incremental);
        Reader greedy(*ring, *group);
        Reader hungry(*ring, *group);
        greedy.start();
        greedy.feed(8192);
        CHECK(turn_until(*ring, [&] { return greedy.received == 8192; }));
        CHECK(group->in_use() == 2);
        hungry.start();
        hungry.feed(1000);
        CHECK(turn_until(*ring, [&] { return !hungry.in_flight(); }));
        CHECK(hungry.result == -ENOBUFS);
        std::vector<int> order;
        Waiter waiter(order, 1);
        group->wait(waiter);
        group->wait(waiter);  // twice is once
        CHECK(group->parks() == 1);
        group->flush();
        CHECK(order.empty());
        greedy.release_all();
        CHECK(order.empty());  // not before the kernel has it
        group->flush();
        CHECK(order == std::vector<int>{1});
        hungry.start();
        CHECK(turn_until(*ring, [&] { return hungry.received == 1000; }));
        CHECK(hungry.exact);
        hungry.release_all();
        finish(*ring, hungry);
        if (greedy.in_flight()) finish(*ring, greedy);
    }
}

TEST_CASE("waiters are woken in their order, as many as there are buffers") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 4, 4096, false);
    Reader reader(*ring, *group);
    reader.start();
    for (std::size_t i = 1; i <= 4; ++i) {
        reader.feed(10);
        CHECK(turn_until(*ring, [&] { return reader.slices.size() == i; }));
    }
    std::vector<int> order;
    std::deque<Waiter> waiters;
    for (int i = 0; i < 5; ++i) group->wait(waiters.emplace_back(order, i));
    waiters[1].link.unlink();  // gave up
    CHECK(group->parks() == 5);
    group->release(reader.slices[2]);
    group->release(reader.slices[0]);
    group->flush();
    CHECK(order == std::vector<int>{0, 2});
    group->flush();
    CHECK(order.size() == 2);
    group->release(reader.slices[1]);
    group->release(reader.slices[3]);
    reader.slices.clear();
    group->flush();
    CHECK(order == std::vector<int>{0, 2, 3, 4});
    finish(*ring, reader);
}

TEST_CASE("waiters are offered what the kernel has, although nothing was returned") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 2, 4096, false);
    std::vector<int> order;
    std::deque<Waiter> waiters;
    CHECK_FALSE(group->has_offer());
    for (int i = 0; i < 3; ++i) group->wait(waiters.emplace_back(order, i));
    CHECK(group->has_offer());
    group->offer();
    CHECK(order == std::vector<int>{0, 1});
    group->offer();
    CHECK(order == std::vector<int>{0, 1, 2});
    CHECK_FALSE(group->has_offer());
    Reader reader(*ring, *group);
    reader.start();
    for (std::size_t i = 1; i <= 2; ++i) {
        reader.feed(10);
        CHECK(turn_until(*ring, [&] { return reader.slices.size() == i; }));
    }
    group->wait(waiters[0]);
    CHECK_FALSE(group->has_offer());
    group->offer();
    CHECK(order.size() == 3);
    reader.release_all();
    group->flush();
    CHECK(order.size() == 4);
    finish(*ring, reader);
}

TEST_CASE("a single receive takes one buffer") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 2, 4096, true);
    Reader reader(*ring, *group);
    reader.feed(6000);
    ring->recv(reader, reader.pair.near.fd, group->id());
    CHECK(turn_until(*ring, [&] { return !reader.in_flight(); }));
    CHECK(reader.seen.size() == 1);
    CHECK(reader.received > 0);
    CHECK(reader.received <= 4096);
    CHECK(reader.exact);
    reader.release_all();
}

TEST_CASE("the end of the stream and a cancel hold no buffer") {
    for (const bool incremental : {false, true}) {
        const auto ring = open_ring();
        const auto group = make_group(*ring, 2, 4096, incremental);
        for (int round = 0; round < 20; ++round) {
            Reader reader(*ring, *group);
            reader.start();
            reader.feed(7);
            CHECK(turn_until(*ring, [&] { return reader.received == 7; }));
            if (round % 2 == 0) {
                reader.pair.far.close();
                CHECK(turn_until(*ring, [&] { return !reader.in_flight(); }));
                CHECK(reader.result == 0);
            } else {
                finish(*ring, reader);
                CHECK(reader.result == -ECANCELED);
            }
            reader.release_all();
            group->flush();
            CHECK(group->in_use() == 0);
            CHECK(reader.ends() == 1);
        }
    }
}

TEST_CASE("text arrives whole") {
    const auto ring = open_ring();
    const auto group = make_group(*ring, 2, 64, false);
    Pair pair;
    std::string got;
    Recorder reader;
    reader.then = [&](const Completion& completion) {
        if (completion.result <= 0) return;
        const Slice slice = group->take(completion);
        got += text_of(slice);
        group->release(slice);
    };
    ring->recv_multishot(reader, pair.near.fd, group->id());
    say(pair.far, "hello, ring");
    CHECK(turn_until(*ring, [&] { return got == "hello, ring"; }));
    finish(*ring, reader);
}

TEST_CASE("many readers, random sizes and late releases: every byte, every buffer comes back") {
    for (const bool incremental : {false, true}) {
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            CAPTURE(incremental);
            CAPTURE(seed);
            const auto ring = open_ring();
            const auto group = make_group(*ring, 8, 4096, incremental);
            Random random(seed);
            std::deque<Reader> readers;
            for (std::uint64_t i = 0; i < 6; ++i) {
                readers.emplace_back(*ring, *group).salt = i;
                readers.back().start();
            }
            constexpr std::uint64_t goal = 200'000;
            const auto all_done = [&] {
                return std::all_of(readers.begin(), readers.end(),
                                   [](const Reader& reader) { return reader.received >= goal; });
            };
            const Instant limit = in_ms(20'000);
            while (!all_done() && sys::now() < limit) {
                for (Reader& reader : readers) {
                    if (reader.sent < goal && random.chance(1, 2)) {
                        reader.feed(1 + random.below(random.chance(1, 3) ? 20'000 : 300));
                    }
                    // Some leases end, in any order; starved readers try again.
                    if (!reader.slices.empty() && random.chance(2, 3)) {
                        const auto which =
                            static_cast<std::size_t>(random.below(reader.slices.size()));
                        group->release(reader.slices[which]);
                        reader.slices[which] = reader.slices.back();
                        reader.slices.pop_back();
                    }
                    if (random.chance(1, 10)) reader.release_all();
                    if (!reader.in_flight()) reader.start();
                }
                group->flush();
                ring->turn(Instant{0});
            }
            CHECK(all_done());
            for (Reader& reader : readers) {
                CHECK(reader.exact);
                finish(*ring, reader);
                reader.release_all();
            }
            group->flush();
            CHECK(group->in_use() == 0);
        }
    }
}

TEST_CASE("a group that cannot be had is an error") {
    const auto ring = open_ring();
    BufferGroupSettings settings;
    settings.count = 3;  // not a power of two
    settings.bytes_each = 4096;
    const auto created = BufferGroup::create(*ring, settings);
    REQUIRE_FALSE(created.has_value());
    CHECK(created.error().os_error == EINVAL);
}
