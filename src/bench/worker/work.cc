#include "work.h"

#include "bulk_client.h"
#include "event_client.h"
#include "http_client.h"
#include "ping_pong_client.h"
#include "worker.h"

namespace ringway::bench {

std::unique_ptr<Connection> make_connection(Worker& worker, std::uint32_t index) {
    switch (worker.plan().work) {
        case Work::requests: break;
        case Work::events: return std::make_unique<EventClient>(worker, index);
        case Work::ping_pong: return std::make_unique<PingPongClient>(worker, index);
        case Work::download: return std::make_unique<DownloadClient>(worker, index);
        case Work::upload: return std::make_unique<UploadClient>(worker, index);
    }
    return std::make_unique<HttpClient>(worker, index);
}

}  // namespace ringway::bench
