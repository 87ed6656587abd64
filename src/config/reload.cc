#include "ringway/config/reload.h"

namespace ringway::config {

void assign_slots(Settings& settings) {
    std::size_t slot = 0;
    for (Upstream& upstream : settings.upstreams) {
        for (Endpoint& endpoint : upstream.endpoints) endpoint.slot = slot++;
    }
    slot = 0;
    for (Route& route : settings.routes) route.slot = slot++;
}

}  // namespace ringway::config
