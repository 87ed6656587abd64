#include "ringway/proxy/local_reply.h"

#include <algorithm>

#include "head_copy.h"
#include "ringway/http/hop_by_hop.h"

namespace ringway::proxy {
namespace {

using http::FieldName;
using stats::ExchangeEnd;

struct EndEntry {
    int status;
    std::string_view error;  // RFC 9209, 2.3
    std::string_view sentence;
};

// What a client is told of each end. Of ends that leave nothing to answer: as of an error of ours.
constexpr EndEntry entry_of(ExchangeEnd end) {
    switch (end) {
        case ExchangeEnd::bad_request:
            return {400, "http_request_error", "The request is malformed."};
        case ExchangeEnd::downstream_aborted:
            return {400, "http_request_error", "The request ended before it was complete."};
        case ExchangeEnd::downstream_timeout:
            return {408, "http_request_error", "The request did not arrive in time."};
        case ExchangeEnd::no_route:
            return {404, "destination_not_found", "There is no route for this request."};
        case ExchangeEnd::overloaded:
            return {503, "connection_limit_reached", "Too many requests are being served."};
        case ExchangeEnd::no_endpoint:
            return {503, "destination_unavailable", "No server can take this request now."};
        case ExchangeEnd::pool_timeout:
            return {503, "connection_limit_reached", "No connection became free in time."};
        case ExchangeEnd::connect_failed:
            return {502, "connection_refused", "The server could not be connected to."};
        case ExchangeEnd::connect_timeout:
            return {504, "connection_timeout", "The server did not accept a connection in time."};
        case ExchangeEnd::upstream_reset:
            return {502, "connection_terminated", "The server closed before it answered."};
        case ExchangeEnd::upstream_bad:
            return {502, "http_protocol_error", "The server's answer could not be understood."};
        case ExchangeEnd::upstream_timeout:
            return {504, "http_response_timeout", "The server did not answer in time."};
        case ExchangeEnd::upstream_cut:
            return {502, "http_response_incomplete", "The server's answer ended early."};
        case ExchangeEnd::request_timeout:
            return {504, "http_response_timeout", "The request took longer than allowed."};
        case ExchangeEnd::drained:
            return {503, "proxy_internal_response", "The gateway is shutting down."};
        case ExchangeEnd::internal:
            return {503, "proxy_internal_error", "The gateway is out of memory or descriptors."};
        case ExchangeEnd::finished:
        case ExchangeEnd::answered_here:
        case ExchangeEnd::tunnelled: break;
    }
    return {500, {}, "The gateway failed."};
}

// The more precise errors of a response that is none.
std::string_view response_error_of(http::Fault fault) {
    switch (fault) {
        case http::Fault::head_too_large:
        case http::Fault::too_many_fields: return "http_response_header_section_size";
        case http::Fault::body_too_large: return "http_response_body_size";
        case http::Fault::bad_transfer_encoding:
        case http::Fault::unsupported_transfer_encoding: return "http_response_transfer_coding";
        case http::Fault::bad_upgrade: return "http_upgrade_failed";
        default: return "http_protocol_error";
    }
}

// The word by which a client's program may tell what happened.
std::string_view reason_of(const Failure& failure) {
    const bool is_fault = failure.end == ExchangeEnd::bad_request;
    return is_fault && failure.fault != http::Fault::none ? http::name_of(failure.fault)
                                                          : stats::name_of(failure.end);
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

// The head of one reply. Edits are those of the route that answers; errors have none.
class ReplyHead {
  public:
    ReplyHead(http::HeadWriter& out, const LocalReply& reply, int status,
              const std::vector<config::HeaderEdit>& edits)
        : out_(out), reply_(reply), status_(status), edits_(edits) {
        out.status_line(status, http::reason_of(status));
        if (!reply.date.empty()) field("Date", reply.date);
    }
    void field(std::string_view name, std::string_view value) {
        if (!edits_.drop(name) && is_one_line(value)) out_.field(name, value);
    }
    // The rest of the head.
    void finish(std::string_view content_type, std::size_t body_bytes) {
        const config::Settings& settings = reply_.settings;
        if (!has_no_body(status_)) {
            if (body_bytes != 0) field("Content-Type", content_type);
            out_.field("Content-Length", std::uint64_t{body_bytes});
        }
        if (!reply_.request_id.empty()) field(settings.request_id_name, reply_.request_id);
        edits_.write(out_);
        if (reply_.close) {
            out_.raw("Connection: close\r\n");
        } else if (reply_.say_keep_alive) {
            out_.raw("Connection: keep-alive\r\n");
        }
        out_.end_of_head();
    }
    bool takes_body() const { return !reply_.head_only && !has_no_body(status_); }

  private:
    http::HeadWriter& out_;
    const LocalReply& reply_;
    int status_;
    HeadEdits edits_;
};

const std::vector<config::HeaderEdit> no_edits;

// A name as an item of a structured field (RFC 8941, 3.3): a token where it is one.
void write_item(http::HeadWriter& out, std::string_view name) {
    const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
    const auto is_token_character = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') ||
               std::string_view("!#$%&'*+-.^_`|~:/").find(c) != std::string_view::npos;
    };
    if (!name.empty() && (is_letter(name.front()) || name.front() == '*') &&
        std::all_of(name.begin(), name.end(), is_token_character)) {
        out.raw(name);
    } else {
        write_quoted(out, name);
    }
}

// ringway; error=connection_refused; next-hop=origin (RFC 9209, 2).
void write_proxy_status(http::HeadWriter& out, const LocalReply& reply, const Failure& failure) {
    out.raw("Proxy-Status: ");
    write_item(out, reply.settings.via_name);
    out.raw("; error=");
    out.raw(failure.proxy_status_error());
    if (!reply.upstream.empty()) {
        out.raw("; next-hop=");
        write_item(out, reply.upstream);
    }
    if (failure.end == ExchangeEnd::upstream_bad && failure.fault != http::Fault::none) {
        out.raw("; details=\"");
        out.raw(http::name_of(failure.fault));
        out.raw("\"");
    }
    out.raw("\r\n");
}

void write_json_text(http::HeadWriter& out, std::string_view text) {
    for (const char& c : text) {
        if (c == '"' || c == '\\') out.raw("\\");
        out.raw(c >= ' ' && c < 0x7F ? std::string_view(&c, 1) : "?");
    }
}

void write_json_body(http::HeadWriter& out, const LocalReply& reply, const Failure& failure) {
    out.raw("{\"error\":{\"status\":");
    out.number(static_cast<std::uint64_t>(failure.status()));
    out.raw(",\"reason\":\"");
    out.raw(reason_of(failure));
    out.raw("\",\"message\":\"");
    out.raw(failure.sentence());
    if (!reply.request_id.empty()) {
        out.raw("\",\"request_id\":\"");
        write_json_text(out, reply.request_id);
    }
    out.raw("\"}}\n");
}

void write_text_body(http::HeadWriter& out, const Failure& failure) {
    out.number(static_cast<std::uint64_t>(failure.status()));
    out.raw(" ");
    out.raw(http::reason_of(failure.status()));
    out.raw("\n");
    out.raw(failure.sentence());
    out.raw("\n");
}

const config::ErrorPage* page_for(const config::Settings& settings, int status) {
    for (const config::ErrorPage& page : settings.error_pages) {
        if (page.status == status) return &page;
    }
    return nullptr;
}

// An own sentence and a request id; twice that would do.
constexpr std::size_t own_body_bytes_max = 1024;

void write_percent(http::HeadWriter& out, char c) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    const char escape[3] = {'%', digits[byte >> 4], digits[byte & 15]};
    out.raw({escape, 3});
}

// What came in a target, into a Location: nothing but characters of a URI.
void write_uri_part(http::HeadWriter& out, std::string_view part) {
    constexpr std::string_view others = "-._~:/?@!$&'()*+,;=%[]";
    for (const char& c : part) {
        const bool is_letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        const bool stays = is_letter || (c >= '0' && c <= '9') || others.find(c) != others.npos;
        stays ? out.raw({&c, 1}) : write_percent(out, c);
    }
}

// The path as it goes behind what is written of a Location already. It must not make "//" of a
// slash that stands there: at the beginning that names another host.
std::string_view path_behind(std::string_view written, std::string_view path) {
    if (!path.starts_with('/')) path = "/";
    if (written.ends_with('/'))
        return path.substr(std::min(path.find_first_not_of('/'), path.size()));
    while (written.empty() && path.starts_with("//")) path.remove_prefix(1);
    return path;
}

void write_location(http::HeadWriter& out, std::string_view form, const http::Target& target) {
    const std::size_t begin = out.bytes();
    while (!form.empty()) {
        if (form.starts_with("{host}")) {
            write_uri_part(out, target.host);
            form.remove_prefix(6);
        } else if (form.starts_with("{path}")) {
            write_uri_part(out, path_behind(out.text().substr(begin), target.path));
            form.remove_prefix(6);
        } else if (form.starts_with("{query}")) {
            write_uri_part(out, target.query);
            form.remove_prefix(7);
        } else {
            const std::size_t plain = std::min(form.find('{', 1), form.size());
            out.raw(form.substr(0, plain));
            form.remove_prefix(plain);
        }
    }
}

}  // namespace

