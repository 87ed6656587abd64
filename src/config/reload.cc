#include "ringway/config/reload.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ringway/config/limits.h"
#include "ringway/config/options.h"
#include "ringway/config/url.h"

namespace ringway::config {
namespace {

constexpr std::size_t nowhere = SIZE_MAX;

template <typename Object>
std::size_t index_of(const std::vector<Object>& objects, std::string_view name) {
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (objects[i].name == name) return i;
    }
    return nowhere;
}

// What nobody chose stays as it was, though the machine or the pools would give another value now.
void keep_derived(const Settings& running, Settings& fresh) {
    if (fresh.derived.shards) fresh.shards = running.shards;
    if (fresh.derived.pin) fresh.pin = running.pin;
    if (fresh.derived.connections_max) fresh.connections_max = running.connections_max;
    if (fresh.derived.pipes_max) fresh.pipes_max = running.pipes_max;
    if (fresh.derived.control_path) fresh.control_path = running.control_path;
}

// Collects what differs and must not, by the names that people write.
class Differences {
  public:
    template <typename Object>
    void compare(std::span<const OptionRow<Object>> rows, const Object& before, const Object& after,
                 std::string_view prefix, bool all_fixed) {
        for (const auto& row : rows) {
            if (!all_fixed && !row.fixed) continue;
            if (row.show(before) != row.show(after)) add(fmt::format("{}{}", prefix, row.name));
        }
    }
    void add(std::string difference) { text_ += (text_.empty() ? "" : ", ") + difference; }
    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

void compare_listeners(Differences& differences, const Listener& before, const Listener& after) {
    const std::string prefix = fmt::format("listener {}: ", before.name);
    if (before.target != after.target) {
        differences.add(fmt::format("{}url ({} to {})", prefix, format_url(before.target),
                                    format_url(after.target)));
    }
    differences.compare(listener_options(), before, after, prefix, false);
    differences.compare(socket_options(), before.socket, after.socket, prefix, true);
}

// Into the order of the running ones, whose indexes the shards know.
void arrange_listeners(const Settings& running, Settings& fresh, Differences& differences) {
    std::vector<Listener> arranged;
    for (const Listener& before : running.listeners) {
        const std::size_t i = index_of(fresh.listeners, before.name);
        if (i == nowhere) {
            differences.add(fmt::format("listener {} (gone)", before.name));
            continue;
        }
        compare_listeners(differences, before, fresh.listeners[i]);
        arranged.push_back(fresh.listeners[i]);
    }
    for (const Listener& listener : fresh.listeners) {
        if (index_of(running.listeners, listener.name) == nowhere) {
            differences.add(fmt::format("listener {} (new)", listener.name));
        }
    }
    fresh.listeners = std::move(arranged);
}

template <typename Object>
std::size_t first_free_slot(const std::vector<Object>& objects, std::size_t at_least = 0) {
    for (const Object& object : objects) at_least = std::max(at_least, object.slot + 1);
    return at_least;
}

// Gives what is there again its slot back, what is new the next one, and adds what is gone.
template <typename Object>
void arrange_slots(const std::vector<Object>& running, std::vector<Object>& fresh,
                   std::size_t& next_slot) {
    for (Object& object : fresh) {
        const std::size_t i = index_of(running, object.name);
        object.slot = i == nowhere ? next_slot++ : running[i].slot;
    }
    for (const Object& before : running) {
        if (index_of(fresh, before.name) != nowhere) continue;
        fresh.push_back(before);
        fresh.back().retired = true;
        if constexpr (std::is_same_v<Object, Endpoint>) {
            fresh.back().retired_with_upstream = false;  // the upstream is there
        }
    }
}

void retire(Upstream& upstream) {
    upstream.retired = true;
    for (Endpoint& endpoint : upstream.endpoints) {
        if (std::exchange(endpoint.retired, true)) continue;  // since an earlier reload
        endpoint.retired_with_upstream = true;
    }
}

// Where each of the fresh upstreams is from now on.
using Places = std::vector<std::size_t>;

Places arrange_upstreams(const Settings& running, Settings& fresh, Differences& differences) {
    std::size_t next_slot = 0;
    for (const Upstream& upstream : running.upstreams) {
        next_slot = first_free_slot(upstream.endpoints, next_slot);
    }
    std::vector<Upstream> arranged = running.upstreams;
    for (Upstream& upstream : arranged) retire(upstream);
    Places places;
    for (Upstream& upstream : fresh.upstreams) {
        const std::size_t i = index_of(running.upstreams, upstream.name);
        const std::vector<Endpoint> none;
        if (i != nowhere && running.upstreams[i].speaks_http() != upstream.speaks_http()) {
            differences.add(fmt::format("upstream {}: its protocol", upstream.name));
        }
        arrange_slots(i == nowhere ? none : running.upstreams[i].endpoints, upstream.endpoints,
                      next_slot);
        places.push_back(i == nowhere ? arranged.size() : i);
        if (i == nowhere) {
            arranged.push_back(std::move(upstream));
        } else {
            arranged[i] = std::move(upstream);
        }
    }
    fresh.upstreams = std::move(arranged);
    return places;
}

std::string too_much_left_over(const Settings& settings) {
    std::size_t endpoint_slots = 0;
    for (const Upstream& upstream : settings.upstreams) {
        endpoint_slots = first_free_slot(upstream.endpoints, endpoint_slots);
    }
    const std::size_t route_slots = first_free_slot(settings.routes);
    if (settings.upstreams.size() <= upstream_places_max && endpoint_slots <= endpoint_slots_max &&
        route_slots <= route_slots_max) {
        return {};
    }
    return fmt::format(
        "{} upstreams, {} endpoints and {} routes with those that earlier reloads "
        "left over: at most {}, {} and {}",
        settings.upstreams.size(), endpoint_slots, route_slots, upstream_places_max,
        endpoint_slots_max, route_slots_max);
}

}  // namespace

void assign_slots(Settings& settings) {
    std::size_t slot = 0;
    for (Upstream& upstream : settings.upstreams) {
        for (Endpoint& endpoint : upstream.endpoints) endpoint.slot = slot++;
    }
    slot = 0;
    for (Route& route : settings.routes) route.slot = slot++;
}

Checked<Settings> plan_reload(const Settings& running, Settings fresh) {
    keep_derived(running, fresh);
    Differences differences;
    differences.compare(process_options(), running, fresh, "", false);
    arrange_listeners(running, fresh, differences);
    const Places places = arrange_upstreams(running, fresh, differences);
    if (!differences.text().empty()) {
        return Refusal{fmt::format("fixed while ringway runs, and changed: {}", differences.text()),
                       "start ringway anew with these"};
    }
    for (Listener& listener : fresh.listeners) {
        if (!listener.speaks_http()) listener.upstream = places.at(listener.upstream);
    }
    for (Route& route : fresh.routes) {
        if (route.action == RouteAction::forward) route.upstream = places.at(route.upstream);
    }
    std::size_t next_slot = first_free_slot(running.routes);
    arrange_slots(running.routes, fresh.routes, next_slot);
    if (std::string reason = too_much_left_over(fresh); !reason.empty()) {
        return Refusal{std::move(reason), "start ringway anew"};
    }
    return fresh;
}

}  // namespace ringway::config
