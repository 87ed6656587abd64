#include "ringway/net/slice_queue.h"

#include <cstring>
#include <deque>
#include <string>

#include <doctest/doctest.h>

#include "bench.h"
#include "ringway/base/random.h"

using namespace ringway;
using namespace ringway::net;
using namespace ringway::net::test;

namespace {

// Receives into a queue of its own.
struct Reader : ring::Op {
    Reader(Bench& home, SliceQueue& into)
        : Op(&Reader::on_completion), bench(home), queue(into), near(connection.take_near()) {
        bench.ring->recv_multishot(*this, near, bench.buffers->id());
    }
    ~Reader() {
        bench.ring->cancel(*this);
        REQUIRE(bench.turn_until([&] { return !in_flight(); }));
        ::close(near);
    }
    static void on_completion(ring::Op& op, const ring::Completion& completion) {
        auto& self = static_cast<Reader&>(op);
        if (completion.result > 0) self.queue.append(self.bench.buffers->take(completion));
    }
    void say(const std::string& text) {
        const std::uint32_t wanted = queue.bytes() + static_cast<std::uint32_t>(text.size());
        REQUIRE(::send(connection.far, text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
        REQUIRE(bench.turn_until([&] { return queue.bytes() >= wanted; }));
    }
    Bench& bench;
    SliceQueue& queue;
    Connection connection;
    int near;
};

std::string front_of(const SliceQueue& queue, std::size_t room) {
    std::string text(room, '?');
    const std::size_t copied = queue.copy_front(reinterpret_cast<std::byte*>(text.data()), room);
    text.resize(copied);
    return text;
}

std::size_t nodes_of(const SliceQueue& queue) {
    std::size_t count = 0;
    for (const SliceNode* node = queue.first(); node != nullptr; node = node->next) ++count;
    return count;
}

}  // namespace

TEST_CASE("slices that follow each other in one buffer become one piece") {
    Bench bench({});
    if (!bench.buffers->incremental()) return;
    SliceQueue queue(bench.pools);
    Reader reader(bench, queue);
    CHECK(queue.empty());
    for (const char* text : {"one ", "two ", "three"}) reader.say(text);
    CHECK(nodes_of(queue) == 1);
    CHECK(bench.slices.in_use() == 1);
    CHECK(queue.bytes() == 13);
    CHECK(front_of(queue, 100) == "one two three");
    CHECK(front_of(queue, 6) == "one tw");
    CHECK(front_of(queue, 0).empty());
    queue.consume(4);
    CHECK(front_of(queue, 100) == "two three");
    // What comes now continues the same piece.
    reader.say("!");
    CHECK(nodes_of(queue) == 1);
    CHECK(front_of(queue, 100) == "two three!");
    queue.clear();
    CHECK(queue.empty());
    CHECK(queue.bytes() == 0);
    CHECK(bench.slices.in_use() == 0);
}

TEST_CASE("slices of different buffers stay apart, and consuming gives the buffers back in turn") {
    BenchSettings settings;
    settings.incremental = false;
    settings.buffers = 8;
    settings.buffer_bytes = 4096;
    Bench bench(settings);
    {
        SliceQueue queue(bench.pools);
        Reader reader(bench, queue);
        for (const char* text : {"one ", "two ", "three"}) reader.say(text);
        CHECK(nodes_of(queue) == 3);
        CHECK(bench.buffers->in_use() == 3);
        CHECK(front_of(queue, 7) == "one two");
        queue.consume(5);
        CHECK(bench.buffers->in_use() == 2);
        CHECK(front_of(queue, 100) == "wo three");
        queue.consume(0);
        queue.consume(3);
        CHECK(bench.buffers->in_use() == 1);
        CHECK(bench.slices.in_use() == 1);
        reader.say("four");
        CHECK(front_of(queue, 100) == "threefour");
    }  // the queue gives back what is in it
    bench.check_all_returned();
}

TEST_CASE("two queues share buffers over a random life: bytes exact, every lease comes back") {
    for (const bool incremental : {true, false}) {
        BenchSettings settings;
        settings.incremental = incremental;
        settings.buffers = 8;
        settings.buffer_bytes = 4096;
        Bench bench(settings);
        base::Random random(17);
        {
            SliceQueue left(bench.pools), right(bench.pools);
            std::string model[2];
            std::deque<Reader> readers;
            readers.emplace_back(bench, left);
            readers.emplace_back(bench, right);
            for (int step = 0; step < 400; ++step) {
                const auto which = static_cast<std::size_t>(random.below(2));
                SliceQueue& queue = which == 0 ? left : right;
                if (model[which].size() < 1500 && bench.buffers->in_use() < 5) {
                    const auto length = static_cast<std::size_t>(1 + random.below(700));
                    const std::string text(length, static_cast<char>('a' + step % 26));
                    readers[which].say(text);
                    model[which] += text;
                }
                const auto part = static_cast<std::size_t>(random.below(model[which].size() + 1));
                queue.consume(part);
                model[which].erase(0, part);
                REQUIRE(queue.bytes() == model[which].size());
                REQUIRE(front_of(queue, 4000) == model[which]);
                bench.buffers->flush();
            }
        }
        bench.check_all_returned();
    }
}

namespace {

std::string_view text_of(const Block& block) { return {block.data, block.used}; }

Block& write_block(Bench& bench, std::string_view text) {
    Block* block = bench.blocks.take(text.size());
    REQUIRE(block != nullptr);
    std::memcpy(block->data, text.data(), text.size());
    block->used = static_cast<std::uint32_t>(text.size());
    return *block;
}

}  // namespace

TEST_CASE("a block is held by every piece of it that waits, and let go with the last") {
    Bench bench({});
    {
        SliceQueue queue(bench.pools);
        Block& block = write_block(bench, "GET / HTTP/1.1\r\n");
        queue.append_block(block, text_of(block).substr(0, 6));
        CHECK(block.holders == 2);
        queue.append_block(block, text_of(block).substr(6));
        CHECK(block.holders == 3);
        queue.append_block(block, {});  // nothing waits, nothing is held
        CHECK(block.holders == 3);
        CHECK(queue.bytes() == 16);
        bench.blocks.release(block);  // its writer is done with it
        CHECK(front_of(queue, 100) == "GET / HTTP/1.1\r\n");
        queue.consume(3);
        CHECK(block.holders == 2);
        queue.consume(3);
        CHECK(block.holders == 1);
        CHECK(front_of(queue, 100) == "HTTP/1.1\r\n");
        CHECK(bench.blocks.in_use() == 1);
        queue.consume(10);
        CHECK(queue.empty());
        CHECK(bench.blocks.in_use() == 0);
    }
    bench.check_all_returned();
}

TEST_CASE("constant text belongs to nobody") {
    Bench bench({});
    {
        SliceQueue queue(bench.pools);
        queue.append_constant("HTTP/1.1 100 Continue\r\n\r\n");
        queue.append_constant("");
        CHECK(nodes_of(queue) == 1);
        queue.append_constant("0\r\n\r\n");
        CHECK(front_of(queue, 100) == "HTTP/1.1 100 Continue\r\n\r\n0\r\n\r\n");
        queue.consume(26);
        CHECK(front_of(queue, 100) == "\r\n\r\n");
    }
    bench.check_all_returned();
}

TEST_CASE("moving from one queue to another splits received bytes: each part holds the buffer") {
    for (const bool incremental : {true, false}) {
        CAPTURE(incremental);
        BenchSettings settings;
        settings.incremental = incremental;
        Bench bench(settings);
        if (incremental && !bench.buffers->incremental()) continue;
        {
            SliceQueue from(bench.pools), to(bench.pools);
            Reader reader(bench, from);
            reader.say("head body");
            from.move_front(0, to);
            CHECK(to.empty());
            from.move_front(5, to);
            CHECK(front_of(to, 100) == "head ");
            CHECK(front_of(from, 100) == "body");
            from.move_front(1, to);
            // What follows in the same buffer continues the piece.
            CHECK(nodes_of(to) == 1);
            CHECK(front_of(to, 100) == "head b");
            from.move_front(3, to);
            CHECK(from.empty());
            CHECK(from.bytes() == 0);
            CHECK(nodes_of(to) == 1);
            CHECK(bench.slices.in_use() == 1);
            reader.say("more");  // the emptied queue works on
            CHECK(front_of(from, 100) == "more");
            to.clear();
            CHECK(front_of(from, 100) == "more");
        }
        bench.check_all_returned();
    }
}

TEST_CASE("a head, received bytes and constants leave in the order in which they were queued") {
    Bench bench({});
    {
        SliceQueue received(bench.pools), out(bench.pools);
        Reader reader(bench, received);
        Block& head = write_block(bench, "HEAD\r\n\r\n");
        out.append_block(head, text_of(head));
        bench.blocks.release(head);
        reader.say("5\r\nhello\r\nnext");
        received.move_front(3, out);
        received.consume(0);
        received.move_front(7, out);
        out.append_constant("0\r\n\r\n");
        CHECK(front_of(out, 100) == "HEAD\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        CHECK(front_of(received, 100) == "next");
        CHECK(nodes_of(out) == 3);
        // Received bytes do not continue a constant's node, nor a block's.
        received.move_front(4, out);
        CHECK(nodes_of(out) == 4);
        SliceQueue rest(bench.pools);
        out.move_front(out.bytes(), rest);
        CHECK(out.empty());
        CHECK(nodes_of(rest) == 4);
        CHECK(rest.bytes() == 27);
    }
    CHECK(bench.blocks.in_use() == 0);
    bench.check_all_returned();
}

TEST_CASE(
    "pieces of every owner wander between three queues: bytes exact, every lease comes back") {
    static const std::string constants = "The quick brown fox jumps over the lazy dog. 0123456789";
    for (const bool incremental : {true, false}) {
        for (const std::uint64_t seed : {1ull, 2ull, 3ull, 4ull}) {
            CAPTURE(incremental);
            CAPTURE(seed);
            BenchSettings settings;
            settings.incremental = incremental;
            settings.buffers = 16;
            settings.buffer_bytes = 4096;
            Bench bench(settings);
            base::Random random(seed);
            {
                SliceQueue first(bench.pools), second(bench.pools), third(bench.pools);
                SliceQueue* const queues[] = {&first, &second, &third};
                std::string models[3];
                Reader reader(bench, first);
                for (int step = 0; step < 600; ++step) {
                    const auto which = static_cast<std::size_t>(random.below(3));
                    const auto other = (which + 1 + static_cast<std::size_t>(random.below(2))) % 3;
                    SliceQueue& queue = *queues[which];
                    std::string& model = models[which];
                    const auto length = static_cast<std::size_t>(1 + random.below(200));
                    const std::string text(length, static_cast<char>('a' + step % 26));
                    const bool room = model.size() < 1'500;
                    if (random.chance(1, 3) && models[0].size() < 1'500 &&
                        bench.buffers->in_use() < 8) {
                        reader.say(text);
                        models[0] += text;
                    }
                    if (random.chance(1, 3) && room) {
                        Block& block = write_block(bench, text);
                        const auto at = static_cast<std::size_t>(random.below(length));
                        queue.append_block(block, text_of(block).substr(at));
                        queue.append_block(block, text_of(block).substr(0, at));
                        bench.blocks.release(block);
                        model += text.substr(at) + text.substr(0, at);
                    }
                    if (random.chance(1, 3) && room) {
                        const auto part = random.below(constants.size());
                        queue.append_constant(std::string_view(constants).substr(part));
                        model += constants.substr(part);
                    }
                    const auto move = static_cast<std::size_t>(random.below(model.size() + 1));
                    queue.move_front(move, *queues[other]);
                    models[other] += model.substr(0, move);
                    model.erase(0, move);
                    const auto drop = static_cast<std::size_t>(
                        random.below(std::min<std::size_t>(models[other].size(), 600) + 1));
                    queues[other]->consume(drop);
                    models[other].erase(0, drop);
                    for (std::size_t i = 0; i < 3; ++i) {
                        REQUIRE(queues[i]->bytes() == models[i].size());
                        REQUIRE(front_of(*queues[i], 20'000) == models[i]);
                    }
                    bench.buffers->flush();
                }
            }
            CHECK(bench.blocks.in_use() == 0);
            bench.check_all_returned();
        }
    }
}

TEST_CASE("pieces of every owner are sent by one request, in order, and given back as they go") {
    Bench bench({});
    {
        async::Wake wake;
        Connection connection;
        Socket socket(bench.pools, wake);
        socket.attach(connection.take_near());
        stats::DirectionStats stats;
        Flow flow;
        flow.direction = &stats;
        SliceQueue received(bench.pools), out(bench.pools);
        Reader reader(bench, received);
        Block& head = write_block(bench, "HTTP/1.1 200 OK\r\n\r\n");
        out.append_block(head, text_of(head));
        bench.blocks.release(head);
        reader.say("body");
        received.move_front(4, out);
        out.append_constant("\r\n0\r\n\r\n");
        const std::uint64_t sends = bench.ring->counters().sends;
        REQUIRE(socket.send_from(out, flow));
        REQUIRE(bench.turn_until([&] { return !socket.is_sending(); }));
        CHECK(bench.ring->counters().sends == sends + 1);
        CHECK(out.empty());
        CHECK(bench.blocks.in_use() == 0);
        CHECK(flow.bytes == 30);
        char heard[31] = {};
        CHECK(::recv(connection.far, heard, 30, MSG_WAITALL) == 30);
        CHECK(std::string_view(heard) == "HTTP/1.1 200 OK\r\n\r\nbody\r\n0\r\n\r\n");
        socket.stop();
        REQUIRE(bench.turn_until([&] { return socket.is_quiet(); }));
        socket.close(false);
    }
    bench.check_all_returned();
}
