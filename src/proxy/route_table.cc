#include "ringway/proxy/route_table.h"

#include <algorithm>
#include <tuple>

#include "ringway/http/names.h"

namespace ringway::proxy {
namespace {

enum class HostKind : std::uint8_t { exact, wildcard, any };
enum class PathKind : std::uint8_t { exact, prefix, any };

std::string_view without_final_dot(std::string_view host) {
    if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
    return host;
}

// Spaces of the path index: two for each group of hosts.
std::uint32_t path_space(std::uint32_t group, PathKind kind) {
    return group * 2 + (kind == PathKind::prefix ? 1 : 0);
}

std::string in_small_letters(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

std::optional<std::size_t> listener_named(const config::Settings& settings, std::string_view name) {
    for (std::size_t i = 0; i < settings.listeners.size(); ++i) {
        if (settings.listeners[i].name == name) return i;
    }
    return std::nullopt;
}

void note_length(std::vector<std::uint32_t>& lengths, std::size_t bytes) {
    const auto length = static_cast<std::uint32_t>(bytes);
    const auto place = std::lower_bound(lengths.begin(), lengths.end(), length, std::greater<>());
    if (place == lengths.end() || *place != length) lengths.insert(place, length);
}

}  // namespace

// A route with its conditions taken apart, before it has its place.
struct RouteTable::Draft {
    Draft(const config::Route& from, std::size_t given_as) : order(given_as) {
        const config::RouteMatch& match = from.match;
        host = in_small_letters(without_final_dot(match.host));
        if (host.starts_with("*.")) {
            host_kind = HostKind::wildcard;
            host.erase(0, 2);
        } else if (!host.empty()) {
            host_kind = HostKind::exact;
        }
        path = match.path;
        if (match.path_is_prefix) {
            path_kind = PathKind::prefix;
            if (path == "/") path = {};  // "/*": all that begins with a slash
        } else if (!path.empty()) {
            path_kind = PathKind::exact;
        }
        candidate.route = &from;
        if (!match.methods.empty()) candidate.methods = &match.methods;
        for (const config::HeaderCondition& header : match.headers) {
            candidate.conditions.push_back({http::field_name_of(header.name), header.name,
                                            header.value ? &*header.value : nullptr});
        }
    }
    // Routes of one host and path stand together, most specific first.
    auto key() const {
        return std::tuple(host_kind, std::string_view(host), path_kind, path,
                          ~candidate.conditions.size(), candidate.route->match.methods.empty(),
                          !candidate.listener, order);
    }

