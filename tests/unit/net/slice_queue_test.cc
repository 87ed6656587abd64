#include "ringway/net/slice_queue.h"

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
