// Bytes of what a connection and a shard are made of.

#include "bench.h"
#include "ringway/base/slab.h"
#include "ringway/net/relay.h"
#include "ringway/net/socket.h"
#include "ringway/proxy/session.h"
#include "ringway/stats/shard_stats.h"

namespace ringway::perf {

void note_sizes() {
    note_bytes("size: net::Socket", sizeof(net::Socket));
    note_bytes("size: net::Relay", sizeof(net::Relay));
    note_bytes("size: proxy::Session", sizeof(proxy::Session));
    note_bytes("size: slot of a session", base::Slab<proxy::Session>::slot_bytes());
    note_bytes("size: stats::Histogram", sizeof(stats::Histogram));
    note_bytes("size: stats::ShardStats", sizeof(stats::ShardStats));
}

}  // namespace ringway::perf