int Failure::status() const {
    const bool is_fault = end == ExchangeEnd::bad_request && fault != http::Fault::none;
    return is_fault ? http::status_of(fault) : entry_of(end).status;
}

std::string_view Failure::proxy_status_error() const {
    if (end == ExchangeEnd::upstream_bad) return response_error_of(fault);
    const bool is_denied =
        end == ExchangeEnd::bad_request && fault == http::Fault::connect_forbidden;
    return is_denied ? "http_request_denied" : entry_of(end).error;
}

std::string_view Failure::sentence() const {
    const bool is_fault = end == ExchangeEnd::bad_request && fault != http::Fault::none;
    return is_fault ? http::sentence_of(fault) : entry_of(end).sentence;
}

void write_failure(http::HeadWriter& out, const LocalReply& reply, const Failure& failure) {
    const int status = failure.status();
    ReplyHead head(out, reply, status, no_edits);
    if (!failure.proxy_status_error().empty()) write_proxy_status(out, reply, failure);
    if (reply.retry_after_s != 0) out.field("Retry-After", std::uint64_t{reply.retry_after_s});
    if (const config::ErrorPage* page = page_for(reply.settings, status)) {
        head.finish(page->content_type, page->body.size());
        if (head.takes_body()) out.raw(page->body);
        return;
    }
    std::array<char, own_body_bytes_max> room;
    http::HeadWriter body(room);
    if (reply.accepts_json) {
        write_json_body(body, reply, failure);
    } else {
        write_text_body(body, failure);
    }
    head.finish(reply.accepts_json ? "application/json" : "text/plain", body.bytes());
    if (head.takes_body()) out.raw(body.text());
}

