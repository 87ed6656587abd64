// What one seed decides before its run begins: the machine, ringway's settings and the traffic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "faults.h"
#include "http_world.h"
#include "kernel.h"
#include "network.h"
#include "peer.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"

namespace ringway::sim {

struct Scenario {
    std::uint64_t seed = 0;
    std::uint64_t round = 0;  // a seed whose run was too short goes on with another machine
    std::size_t shards = 1;
    KernelSettings kernel;
    config::Settings settings;
    std::vector<std::vector<net::Address>> addresses;  // per endpoint, as resolved at start
    std::vector<net::Address> spare_addresses;         // per endpoint: where it can move to
    std::vector<bool> hands_over;                      // per listener

    std::size_t clients = 20;
    base::Duration arrivals_within = base::Duration::milliseconds(50);
    std::uint64_t bytes_max = 4096;
    bool bulk = false;
    bool breaks = false;  // peers reset and close when nobody expects it
    bool stalls = false;
    bool stalls_for_ever = false;  // only with a short idle timeout
    bool short_idle_timeout = false;
    bool limits_endpoints = false;
    bool faults_connects = false;  // connects may fail for reasons outside of ringway
    bool flaps_endpoints = false;
    bool moves_addresses = false;
    bool jumps_clock = false;
    bool drains_early = false;
    base::Duration drain_after{0};
    base::Duration drain_for = base::Duration::forever();
    // HTTP instead of raw TCP, on all listeners and upstreams.
    bool http = false;
    HttpManners manners;
    bool waits_briefly = false;  // a pool's queue is short, in time or in places
    bool limits_requests = false;
    bool generous_retries = false;  // the budget never denies one
    std::string inbound_preambles;  // "", "v1" or "v2": what trusted clients send

    std::string describe() const;
    std::string describe_http() const;
};

Scenario draw_scenario(std::uint64_t seed, std::uint64_t round);
void draw_http(Scenario& scenario);  // scenario_http.cc: turns it into one of HTTP
void set_rates(Faults& faults, const Scenario& scenario);
PeerPlan draw_plan(const Scenario& scenario, base::Random& random, bool is_client);

AddressKey key_of(const net::Address& address);
inline constexpr std::uint32_t trusted_network = 0x0A010000;    // 10.1/16
inline constexpr std::uint32_t untrusted_network = 0x0A020000;  // 10.2/16
inline constexpr std::uint32_t denied_network = 0x0A030000;     // 10.3/16

}  // namespace ringway::sim
