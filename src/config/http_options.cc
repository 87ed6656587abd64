// The settings that only HTTP upstreams have: what is kept open, how often is tried again, and
// when an endpoint is left alone.
#include <array>

#include "fields.h"
#include "http_words.h"
#include "ringway/config/limits.h"

namespace ringway::config {
namespace {

using base::Duration;

constexpr std::array<std::string_view, 2> pool_order_names{"lifo", "fifo"};

constexpr std::string_view sticky_rule =
    "the name of a cookie: letters, digits and !#$%&'*+-.^_`|~, or off";

Complaint set_sticky_cookie(Upstream& upstream, const Value& value) {
    if (!is_token(value.text)) return Refusal{std::string{sticky_rule}, {}};
    upstream.sticky_cookie = value.text == "off" ? "" : value.text;
    return {};
}

constexpr auto of_upstreams = std::to_array<OptionRow<Upstream>>({
    {.name = "sticky-cookie",
     .group = Group::http_upstreams,
     .placeholder = "NAME",
     .rule = text_rule(sticky_rule),
     .help = "Keep a client at its endpoint by a cookie of this name, which ringway sets; a client "
             "whose endpoint cannot serve gets another",
     .default_text = "off",
     .set = set_sticky_cookie,
     .show = show_text<&Upstream::sticky_cookie>},
    {.name = "max-requests",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = or_off(count_rule(1, in_flight_max)),
     .help = "Requests to an upstream at once, over all shards; those beyond get 503",
     .set = set_number<&Upstream::requests_max>,
     .show = show_count_or_off<&Upstream::requests_max>},
    {.name = "eject-errors",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = or_off(count_rule(1, 1000)),
     .help =
         "Failed exchanges in a row after which an endpoint is left alone for a while, as after "
         "failed connects",
     .set = set_number<&Upstream::eject_errors>,
     .show = show_count_or_off<&Upstream::eject_errors>},
    {.name = "eject-error-percent",
     .group = Group::http_upstreams,
     .placeholder = "PERCENT",
     .rule = or_off(count_rule(1, 100)),
     .help = "The share of failed exchanges, of at least 20 in 10 s, at which an endpoint is left "
             "alone",
     .set = set_number<&Upstream::eject_error_percent>,
     .show = show_count_or_off<&Upstream::eject_error_percent>},
    {.name = "eject-share",
     .group = Group::http_upstreams,
     .placeholder = "PERCENT",
     .rule = count_rule(0, 100),
     .help = "Never leave alone more than this share of an upstream's endpoints for failed "
             "exchanges",
     .set = set_number<&Upstream::eject_share_percent>,
     .show = show_count<&Upstream::eject_share_percent>},
    {.name = "retries",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = count_rule(0, retries_max),
     .help =
         "How often one request may be tried again: only where nothing of it was sent, or where "
         "its method is idempotent and a connection kept from before died without an answer",
     .set = set_number<&Upstream::retries_max>,
     .show = show_count<&Upstream::retries_max>},
    {.name = "retry-budget",
     .group = Group::http_upstreams,
     .placeholder = "PERCENT",
     .rule = count_rule(0, 100),
     .help = "The share of requests that may be tried again; a connect that failed is not charged",
     .set = set_number<&Upstream::retry_percent>,
     .show = show_count<&Upstream::retry_percent>},
    {.name = "retry-floor",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = count_rule(0, 1000000),
     .help = "Requests per second that may be tried again however few there are",
     .set = set_number<&Upstream::retry_floor_per_second>,
     .show = show_count<&Upstream::retry_floor_per_second>},
});

constexpr auto of_pools = std::to_array<OptionRow<PoolSettings>>({
    {.name = "pool-min",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = count_rule(0, pool_connections_max),
     .help =
         "Connections to an upstream that are kept open while it is healthy, over all endpoints "
         "and shards",
     .set = set_number<&PoolSettings::connections_min>,
     .show = show_count<&PoolSettings::connections_min>},
    {.name = "pool-max",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = count_rule(1, pool_connections_max),
     .help = "Connections to an upstream at once, over all endpoints and shards; never exceeded",
     .set = set_number<&PoolSettings::connections_max>,
     .show = show_count<&PoolSettings::connections_max>},
    {.name = "pool-idle-timeout",
     .group = Group::http_upstreams,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(10), Duration::seconds(86400))),
     .help = "Close a connection that no request has used for this long, unless pool-min wants it",
     .set = set_duration<&PoolSettings::idle_timeout>,
     .show = show_duration<&PoolSettings::idle_timeout>},
    {.name = "pool-wait-timeout",
     .group = Group::http_upstreams,
     .placeholder = "T",
     .rule = duration_rule(Duration{}, Duration::seconds(3600)),
     .help = "How long a request may wait for a connection before it gets 503",
     .set = set_duration<&PoolSettings::wait_timeout>,
     .show = show_duration<&PoolSettings::wait_timeout>},
    {.name = "pool-max-waiting",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = count_rule(0, 1 << 20),
     .help =
         "Requests of one shard that may wait for a connection to an upstream; those beyond get "
         "503 at once",
     .set = set_number<&PoolSettings::waiters_max>,
     .show = show_count<&PoolSettings::waiters_max>},
    {.name = "pool-warm",
     .group = Group::http_upstreams,
     .rule = switch_rule,
     .help = "Open pool-min connections, at least one to each endpoint, before listening",
     .set = set_switch<&PoolSettings::warm>,
     .show = show_switch<&PoolSettings::warm>},
    {.name = "pool-order",
     .group = Group::http_upstreams,
     .placeholder = "ORDER",
     .rule = choice_rule(pool_order_names),
     .help = "Which idle connection the next request takes: the one used last, so that those too "
             "many age, or the one unused for longest",
     .set = set_choice<&PoolSettings::order>,
     .show = show_choice<&PoolSettings::order, pool_order_names>},
    {.name = "pool-max-age",
     .group = Group::http_upstreams,
     .placeholder = "T",
     .rule = or_off(duration_rule(Duration::milliseconds(10), Duration::seconds(30 * 86400))),
     .help = "Close a connection once it is this old and idle",
     .set = set_duration<&PoolSettings::age_max>,
     .show = show_duration<&PoolSettings::age_max>},
    {.name = "pool-max-requests",
     .group = Group::http_upstreams,
     .placeholder = "N",
     .rule = or_off(count_rule(1, UINT32_MAX)),
     .help = "Close a connection after this many requests",
     .set = set_number<&PoolSettings::requests_max>,
     .show = show_count_or_off<&PoolSettings::requests_max>},
});

}  // namespace

std::span<const OptionRow<Upstream>> http_upstream_options() { return of_upstreams; }
std::span<const OptionRow<PoolSettings>> pool_options() { return of_pools; }

void forget_http(Upstream& upstream) {
    const Upstream plain;
    upstream.sticky_cookie = plain.sticky_cookie;
    upstream.pool = plain.pool;
    upstream.requests_max = plain.requests_max;
    upstream.eject_errors = plain.eject_errors;
    upstream.eject_error_percent = plain.eject_error_percent;
    upstream.eject_share_percent = plain.eject_share_percent;
    upstream.retry_percent = plain.retry_percent;
    upstream.retry_floor_per_second = plain.retry_floor_per_second;
    upstream.retries_max = plain.retries_max;
}

}  // namespace ringway::config
