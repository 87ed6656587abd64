// Names to addresses, again and again, off the data path (c-ares on the coordinator's poll loop).
//
// Owns the c-ares channel. Literals never come here. What a name resolved to last stays in use when
// a later look-up fails; a failure is reported once, and so is its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "poller.h"
#include "ringway/base/clock.h"
#include "ringway/base/random.h"
#include "ringway/net/address.h"

struct ares_addrinfo;  // NOLINT(readability-identifier-naming): c-ares names it
struct ares_channeldata;

namespace ringway::control {

struct NameToResolve {
    std::size_t endpoint = 0;  // flat index
    std::string host;
    std::uint16_t port = 0;

    bool operator==(const NameToResolve&) const = default;
};

struct ResolverReports {
    std::function<void(std::size_t endpoint, const std::vector<net::Address>& addresses)> changed;
    std::function<void(std::size_t endpoint, std::string_view host, std::string_view reason)>
        failed;
    std::function<void(std::size_t endpoint, std::string_view host)> recovered;
};

class Resolver {
  public:
    Resolver(Poller& poller, std::vector<NameToResolve> names, base::Duration interval,
             std::uint64_t seed, ResolverReports reports);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // Other names from now on. What stays (endpoint, host and port) keeps its addresses and its
    // time; what is new is asked for at the next tick.
    void replace(std::vector<NameToResolve> names, base::Duration interval);

    // Why the resolver cannot work at all (c-ares refused to start), or empty.
    const std::string& broken() const { return broken_; }
    // True until every name has had its first answer, good or bad.
    bool first_round_under_way() const;
    std::vector<std::string> unresolved() const;

    // Starts look-ups that are due and lets c-ares handle its timeouts.
    void tick(base::Instant now);
    base::Instant next_due() const;

  private:
    struct Name {
        NameToResolve target;
        std::vector<net::Address> addresses;
        base::Instant due{0};
        base::Duration retry_after = base::Duration::seconds(1);
        bool wanted = true;  // its place may go to another when nobody asks for it any more
        bool asking = false;
        bool answered = false;
        bool failing = false;
    };
    struct Query {
        Resolver* resolver = nullptr;
        std::size_t name = 0;
    };

    void open_channel();
    void add(NameToResolve target);
    void socket_state(int fd, bool readable, bool writable);
    void ask(std::size_t name);
    void answered(std::size_t name, int status, ares_addrinfo* info);
    void learned(Name& name, std::vector<net::Address> addresses, base::Duration lifetime);
    base::Duration jittered(base::Duration span);

    Poller& poller_;
    base::Duration interval_;
    base::Random random_;
    ResolverReports reports_;
    std::vector<Name> names_;
    std::deque<Query> queries_;  // one per name, at stable places
    std::vector<int> watched_;   // descriptors of c-ares that the poller watches
    ares_channeldata* channel_ = nullptr;
    bool library_ready_ = false;
    bool closing_ = false;
    std::string broken_;
};

}  // namespace ringway::control
