// One exchange through the relay of one connection, on socket pairs: the kernel's part is included,
// the network stack's is not.
#include "ringway/net/relay.h"

#include <array>
#include <memory>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "ringway/base/assert.h"
#include "ringway/ring/sys.h"

namespace ringway::perf {
namespace {

// What one shard has, as small as a relay needs it.
struct Bench {
    async::Runtime runtime{std::size_t{1} << 20};
    async::Runtime::Use use{runtime};
    std::unique_ptr<ring::Ring> ring = std::move(*ring::Ring::open({}));
    std::unique_ptr<ring::BufferGroup> buffers = std::move(*ring::BufferGroup::create(*ring, {}));
    net::SlicePool slices{1024};
    net::BlockPool blocks{16, 4096};
    net::SendVectorPool vectors{64};
    net::SocketPools pools{{slices, *buffers, blocks}, *ring, vectors};
    net::PipePool pipes{4, 262144};
    net::RelaySettings settings{.mode = config::RelayMode::copy};
    base::Instant now = ring::sys::now();
    std::array<std::byte, 4096> scratch{};
    net::RelayContext context{settings, pipes, *buffers, scratch.data(), scratch.size(), now};
    async::Wake wake;
    net::Socket downstream{pools, wake};
    net::Socket upstream{pools, wake};
    net::Relay relay{context, downstream, upstream};
    stats::DirectionStats up_stats, down_stats;
    int client = -1;
    int origin = -1;

    Bench() {
        int near[2], far[2];
        RW_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, near) == 0);
        RW_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, far) == 0);
        client = near[0];
        origin = far[0];
        downstream.attach(near[1]);
        upstream.attach(far[1]);
        relay.up.flow.direction = &up_stats;
        relay.down.flow.direction = &down_stats;
        relay.start();
        turn();
    }
    ~Bench() {
        ::close(client);
        ::close(origin);
        while (!relay.has_ended()) turn();
        downstream.stop();
        upstream.stop();
        while (!downstream.is_quiet() || !upstream.is_quiet()) turn();
        downstream.close(false);
        upstream.close(false);
    }

    void turn() {
        buffers->flush();
        ring->turn(base::Instant{0});
        relay.advance();
    }
    // Bytes from one end to the other through the relay.
    void pass(int from, int to, std::span<std::byte> message) {
        RW_ASSERT(::send(from, message.data(), message.size(), 0) ==
                  static_cast<ssize_t>(message.size()));
        std::size_t got = 0;
        while (got < message.size()) {
            turn();
            const ssize_t more = ::recv(to, message.data() + got, message.size() - got, 0);
            if (more > 0) got += static_cast<std::size_t>(more);
        }
    }
};

}  // namespace

void bench_relay() {
    const auto bench = std::make_unique<Bench>();
    for (const std::size_t bytes : {std::size_t{128}, std::size_t{4096}, std::size_t{65536}}) {
        std::vector<std::byte> message(bytes);
        measure(fmt::format("relay: exchange of {} bytes each way, with the kernel", bytes),
                [&](std::uint64_t n) {
                    for (std::uint64_t i = 0; i < n; ++i) {
                        bench->pass(bench->client, bench->origin, message);
                        bench->pass(bench->origin, bench->client, message);
                    }
                });
    }
}

}  // namespace ringway::perf
