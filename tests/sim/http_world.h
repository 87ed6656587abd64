// What the simulated HTTP clients and origins share: every exchange by its id, as it was planned
// and as it was seen from both ends.
//
// A client writes a request's id into its target and a field; the origin looks the exchange up by
// it and answers as planned. Whoever sees something that cannot be, fails the run at once.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "http_text.h"
#include "network.h"

namespace ringway::sim {

struct HttpExchange {
    std::uint64_t id = 0;

    // ---- planned
    std::string method = "GET";
    std::uint64_t request_bytes = 0;
    bool request_chunked = false;
    bool expects_continue = false;
    bool http10 = false;
    std::string client_ip;
    int status = 200;
    HttpFraming framing = HttpFraming::length;  // of the response, as its origin sends it
    std::uint64_t response_bytes = 0;
    bool forbidden = false;       // stands behind something ambiguous: no origin may ever see it
    bool never_complete = false;  // its body is malformed: no origin may take it for whole
    bool refusable = false;       // ringway has a reason to answer it itself

    // ---- seen by its client
    enum class Outcome : std::uint8_t {
        waiting,
        answered,   // by an origin, to the end
        refused,    // by ringway itself
        cut,        // the response ended early, visibly
        dropped,    // the connection ended without a response
        abandoned,  // the client went away
    };
    Outcome outcome = Outcome::waiting;
    int status_seen = 0;
    bool request_sent = false;     // to its last byte
    bool close_announced = false;  // on the connection, before this one was answered
    bool client_faulted = false;   // an error was put on ringway's end of its connection

    // ---- seen by origins
    std::uint32_t heads = 0;
    std::uint32_t complete_requests = 0;
    std::uint32_t complete_responses = 0;
    std::uint32_t broken_attempts = 0;  // the origin cut, stalled or talked nonsense

    bool answers_without_body() const { return method == "HEAD" || status == 204 || status == 304; }
    bool is_idempotent() const { return method != "POST" && method != "PATCH"; }
};
const char* name_of(HttpExchange::Outcome outcome);

// What the seed decided about everybody's manners.
struct HttpManners {
    std::uint64_t request_bytes_max = 2'000;
    std::uint64_t response_bytes_max = 4'000;
    std::uint32_t requests_max = 8;  // per connection
    std::uint32_t depth_max = 1;     // pipelined
    // Clients.
    bool breaks = false;        // reset and close when nobody expects it
    bool stalls = false;        // for a while
    bool bad_requests = false;  // ambiguous or malformed, with something hidden behind
    bool http10 = false;
    // Origins.
    bool cuts = false;  // end in the middle of a response
    bool talks_nonsense = false;
    bool closes_idle = false;   // at any moment, also just when a request is coming
    bool closes_after = false;  // says so, and does
    bool answers_early = false;
    bool sends_interim = false;
    bool until_close = false;
    bool stalls_for_ever = false;  // only where a timeout ends it
    bool pads_heads = false;
};

class HttpClient;
class HttpOriginConnection;

struct HttpWorld {
    HttpWorld(Network& net, const HttpManners& given, std::uint64_t seed);
    ~HttpWorld();
    HttpWorld(const HttpWorld&) = delete;
    HttpWorld& operator=(const HttpWorld&) = delete;

    HttpExchange& make_exchange();
    HttpExchange* find(std::uint64_t id);
    Kernel& kernel() { return network.kernel(); }

    Network& network;
    HttpManners manners;
    base::Random random;
    bool direct = false;  // no proxy stands between: for testing clients and origins themselves
    bool quiet = false;   // everybody behaves
    std::deque<HttpExchange> exchanges;
    std::vector<std::unique_ptr<HttpClient>> clients;
    std::vector<std::unique_ptr<HttpOriginConnection>> connections;
    std::uint64_t clients_open = 0;
    std::uint64_t origin_requests = 0;  // heads that arrived
};

}  // namespace ringway::sim
