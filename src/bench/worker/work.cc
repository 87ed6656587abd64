#include "work.h"

#include "http_client.h"
#include "worker.h"

namespace ringway::bench {

std::unique_ptr<Connection> make_connection(Worker& worker, std::uint32_t index) {
    switch (worker.plan().work) {
        case Work::requests:
        case Work::events:
        case Work::ping_pong:
        case Work::download:
        case Work::upload: break;
    }
    return std::make_unique<HttpClient>(worker, index);
}

}  // namespace ringway::bench
