// Which route a request takes: compiled once from the settings, asked once per request.
//
// Most specific first: an exact host before a wildcard (the longer suffix first) before any host;
// an exact path before a prefix (the longer first) before any path; then more header conditions,
// a method before none, a listener before none; then the order in which they were given. Immutable;
// finding allocates nothing, and its cost depends on how many different lengths of hosts and
// prefixes there are, not on how many routes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/settings.h"
#include "ringway/http/head.h"
#include "ringway/http/target.h"
#include "ringway/proxy/text_index.h"

namespace ringway::proxy {

struct RouteQuery {
    std::size_t listener = 0;  // index into Settings::listeners
    std::string_view host;     // any case, without a port
    std::string_view path;     // normalized
    const http::RequestHead& head;
};

class RouteTable {
  public:
    // Keeps pointers into `settings`. Leaves out retired routes and those of listeners that are
    // not there.
    explicit RouteTable(const config::Settings& settings);

    // nullptr when none matches.
    const config::Route* find(const RouteQuery& query) const;

  private:
    struct Condition {  // on a field
        http::FieldName id = http::FieldName::other;
        std::string_view name;
        const std::string* value = nullptr;  // nullptr: the field must be there
    };
    // What is still to be asked of a route when host and path fit.
    struct Candidate {
        const config::Route* route = nullptr;
        std::optional<std::size_t> listener;
        const std::vector<std::string>* methods = nullptr;  // nullptr: any
        std::vector<Condition> conditions;
    };
    struct Run {  // of candidates_, most specific first
        std::uint32_t first = 0;
        std::uint32_t end = 0;
    };
    struct HostGroup {
        bool has_exact_paths = false;
        std::vector<std::uint32_t> prefix_bytes;  // the lengths there are, longest first
        Run any_path;
    };
    struct Draft;

    std::uint32_t group_of(const Draft& draft);
    Run& run_of(const Draft& draft);
    const config::Route* find_in(std::uint32_t group, const RouteQuery& query) const;
    const config::Route* find_in(const Run& run, const RouteQuery& query) const;
    static bool fits(const Candidate& candidate, const RouteQuery& query);

    TextIndex hosts_{TextIndex::Case::ignored};       // to a place in groups_
    std::vector<std::uint32_t> wildcard_host_bytes_;  // the lengths there are, longest first
    std::optional<std::uint32_t> any_host_;           // a place in groups_
    std::vector<HostGroup> groups_;
    TextIndex paths_{TextIndex::Case::exact};  // to a place in path_runs_
    std::vector<Run> path_runs_;
    std::vector<Candidate> candidates_;
};

}  // namespace ringway::proxy