    HostKind host_kind = HostKind::any;
    std::string host;  // in small letters; of a wildcard: what follows "*."
    PathKind path_kind = PathKind::any;
    std::string_view path;
    Candidate candidate;
    std::size_t order;
};

RouteTable::RouteTable(const config::Settings& settings) {
    std::vector<Draft> drafts;
    for (const config::Route& route : settings.routes) {
        if (route.retired) continue;
        Draft draft(route, drafts.size());
        if (!route.match.listener.empty()) {
            draft.candidate.listener = listener_named(settings, route.match.listener);
            if (!draft.candidate.listener) continue;
        }
        drafts.push_back(std::move(draft));
    }
    std::sort(drafts.begin(), drafts.end(),
              [](const Draft& a, const Draft& b) { return a.key() < b.key(); });
    for (Draft& draft : drafts) {
        const auto number = static_cast<std::uint32_t>(candidates_.size());
        Run& run = run_of(draft);
        if (run.first == run.end) run.first = number;
        run.end = number + 1;
        candidates_.push_back(std::move(draft.candidate));
    }
}

std::uint32_t RouteTable::group_of(const Draft& draft) {
    const auto fresh = static_cast<std::uint32_t>(groups_.size());
    std::uint32_t group = fresh;
    if (draft.host_kind == HostKind::any) {
        group = any_host_.value_or(fresh);
        any_host_ = group;
    } else {
        const auto space = static_cast<std::uint32_t>(draft.host_kind);
        hosts_.add(space, draft.host, fresh);
        group = *hosts_.find(space, draft.host);
        if (draft.host_kind == HostKind::wildcard) {
            note_length(wildcard_host_bytes_, draft.host.size());
        }
    }
    if (group == fresh) groups_.emplace_back();
    return group;
}

RouteTable::Run& RouteTable::run_of(const Draft& draft) {
    const std::uint32_t group = group_of(draft);
    if (draft.path_kind == PathKind::any) return groups_[group].any_path;
    if (draft.path_kind == PathKind::prefix) {
        note_length(groups_[group].prefix_bytes, draft.path.size());
    } else {
        groups_[group].has_exact_paths = true;
    }
    const std::uint32_t space = path_space(group, draft.path_kind);
    const auto fresh = static_cast<std::uint32_t>(path_runs_.size());
    paths_.add(space, draft.path, fresh);
    const std::uint32_t place = *paths_.find(space, draft.path);
    if (place == fresh) path_runs_.emplace_back();
    return path_runs_[place];
}

const config::Route* RouteTable::find(const RouteQuery& query) const {
    const std::string_view host = without_final_dot(query.host);
    const auto look_up = [&](HostKind kind, std::string_view text) -> const config::Route* {
        const auto group = hosts_.find(static_cast<std::uint32_t>(kind), text);
        return group ? find_in(*group, query) : nullptr;
    };
    if (const config::Route* route = look_up(HostKind::exact, host)) return route;
    for (const std::uint32_t bytes : wildcard_host_bytes_) {
        if (host.size() < bytes + std::size_t{2}) continue;
        const std::size_t dot = host.size() - bytes - 1;
        if (host[dot] != '.') continue;
        if (const config::Route* route = look_up(HostKind::wildcard, host.substr(dot + 1))) {
            return route;
        }
    }
    return any_host_ ? find_in(*any_host_, query) : nullptr;
}

const config::Route* RouteTable::find_in(std::uint32_t group, const RouteQuery& query) const {
    const std::string_view path = query.path;
    const HostGroup& hosts = groups_[group];
    const auto look_up = [&](PathKind kind, std::string_view text) -> const config::Route* {
        const auto run = paths_.find(path_space(group, kind), text);
        return run ? find_in(path_runs_[*run], query) : nullptr;
    };
    if (hosts.has_exact_paths) {
        if (const config::Route* route = look_up(PathKind::exact, path)) return route;
    }
    for (const std::uint32_t bytes : hosts.prefix_bytes) {
        if (path.size() < bytes || (bytes == 0 && path.empty())) continue;
        if (path.size() > bytes && path[bytes] != '/') continue;
        if (const config::Route* route = look_up(PathKind::prefix, path.substr(0, bytes))) {
            return route;
        }
    }
    return find_in(hosts.any_path, query);
}

const config::Route* RouteTable::find_in(const Run& run, const RouteQuery& query) const {
    for (std::uint32_t i = run.first; i < run.end; ++i) {
        if (fits(candidates_[i], query)) return candidates_[i].route;
    }
    return nullptr;
}

bool RouteTable::fits(const Candidate& candidate, const RouteQuery& query) {
    if (candidate.listener && *candidate.listener != query.listener) return false;
    if (candidate.methods != nullptr) {
        const std::string_view method = query.head.text(query.head.method_text);
        const auto end = candidate.methods->end();
        if (std::find(candidate.methods->begin(), end, method) == end) return false;
    }
    const auto holds = [&](const Condition& condition) {
        for (const http::Field& field : query.head.fields()) {
            if (field.id != condition.id) continue;
            if (condition.id == http::FieldName::other &&
                !http::equals_ignoring_case(query.head.name(field), condition.name)) {
                continue;
            }
            if (condition.value == nullptr || query.head.value(field) == *condition.value) {
                return true;
            }
        }
        return false;
    };
    return std::all_of(candidate.conditions.begin(), candidate.conditions.end(), holds);
}

}  // namespace ringway::proxy
