// Which route a request takes: compiled once from the settings, asked once per request.
//
// Most specific first: an exact host before a wildcard (the longer suffix first) before any host;
// an exact path before a prefix (the longer first) before any path; then more header conditions,
// a method before none, a listener before none; then the order in which they were given. Immutable;
// finding allocates nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/settings.h"
#include "ringway/http/head.h"
#include "ringway/http/target.h"

namespace ringway::proxy {

struct RouteQuery {
    std::size_t listener = 0;  // index into Settings::listeners
    std::string_view host;     // any case, without a port
    std::string_view path;     // normalized
    const http::RequestHead& head;
};

class RouteTable {
  public:
    explicit RouteTable(const config::Settings& settings);

    // nullptr when none matches.
    const config::Route* find(const RouteQuery& query) const;

  private:
    struct Entry {
        const config::Route* route = nullptr;
        std::size_t listener = 0;
        bool any_listener = true;
    };
    std::vector<Entry> entries_;  // most specific first
};

}  // namespace ringway::proxy
