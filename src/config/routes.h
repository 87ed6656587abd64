// From routes as written to routes that lead somewhere, and the ones that nobody needs to write.
#pragma once

#include "apply_option.h"

namespace ringway::config {

struct BuiltRoute {
    RouteDraft draft;
    Said said;
    std::string where;
};

// Complete and right in itself; the names in it are not looked up yet.
Checked<BuiltRoute, Problem> build_route(const RawRoute& raw);

// Where everything was named by its owner and not by ringway.
struct GivenNames {
    std::vector<bool> listeners;
    std::vector<bool> upstreams;
};

// Fills in Settings::routes and the upstream of each TCP listener.
MaybeProblem resolve_routes(Settings& settings, std::vector<BuiltRoute> routes,
                            const GivenNames& given);

}  // namespace ringway::config
