#include "stats_rows.h"

#include <algorithm>
#include <string>

#include "replies.h"
#include "ringway/http/fault.h"

namespace ringway::control {

stats::StatsSizes stats_sizes_of(const config::Settings& settings) {
    stats::StatsSizes sizes;
    sizes.upstreams = settings.upstreams.size();
    for (const config::Upstream& upstream : settings.upstreams) {
        for (const config::Endpoint& endpoint : upstream.endpoints) {
            sizes.endpoints = std::max(sizes.endpoints, endpoint.slot + 1);
        }
    }
    for (const config::Route& route : settings.routes) {
        sizes.routes = std::max(sizes.routes, route.slot + 1);
    }
    return sizes;
}

std::vector<stats::UpstreamRow> upstream_rows_of(const config::Settings& settings) {
    std::vector<stats::UpstreamRow> rows;
    rows.reserve(settings.upstreams.size());
    for (const config::Upstream& upstream : settings.upstreams) {
        stats::UpstreamRow& row = rows.emplace_back();
        row.name = upstream.name;
        row.balance = name_of(upstream.balance);
        row.http = upstream.speaks_http();
        row.connections_min = upstream.pool.connections_min;
        row.connections_max = upstream.pool.connections_max;
        row.requests_max = upstream.requests_max;
        row.retired = upstream.retired;
    }
    return rows;
}

std::vector<stats::RouteRow> route_rows_of(const config::Settings& settings) {
    std::vector<stats::RouteRow> rows;
    rows.reserve(settings.routes.size());
    for (const config::Route& route : settings.routes) {
        stats::RouteRow& row = rows.emplace_back();
        row.name = route.name;
        const bool forwards = route.action == config::RouteAction::forward;
        if (forwards && route.upstream < settings.upstreams.size()) {
            row.upstream = settings.upstreams[route.upstream].name;
        }
        row.slot = route.slot;
        row.requests_max = route.requests_max;
        row.retired = route.retired;
    }
    return rows;
}

std::vector<std::string_view> fault_names() {
    static_assert(http::fault_count <= stats::fault_count_max);
    std::vector<std::string_view> names;
    for (std::size_t fault = 0; fault < http::fault_count; ++fault) {
        names.push_back(http::name_of(static_cast<http::Fault>(fault)));
    }
    return names;
}

}  // namespace ringway::control