int write_redirect(http::HeadWriter& out, const LocalReply& reply, const config::Route& route,
                   const http::Target& target) {
    if (target.host.empty() && route.location.find("{host}") != std::string::npos) {
        const Failure failure{ExchangeEnd::bad_request, http::Fault::host_missing};
        write_failure(out, reply, failure);
        return failure.status();
    }
    ReplyHead head(out, reply, route.status, route.response_headers);
    out.raw("Location: ");
    write_location(out, route.location, target);
    out.raw("\r\n");
    head.finish({}, 0);
    return route.status;
}

void write_fixed_reply(http::HeadWriter& out, const LocalReply& reply, const config::Route& route) {
    ReplyHead head(out, reply, route.status, route.response_headers);
    head.finish(route.content_type, route.body.size());
    if (head.takes_body()) out.raw(route.body);
}

int write_last_hop_reply(http::HeadWriter& out, const LocalReply& reply, http::Method method) {
    const int status = method == http::Method::options ? 200 : 405;
    ReplyHead head(out, reply, status, no_edits);
    head.field("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
    head.finish({}, 0);
    return status;
}

std::size_t local_reply_bytes_max(const LocalReply& reply, const config::Route* route,
                                  const http::Target* target) {
    constexpr std::size_t own_words = 1024;  // names of fields, numbers, reasons
    const config::Settings& settings = reply.settings;
    std::size_t body_bytes = own_body_bytes_max;
    for (const config::ErrorPage& page : settings.error_pages) {
        body_bytes = std::max(body_bytes, page.body.size() + page.content_type.size());
    }
    // Names that must be quoted may double; what is put into a Location may be escaped.
    std::size_t bytes = own_words + reply.date.size() + reply.request_id.size() +
                        settings.request_id_name.size() +
                        (settings.via_name.size() + reply.upstream.size()) * 2;
    if (route != nullptr) {
        body_bytes = std::max(body_bytes, route->body.size() + route->content_type.size());
        bytes += route->location.size() + HeadEdits(route->response_headers).bytes_max();
    }
    if (route != nullptr && target != nullptr) {
        const std::size_t parts = target->host.size() + target->path.size() + target->query.size();
        const auto places = std::count(route->location.begin(), route->location.end(), '{');
        bytes += static_cast<std::size_t>(places) * parts * 3;
    }
    return bytes + body_bytes;
}

}  // namespace ringway::proxy
