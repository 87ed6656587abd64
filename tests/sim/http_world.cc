#include "http_world.h"

#include "http_client.h"
#include "http_origin.h"

namespace ringway::sim {

const char* name_of(HttpExchange::Outcome outcome) {
    switch (outcome) {
        case HttpExchange::Outcome::waiting: return "waiting";
        case HttpExchange::Outcome::answered: return "answered";
        case HttpExchange::Outcome::refused: return "refused";
        case HttpExchange::Outcome::cut: return "cut";
        case HttpExchange::Outcome::dropped: return "dropped";
        case HttpExchange::Outcome::abandoned: return "abandoned";
    }
    return "?";
}

HttpWorld::HttpWorld(Network& net, const HttpManners& given, std::uint64_t seed)
    : network(net), manners(given), random(seed) {}

HttpWorld::~HttpWorld() = default;

HttpExchange& HttpWorld::make_exchange() {
    HttpExchange& made = exchanges.emplace_back();
    made.id = exchanges.size();
    return made;
}

HttpExchange* HttpWorld::find(std::uint64_t id) {
    return id == 0 || id > exchanges.size() ? nullptr : &exchanges[id - 1];
}

}  // namespace ringway::sim
