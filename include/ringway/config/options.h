// The options of every kind of object, one table each: process, listener, upstream, endpoint.
//
// A row is the only place that knows a setting's name, rule, default and help; the command line,
// the environment, the file, URL queries, --help, the reference and the range tests read it. Rows
// of listeners, upstreams and their sockets are flags as well: as a flag they say what every object
// does that does not say otherwise.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "ringway/config/checked.h"
#include "ringway/config/settings.h"
#include "ringway/config/value.h"

namespace ringway::config {

enum class Group : std::uint8_t {
    objects,
    threads,
    moving_bytes,
    timeouts,
    limits,
    access,
    http,
    upstreams,
    http_upstreams,
    sockets,
    operations,
};
std::string_view title_of(Group group);
inline constexpr std::size_t group_count = static_cast<std::size_t>(Group::operations) + 1;

template <typename Object>
struct OptionRow {
    std::string_view name;  // "idle-timeout": --idle-timeout, RINGWAY_IDLE_TIMEOUT, the key
    Group group = Group::objects;
    std::string_view placeholder;  // "N", "SIZE"; empty for switches
    ValueRule rule;
    std::string_view help;            // one sentence without its full stop
    std::string_view default_text{};  // where an untouched object does not show it
    std::string_view hint{};          // what to do instead of a refused value
    bool repeat = false;              // each further value adds to the ones before
    bool fixed = false;               // a reload cannot change it: the process must be started anew
    void (*clear)(Object&) = nullptr;  // of repeated ones: forget the values so far
    Complaint (*set)(Object&, const Value&) = nullptr;
    // As `set` takes it; of repeated ones each on a line of its own.
    std::string (*show)(const Object&) = nullptr;
};

std::span<const OptionRow<Settings>> process_options();
std::span<const OptionRow<Listener>> listener_options();
std::span<const OptionRow<Upstream>> upstream_options();
std::span<const OptionRow<Upstream>> http_upstream_options();  // of HTTP upstreams alone
std::span<const OptionRow<PoolSettings>> pool_options();       // likewise
std::span<const OptionRow<SocketOptions>> socket_options();    // of listeners and upstreams
std::span<const OptionRow<Endpoint>> endpoint_options();
std::span<const OptionRow<HealthCheck>> health_options();  // within one --health-check rule

// "off", "on", "5s", "interval=5s,timeout=1s,rise=2,fall=3,jitter=10,path=/healthz,status=200".
Checked<HealthCheck> parse_health_check(std::string_view rule);
std::string format_health_check(const HealthCheck& health);
// A text as a part of the long form, where a comma would end it.
std::string escaped_part(std::string_view text);

// A route as people write it: its upstream goes by name.
struct RouteDraft {
    Route route;
    std::string upstream;

    bool operator==(const RouteDraft&) const = default;
};
std::span<const OptionRow<RouteDraft>> route_conditions();
std::span<const OptionRow<RouteDraft>> route_options();  // all the rest of a route

// Interprets `text` by the row's rule and stores it.
template <typename Object>
Complaint apply(const OptionRow<Object>& row, Object& object, std::string_view text) {
    auto value = interpret(row.rule, text);
    Complaint complaint;
    if (!value) {
        complaint = value.reason();
    } else {
        complaint = row.set(object, *value);
    }
    if (complaint && complaint->hint.empty()) complaint->hint = row.hint;
    return complaint;
}

template <typename Object>
const OptionRow<Object>* find_option(std::span<const OptionRow<Object>> rows,
                                     std::string_view name) {
    for (const auto& row : rows) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace ringway::config
