#include "ringway/stats/exchange_record.h"

#include <algorithm>
#include <array>

#include "field_writer.h"
#include "line_writer.h"

namespace ringway::stats {

namespace {

// How much of each text a line may take, escapes counted. Names of our own settings and addresses
// are short; what comes from outside is held here.
constexpr std::size_t name_bytes_max = 256;  // listener, route, upstream, endpoint, client, ...
constexpr std::size_t host_bytes_max = 512;
constexpr std::size_t method_bytes_max = 64;
constexpr std::size_t target_bytes_max = 8192;
constexpr std::size_t agent_bytes_max = 1024;
constexpr std::size_t referer_bytes_max = 2048;
// All texts, and beside them numbers of twenty digits, keys and times.
static_assert(6 * name_bytes_max + host_bytes_max + method_bytes_max + target_bytes_max +
                  agent_bytes_max + referer_bytes_max + 1536 <=
              exchange_line_bytes_max);

bool happened(base::Duration span) { return span.ns >= 0; }

// ---- text and JSON ------------------------------------------------------------------------------

void write_span(FieldWriter& line, std::string_view key, base::Duration span) {
    if (happened(span)) {
        line.number(key, static_cast<std::uint64_t>(span.to_us()));
    } else {
        line.none(key);
    }
}

void write_request(FieldWriter& line, const ExchangeRecord& record) {
    line.text_or_none("request_id", record.request_id, name_bytes_max);
    line.text_or_none("client", record.client, name_bytes_max);
    line.text_or_none("listener", record.listener, name_bytes_max);
    line.text_or_none("method", record.method, method_bytes_max);
    line.text_or_none("host", record.host, host_bytes_max);
    line.text_or_none("target", record.target, target_bytes_max);
    line.text("version", record.version_minor == 0 ? "1.0" : "1.1");
}

std::size_t format_fields(char* out, std::size_t room, const ExchangeRecord& record, bool json) {
    FieldWriter line(out, room, json);
    line.time("time", record.ended_wall_us);
    line.text("event", "exchange");
    line.number("shard", record.shard);
    line.number("session", record.session);
    line.number("exchange", record.exchange);
    write_request(line, record);
    if (record.status == 0) {
        line.none("status");
    } else {
        line.integer("status", record.status);
    }
    line.text_or_none("route", record.route, name_bytes_max);
    line.text_or_none("upstream", record.upstream, name_bytes_max);
    line.text_or_none("endpoint", record.endpoint, name_bytes_max);
    line.boolean("reused", record.reused);
    line.number("retries", record.retries);
    line.number("request_body_bytes", record.request_body_bytes);
    line.number("response_body_bytes", record.response_body_bytes);
    line.number("response_bytes", record.response_bytes);
    write_span(line, "head_us", record.head);
    write_span(line, "queue_us", record.times.queue);
    write_span(line, "connect_us", record.times.connect);
    write_span(line, "first_byte_us", record.times.first_byte);
    write_span(line, "total_us", record.times.total);
    line.text("end", name_of(record.end));
    line.text_or_none("user_agent", record.user_agent, agent_bytes_max);
    line.text_or_none("referer", record.referer, referer_bytes_max);
    return line.finish();
}

// ---- combined and haproxy -----------------------------------------------------------------------

constexpr LineWriter::Escaping escaping(std::string_view special, std::string_view lead,
                                        std::string_view hex_digits) {
    LineWriter::Escaping how{{}, lead, hex_digits};
    for (std::size_t byte = 0x20; byte < 0x7f; ++byte) how.plain[byte] = true;
    for (const char byte : special) how.plain[static_cast<unsigned char>(byte)] = false;
    return how;
}
// Apache and nginx write \xHH, HAProxy writes #HH. A word ends at a blank; what stands in quotes
// does not.
constexpr auto combined_quoted = escaping("\"\\", "\\x", "0123456789abcdef");
constexpr auto combined_word = escaping(" \"\\", "\\x", "0123456789abcdef");
constexpr auto haproxy_quoted = escaping("\"#", "#", "0123456789ABCDEF");
constexpr auto haproxy_word = escaping(" \"#{|}", "#", "0123456789ABCDEF");

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// "20/Nov/2025:15:33:13"
void write_clf_time(LineWriter& line, const CivilTime& time) {
    line.digits(static_cast<std::uint64_t>(time.day), 2);
    line.put('/');
    line.put(month_names[static_cast<std::size_t>(time.month - 1)]);
    line.put('/');
    line.digits(static_cast<std::uint64_t>(time.year), 4);
    for (const std::int64_t part : {time.hour, time.minute, time.second}) {
        line.put(':');
        line.digits(static_cast<std::uint64_t>(part), 2);
    }
}

struct ClientParts {
    std::string_view host;
    std::string_view port;
};

// "10.0.0.1:80" and "[::1]:80"; what is neither (a Unix client) is a host without a port.
ClientParts parts_of(std::string_view client) {
    if (client.empty()) return {"-", "0"};
    const std::size_t colon = client.rfind(':');
    if (colon == std::string_view::npos) return {client, "0"};
    std::string_view host = client.substr(0, colon);
    const std::string_view port = client.substr(colon + 1);
    const bool is_port = !port.empty() && port.size() <= 5 &&
                         std::all_of(port.begin(), port.end(),
                                     [](char digit) { return digit >= '0' && digit <= '9'; });
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (!is_port || host.empty()) return {client, "0"};
    return {host, port};
}

void write_word(LineWriter& line, std::string_view text, const LineWriter::Escaping& how,
                std::string_view otherwise) {
    if (text.empty()) {
        line.put(otherwise);
    } else {
        line.escaped(text, how, name_bytes_max);
    }
}

void write_quoted(LineWriter& line, std::string_view text, const LineWriter::Escaping& how,
                  std::size_t bytes_max) {
    line.put('"');
    if (text.empty()) {
        line.put('-');
    } else {
        line.escaped(text, how, bytes_max);
    }
    line.put('"');
}

void write_request_line(LineWriter& line, const ExchangeRecord& record,
                        const LineWriter::Escaping& how) {
    line.escaped(record.method, how, method_bytes_max);
    line.put(' ');
    line.escaped(record.target, how, target_bytes_max);
    line.put(record.version_minor == 0 ? " HTTP/1.0" : " HTTP/1.1");
}

std::size_t format_combined(char* out, std::size_t room, const ExchangeRecord& record) {
    LineWriter line(out, room);
    line.escaped(parts_of(record.client).host, combined_word, name_bytes_max);
    line.put(" - - [");
    write_clf_time(line, civil_time(record.ended_wall_us));
    line.put(" +0000] \"");
    if (record.method.empty()) {
        line.put('-');
    } else {
        write_request_line(line, record, combined_quoted);
    }
    line.put("\" ");
    line.digits(static_cast<std::uint64_t>(std::clamp(record.status, 0, 999)), 3);
    line.put(' ');
    line.number(record.response_body_bytes);
    line.put(' ');
    write_quoted(line, record.referer, combined_quoted, referer_bytes_max);
    line.put(' ');
    write_quoted(line, record.user_agent, combined_quoted, agent_bytes_max);
    return line.finish();
}

bool failed_to_connect(const ExchangeRecord& record) {
    return record.end == ExchangeEnd::connect_failed || record.end == ExchangeEnd::connect_timeout;
}

bool reached_upstream(const ExchangeRecord& record) {
    if (failed_to_connect(record)) return false;
    return record.reused || happened(record.times.connect) || happened(record.times.first_byte);
}

// TR/Tw/Tc/Tr/Ta in milliseconds. -1 says that the exchange did not come so far; a phase that it
// passed without spending time (a connection that was open already) took 0.
void write_haproxy_times(LineWriter& line, const ExchangeRecord& record) {
    const bool reached = reached_upstream(record);
    const auto passed = [reached](base::Duration span) {
        return happened(span) ? span.to_ms() : (reached ? 0 : -1);
    };
    const base::Duration head{std::max<std::int64_t>(record.head.ns, 0)};
    line.integer(head.to_ms());
    line.put('/');
    line.integer(failed_to_connect(record) ? std::max<std::int64_t>(record.times.queue.to_ms(), 0)
                                           : passed(record.times.queue));
    line.put('/');
    line.integer(failed_to_connect(record) ? -1 : passed(record.times.connect));
    line.put('/');
    line.integer(happened(record.times.first_byte) ? record.times.first_byte.to_ms() : -1);
    line.put('/');
    line.integer((head + record.times.total).to_ms());
}

void write_haproxy_start(LineWriter& line, const ExchangeRecord& record) {
    const base::Duration head{std::max<std::int64_t>(record.head.ns, 0)};
    const CivilTime start = civil_time(record.ended_wall_us - (head + record.times.total).to_us());
    line.put(" [");
    write_clf_time(line, start);
    line.put('.');
    line.digits(static_cast<std::uint64_t>(start.microsecond / 1000), 3);
    line.put("] ");
}

void write_haproxy_names(LineWriter& line, const ExchangeRecord& record) {
    write_word(line, record.listener, haproxy_word, "-");
    line.put(' ');
    write_word(line, record.upstream.empty() ? record.listener : record.upstream, haproxy_word,
               "-");
    line.put('/');
    write_word(line, record.endpoint, haproxy_word, "<NOSRV>");
    line.put(' ');
}

std::size_t format_haproxy(char* out, std::size_t room, const ExchangeRecord& record) {
    LineWriter line(out, room);
    const ClientParts client = parts_of(record.client);
    line.escaped(client.host, haproxy_word, name_bytes_max);
    line.put(':');
    line.put(client.port);
    write_haproxy_start(line, record);
    write_haproxy_names(line, record);
    write_haproxy_times(line, record);
    line.put(' ');
    line.integer(record.status == 0 ? -1 : record.status);
    line.put(' ');
    line.number(record.response_bytes);
    line.put(" - - ");  // cookies of request and response: none are captured
    const TerminationState state = termination_state_of(record);
    line.put(state.who);
    line.put(state.phase);
    line.put("-- ");
    for (const std::uint32_t count : {record.sessions_active, record.sessions_active,
                                      record.upstream_active, record.endpoint_active}) {
        line.number(count);
        line.put('/');
    }
    line.number(record.retries);
    line.put(" 0/");
    line.number(record.queued_before);
    line.put(" {");
    line.escaped(record.request_id, haproxy_word, name_bytes_max);
    line.put('|');
    line.escaped(record.route, haproxy_word, name_bytes_max);
    line.put("} \"");
    if (record.method.empty()) {
        line.put("<BADREQ>");
    } else {
        write_request_line(line, record, haproxy_quoted);
    }
    line.put('"');
    return line.finish();
}

// How far the exchange had come: (D)ata, (H)eaders of the response, (C)onnect or (Q)ueue.
char phase_of(const ExchangeRecord& record) {
    if (happened(record.times.first_byte)) return 'D';
    if (reached_upstream(record)) return 'H';
    return happened(record.times.queue) ? 'Q' : 'C';
}

}  // namespace

TerminationState termination_state_of(const ExchangeRecord& record) {
    switch (record.end) {
        case ExchangeEnd::finished:
        case ExchangeEnd::tunnelled: return {};
        case ExchangeEnd::answered_here: return {'L', 'R'};
        case ExchangeEnd::bad_request:
        case ExchangeEnd::no_route: return {'P', 'R'};
        case ExchangeEnd::downstream_aborted: return {'C', phase_of(record)};
        case ExchangeEnd::downstream_timeout:
            return {'c', happened(record.times.first_byte) ? 'D' : 'R'};
        case ExchangeEnd::overloaded: return {'P', 'Q'};
        case ExchangeEnd::pool_timeout: return {'s', 'Q'};
        case ExchangeEnd::no_endpoint:
        case ExchangeEnd::connect_failed: return {'S', 'C'};
        case ExchangeEnd::connect_timeout: return {'s', 'C'};
        case ExchangeEnd::upstream_reset: return {'S', 'H'};
        case ExchangeEnd::upstream_bad: return {'P', 'H'};
        case ExchangeEnd::upstream_timeout: return {'s', 'H'};
        case ExchangeEnd::upstream_cut: return {'S', 'D'};
        case ExchangeEnd::request_timeout: return {'s', phase_of(record)};
        case ExchangeEnd::drained: return {'K', phase_of(record)};
        case ExchangeEnd::internal: return {'R', phase_of(record)};
    }
    return {};
}

std::size_t format_exchange_line(char* out, std::size_t room, const ExchangeRecord& record,
                                 ExchangeLineFormat format) {
    switch (format) {
        case ExchangeLineFormat::text: return format_fields(out, room, record, false);
        case ExchangeLineFormat::json: return format_fields(out, room, record, true);
        case ExchangeLineFormat::combined: return format_combined(out, room, record);
        case ExchangeLineFormat::haproxy: return format_haproxy(out, room, record);
    }
    return 0;
}

}  // namespace ringway::stats
