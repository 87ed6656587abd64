#include "render_http.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "render_parts.h"
#include "ringway/stats/units.h"

namespace ringway::stats {

namespace {

using Align = Table::Align;

// A route or an upstream: what is counted of their exchanges is shown alike.
struct Subject {
    std::string name;
    std::string upstream;  // of a route
    std::uint64_t requests_max = 0;
    std::size_t index = 0;  // in the readings
    const TrafficReading* traffic = nullptr;
};
using Subjects = std::vector<Subject>;

Subjects routes_of(const Snapshot& snapshot) {
    Subjects subjects;
    for (const RouteRow& row : snapshot.context.routes) {
        const TrafficReading& traffic = traffic_at(snapshot.total.routes, row.slot);
        if (is_past(row, snapshot.total)) continue;
        subjects.push_back({row.name, row.upstream.empty() ? "-" : row.upstream, row.requests_max,
                            row.slot, &traffic});
    }
    return subjects;
}

Subjects upstreams_of(const Snapshot& snapshot) {
    Subjects subjects;
    for (std::size_t index = 0; index < snapshot.context.upstreams.size(); ++index) {
        const UpstreamRow& row = snapshot.context.upstreams[index];
        if (!row.http || is_past(row, index, snapshot.total)) continue;
        subjects.push_back({row.name, row.balance, row.requests_max, index,
                            &traffic_at(snapshot.total.upstreams, index)});
    }
    return subjects;
}

std::string limit(std::uint64_t number) { return number == 0 ? "-" : human_count(number); }

// "finished 12,000, upstream-cut 3": what happened at all.
std::string shown_ends(const TrafficReading& traffic) {
    std::string text;
    for (std::size_t end = 0; end < exchange_end_count; ++end) {
        if (traffic.ends[end] == 0) continue;
        if (!text.empty()) text += ", ";
        text += fmt::format("{} {}", name_of(static_cast<ExchangeEnd>(end)),
                            human_count(traffic.ends[end]));
    }
    return text.empty() ? "-" : text;
}

std::string request_table(std::string_view title, const Subjects& subjects,
                          std::string_view second) {
    Table table({Align::left, Align::left, Align::right}, 2);
    table.heading(title);
    std::vector<std::string> heading{"name", std::string(second), "requests", "active", "limit"};
    for (std::size_t method = 0; method < method_class_count; ++method) {
        heading.emplace_back(name_of(static_cast<MethodClass>(method)));
    }
    heading.insert(heading.end(),
                   {"upgrades", "retries", "retries denied", "body up", "body down"});
    table.row(std::move(heading));
    for (const Subject& subject : subjects) {
        const TrafficReading& traffic = *subject.traffic;
        std::vector<std::string> cells{subject.name, subject.upstream,
                                       human_count(traffic.requests), human_count(traffic.active),
                                       limit(subject.requests_max)};
        for (const std::uint64_t requests : traffic.by_method) {
            cells.push_back(human_count(requests));
        }
        cells.insert(cells.end(),
                     {human_count(traffic.upgrades), human_count(traffic.retries),
                      human_count(traffic.retries_denied), human_bytes(traffic.request_body_bytes),
                      human_bytes(traffic.response_body_bytes)});
        table.row(std::move(cells));
    }
    return table.to_string();
}

std::string answer_table(std::string_view title, const Subjects& subjects) {
    std::vector<Align> columns(1 + status_class_count + 2, Align::right);
    columns.front() = Align::left;
    columns.push_back(Align::left);
    Table table(std::move(columns), 2);
    table.heading(title);
    std::vector<std::string> heading{"name"};
    for (std::size_t status = 0; status < status_class_count; ++status) {
        heading.emplace_back(name_of_status_class(status));
    }
    heading.insert(heading.end(), {"errors", "error rate", "ended"});
    table.row(std::move(heading));
    for (const Subject& subject : subjects) {
        std::vector<std::string> cells{subject.name};
        for (const std::uint64_t answers : subject.traffic->by_status_class) {
            cells.push_back(human_count(answers));
        }
        cells.push_back(human_count(subject.traffic->errors));
        cells.push_back(shown_percent(subject.traffic->error_rate()));
        cells.push_back(shown_ends(*subject.traffic));
        table.row(std::move(cells));
    }
    return table.to_string();
}

struct Phase {
    const char* name;
    LatencyReading TrafficReading::* member;
};
constexpr std::array<Phase, 4> phases{{{"total", &TrafficReading::total},
                                       {"queue", &TrafficReading::queue},
                                       {"connect", &TrafficReading::connect},
                                       {"first byte", &TrafficReading::first_byte}}};

std::string latency_tables(std::string_view what, const Subjects& subjects, base::Duration window) {
    Table table({Align::left, Align::right}, 2);
    table.heading(fmt::format("{} since start", what));
    add_latency_heading(table);
    Table windows({Align::left, Align::right}, 2);
    windows.heading(window_title(what, window));
    add_window_heading(windows);
    bool any = false;
    for (const Subject& subject : subjects) {
        for (const Phase& phase : phases) {
            const LatencyReading& latency = subject.traffic->*phase.member;
            if (latency.since_start.count() == 0) continue;
            const std::string name = fmt::format("{} {}", subject.name, phase.name);
            add_latency_row(table, name, latency);
            add_window_row(windows, name, latency);
            any = true;
        }
    }
    return any ? table.to_string() + windows.to_string() : std::string{};
}

std::string subject_sections(const Snapshot& snapshot, const Subjects& subjects,
                             std::string_view kind, std::string_view second) {
    if (subjects.empty()) return {};
    return request_table(fmt::format("requests by {}", kind), subjects, second) +
           answer_table(fmt::format("answers by {}", kind), subjects) +
           latency_tables(fmt::format("latency by {}", kind), subjects, snapshot.context.window);
}

// ---- rows with a column for each shard ----------------------------------------------------------

Row http_count_row(std::string label, std::uint64_t HttpReading::* member) {
    return {std::move(label),
            [member](const ShardReading& reading) { return human_count(reading.http.*member); }};
}

using Faults = std::array<std::uint64_t, fault_count_max>;

void add_fault_rows(Rows& rows, const Context& context, std::string_view side,
                    Faults HttpReading::* member) {
    for (std::size_t fault = 0; fault < fault_count_max; ++fault) {
        rows.push_back(
            {fmt::format("{} {}", side, fault_name(context, fault)),
             [=](const ShardReading& reading) {
                 return human_count((reading.http.*member)[fault]);
             },
             [=](const ShardReading& reading) { return (reading.http.*member)[fault] != 0; }});
    }
}

Rows total_rows(const Context& context) {
    Rows rows{http_count_row("client connections", &HttpReading::sessions),
              http_count_row("idle now", &HttpReading::idle),
              http_count_row("requests", &HttpReading::requests),
              http_count_row("pipelined", &HttpReading::pipelined),
              http_count_row("bad requests", &HttpReading::bad_requests)};
    add_fault_rows(rows, context, "request fault", &HttpReading::request_faults);
    add_fault_rows(rows, context, "response fault", &HttpReading::response_faults);
    rows.push_back(http_count_row("closed under pressure", &HttpReading::idle_closed));
    for (const double percent : {50.0, 99.0, 100.0}) {
        rows.push_back({percent == 100.0 ? "shed max" : fmt::format("shed p{}", percent),
                        [percent](const ShardReading& reading) {
                            return shown_percentile(reading.http.shed, percent);
                        },
                        [](const ShardReading& reading) {
                            return reading.http.shed.since_start.count() != 0;
                        }});
    }
    return rows;
}

using TrafficOf = std::vector<TrafficReading> ShardReading::*;

Rows traffic_rows(TrafficOf list, std::size_t index) {
    const auto of = [list, index](const ShardReading& reading) -> const TrafficReading& {
        return traffic_at(reading.*list, index);
    };
    Rows rows;
    const auto count = [&](std::string label, std::uint64_t TrafficReading::* member) {
        rows.push_back({std::move(label), [of, member](const ShardReading& reading) {
                            return human_count(of(reading).*member);
                        }});
    };
    count("requests", &TrafficReading::requests);
    count("active", &TrafficReading::active);
    count("errors", &TrafficReading::errors);
    rows.push_back({"error rate", [of](const ShardReading& reading) {
                        return shown_percent(of(reading).error_rate());
                    }});
    for (std::size_t status = 0; status < status_class_count; ++status) {
        rows.push_back(
            {fmt::format("status {}", name_of_status_class(status)),
             [=](const ShardReading& r) { return human_count(of(r).by_status_class[status]); },
             [=](const ShardReading& r) { return of(r).by_status_class[status] != 0; }});
    }
    for (std::size_t end = 0; end < exchange_end_count; ++end) {
        rows.push_back({fmt::format("ended {}", name_of(static_cast<ExchangeEnd>(end))),
                        [=](const ShardReading& r) { return human_count(of(r).ends[end]); },
                        [=](const ShardReading& r) { return of(r).ends[end] != 0; }});
    }
    count("retries", &TrafficReading::retries);
    for (const Phase& phase : phases) {
        for (const double percent : {50.0, 99.0, 100.0}) {
            const auto member = phase.member;
            rows.push_back(
                {fmt::format("{} {}", phase.name,
                             percent == 100.0 ? "max" : fmt::format("p{}", percent)),
                 [=](const ShardReading& r) { return shown_percentile(of(r).*member, percent); },
                 [=](const ShardReading& r) { return (of(r).*member).since_start.count() != 0; }});
        }
    }
    return rows;
}

Rows pool_rows(std::size_t index, std::uint64_t connections_max) {
    Rows rows;
    const auto count = [&](std::string label, std::uint64_t PoolReading::* member) {
        rows.push_back({std::move(label), [index, member](const ShardReading& reading) {
                            return human_count(pool_at(reading, index).*member);
                        }});
    };
    count("pool connections", &PoolReading::connections);
    count("pool idle", &PoolReading::idle);
    count("pool leased", &PoolReading::leased);
    count("pool waiting", &PoolReading::waiting);
    rows.push_back({"pool used", [=](const ShardReading& reading) {
                        return shown_percent(pool_at(reading, index).utilisation(connections_max));
                    }});
    rows.push_back({"pool reused", [=](const ShardReading& reading) {
                        return shown_percent(pool_at(reading, index).reuse_ratio());
                    }});
    return rows;
}

}  // namespace

bool speaks_http(const Snapshot& snapshot) {
    const std::vector<UpstreamRow>& upstreams = snapshot.context.upstreams;
    return !snapshot.context.routes.empty() || snapshot.total.http.sessions != 0 ||
           std::any_of(upstreams.begin(), upstreams.end(),
                       [](const UpstreamRow& row) { return row.http; });
}

std::string http_sections(const Snapshot& snapshot) {
    if (!speaks_http(snapshot)) return {};
    return section("http", total_rows(snapshot.context), snapshot.total) +
           subject_sections(snapshot, routes_of(snapshot), "route", "upstream") +
           subject_sections(snapshot, upstreams_of(snapshot), "upstream", "balance");
}

std::vector<TitledRows> http_rows(const Snapshot& snapshot) {
    std::vector<TitledRows> groups;
    if (!speaks_http(snapshot)) return groups;
    groups.push_back({"http", total_rows(snapshot.context)});
    for (const Subject& route : routes_of(snapshot)) {
        groups.push_back({fmt::format("route {}", route.name),
                          traffic_rows(&ShardReading::routes, route.index)});
    }
    for (const Subject& upstream : upstreams_of(snapshot)) {
        Rows rows = traffic_rows(&ShardReading::upstreams, upstream.index);
        const UpstreamRow& row = snapshot.context.upstreams[upstream.index];
        for (Row& pool : pool_rows(upstream.index, row.connections_max)) {
            rows.push_back(std::move(pool));
        }
        groups.push_back({fmt::format("upstream {}", upstream.name), std::move(rows)});
    }
    return groups;
}

}  // namespace ringway::stats
