// The request's way through head_rewrite: request line, Host, fields, what is added.
#include <algorithm>
#include <charconv>

#include "head_copy.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/names.h"
#include "ringway/proxy/head_rewrite.h"

namespace ringway::proxy {
namespace {

using http::FieldName;
using http::TargetForm;

constexpr std::string_view max_forwards_name = "Max-Forwards";

constexpr std::size_t place_of(FieldName id) { return static_cast<std::size_t>(id); }

// True when `original` begins with the matched prefix itself and nothing after it leads out again,
// so that the prefix can be replaced where it stands.
bool begins_plainly(std::string_view original, std::string_view prefix) {
    if (!original.starts_with(prefix)) return false;
    const std::string_view rest = original.substr(prefix.size());
    if (!rest.empty() && rest.front() != '/') return false;
    return rest.find("/.") == rest.npos && rest.find("%2e") == rest.npos &&
           rest.find("%2E") == rest.npos;
}

// What follows the matched part of the path: of the bytes that came when they begin with it
// plainly, else (escaped letters, dot segments) of the normalized path.
std::string_view path_after_match(const RequestRewrite& rewrite) {
    const config::RouteMatch& match = rewrite.route.match;
    if (!match.path_is_prefix && !match.path.empty()) return {};
    std::string_view prefix = match.path;
    if (prefix == "/") prefix = {};
    const std::string_view original = rewrite.target.path;
    const std::string_view normal = rewrite.matched_path;
    const std::string_view path =
        original == normal || begins_plainly(original, prefix) ? original : normal;
    return path.substr(std::min(prefix.size(), path.size()));
}

void write_rewritten_target(http::HeadWriter& out, const RequestRewrite& rewrite) {
    std::string_view begin = *rewrite.route.rewrite;
    const std::string_view rest = path_after_match(rewrite);
    if (begin.ends_with('/') && rest.starts_with('/')) begin.remove_suffix(1);
    if (!begin.starts_with('/') && !(begin.empty() && rest.starts_with('/'))) out.raw("/");
    out.raw(begin);
    out.raw(rest);
    out.raw(rewrite.target.query);
}

void write_target(http::HeadWriter& out, const RequestRewrite& rewrite) {
    const http::Target& target = rewrite.target;
    if (target.form == TargetForm::authority) {
        out.raw(target.authority);
    } else if (target.form != TargetForm::asterisk && rewrite.route.rewrite) {
        write_rewritten_target(out, rewrite);
    } else {
        out.raw(target.path_and_query);
    }
}

// X_Forwarded_For is X-Forwarded-For to an origin that makes variables of names (RFC 3875, 4.1.18).
bool passes_for_forwarded(std::string_view name) {
    if (name.size() < 15 || name.size() > 17 || (name.front() | 0x20) != 'x') return false;
    char dashed[17];
    std::replace_copy(name.begin(), name.end(), dashed, '_', '-');
    switch (http::field_name_of({dashed, name.size()})) {
        case FieldName::x_forwarded_for:
        case FieldName::x_forwarded_host:
        case FieldName::x_forwarded_port:
        case FieldName::x_forwarded_proto: return true;
        default: return false;
    }
}

class RequestFields {
  public:
    RequestFields(http::HeadWriter& out, const RequestRewrite& rewrite)
        : out_(out),
          rewrite_(rewrite),
          copier_(out, rewrite.head),
          places_(rewrite.head),
          connection_(rewrite.head),
          edits_(rewrite.route.request_headers) {
        const config::ForwardedFields form = rewrite.settings.forwarded;
        adds_x_ =
            form == config::ForwardedFields::x_forwarded || form == config::ForwardedFields::both;
        adds_forwarded_ =
            form == config::ForwardedFields::forwarded || form == config::ForwardedFields::both;
        decrements_ = max_forwards_of(rewrite.head).has_value();
    }

    void write() {
        write_host();
        const std::span<const http::Field> fields = rewrite_.head.fields();
        for (std::size_t i = 0; i < fields.size(); ++i) pass(fields[i], i);
        copier_.flush();
        write_framing();
        write_added();
        edits_.write(out_);
        if (upgrade_written_) out_.raw("Connection: upgrade\r\n");
        out_.end_of_head();
    }

  private:
    // A Host that comes first and stays as it is is passed on like any other field.
    void write_host() {
        const config::HostPolicy policy = rewrite_.route.host_policy;
        std::string_view host = rewrite_.target.authority;
        if (policy == config::HostPolicy::literal) host = rewrite_.route.host;
        if (policy == config::HostPolicy::endpoint || host.empty()) {
            host = rewrite_.endpoint_authority;
        }
        const std::span<const http::Field> fields = rewrite_.head.fields();
        if (!fields.empty() && fields.front().id == FieldName::host &&
            value(fields.front()) == host) {
            return copier_.keep(fields.front());
        }
        out_.raw("Host: ");
        out_.raw(host);
        out_.raw("\r\n");
    }

    void pass(const http::Field& field, std::size_t index) {
        switch (field.id) {
            case FieldName::host:
            case FieldName::connection:
            case FieldName::keep_alive:
            case FieldName::proxy_connection:
            case FieldName::proxy_authorization:
            case FieldName::http2_settings:
            case FieldName::te: return;
            case FieldName::content_length:
            case FieldName::transfer_encoding: copier_.flush(); return write_framing();
            case FieldName::upgrade: return pass_upgrade(field);
            case FieldName::expect:  // HTTP/1.0 knows no interim response (RFC 9110, 10.1.1)
                if (rewrite_.head.version_minor == 0) return;
                break;
            case FieldName::via: return pass_via(field, index);
            case FieldName::forwarded:
            case FieldName::x_forwarded_for:
            case FieldName::x_forwarded_host:
            case FieldName::x_forwarded_port:
            case FieldName::x_forwarded_proto: return pass_forwarded(field, index);
            case FieldName::other:
                if (decrements_ && is_named(field, max_forwards_name)) return pass_max_forwards();
                if (!rewrite_.client_is_trusted && passes_for_forwarded(name(field))) return;
                break;
            default: break;
        }
        pass_plain(field);
    }

    void pass_plain(const http::Field& field) {
        if (is_dropped(field)) return;
        if (!rewrite_.request_id.empty() && is_named(field, rewrite_.settings.request_id_name)) {
            return;
        }
        copier_.keep(field);
    }

    // Which wishes are passed on was decided with connection_wishes (http/framing.h).
    void pass_upgrade(const http::Field& field) {
        if (!rewrite_.upgrade) return;
        copier_.keep(field);
        upgrade_written_ = true;
    }

    void pass_via(const http::Field& field, std::size_t index) {
        if (is_dropped(field)) return;
        if (!rewrite_.settings.via || !places_.is_last(FieldName::via, index)) {
            return copier_.keep(field);
        }
        copier_.keep_open(field);
        out_.raw(value(field).empty() ? "" : ", ");
        write_via_element(out_, rewrite_.settings, rewrite_.head.version_minor);
        out_.raw("\r\n");
        via_written_ = true;
    }

    // Believed from trusted clients alone. Who the client was is added to the last line; what it
    // asked for is the first proxy's to say.
    void pass_forwarded(const http::Field& field, std::size_t index) {
        if (!rewrite_.client_is_trusted || is_dropped(field)) return;
        bool& written = written_[place_of(field.id)];
        const bool is_list =
            field.id == FieldName::x_forwarded_for || field.id == FieldName::forwarded;
        const bool adds = field.id == FieldName::forwarded ? adds_forwarded_ : adds_x_;
        if (!is_list || !adds || !places_.is_last(field.id, index)) {
            written = written || !is_list;
            return copier_.keep(field);
        }
        copier_.keep_open(field);
        out_.raw(value(field).empty() ? "" : ", ");
        if (field.id == FieldName::forwarded) {
            write_forwarded_element();
        } else {
            out_.raw(client());
        }
        out_.raw("\r\n");
        written = true;
    }

    void pass_max_forwards() {
        const std::uint32_t hops = *max_forwards_of(rewrite_.head);
        copier_.flush();
        if (!max_forwards_written_) {
            out_.field(max_forwards_name, std::uint64_t{hops > 0 ? hops - 1 : 0});
        }
        max_forwards_written_ = true;
    }

    void write_framing() {
        if (framing_written_) return;
        framing_written_ = true;
        if (rewrite_.framing.kind == http::BodyKind::length) {
            out_.raw("Content-Length: ");
            out_.number(rewrite_.framing.length);
            out_.raw("\r\n");
        } else if (rewrite_.framing.kind == http::BodyKind::chunked) {
            out_.raw("Transfer-Encoding: chunked\r\n");
        }
    }

    void write_added() {
        const config::Settings& settings = rewrite_.settings;
        if (adds_x_) {
            add(FieldName::x_forwarded_for, "X-Forwarded-For", client());
            add(FieldName::x_forwarded_proto, "X-Forwarded-Proto", rewrite_.listener_scheme);
            if (!rewrite_.target.authority.empty()) {
                add(FieldName::x_forwarded_host, "X-Forwarded-Host", rewrite_.target.authority);
            }
            if (rewrite_.listener_port != 0) write_forwarded_port();
        }
        if (adds_forwarded_ && !is_settled(FieldName::forwarded, "Forwarded")) {
            out_.raw("Forwarded: ");
            write_forwarded_element();
            out_.raw("\r\n");
        }
        if (settings.via && !via_written_ && !edits_.drop("Via")) {
            out_.raw("Via: ");
            write_via_element(out_, settings, rewrite_.head.version_minor);
            out_.raw("\r\n");
        }
        if (!rewrite_.request_id.empty() && !edits_.drop(settings.request_id_name) &&
            is_one_line(rewrite_.request_id)) {
            out_.field(settings.request_id_name, rewrite_.request_id);
        }
    }

    void add(FieldName id, std::string_view field_name, std::string_view text) {
        if (is_settled(id, field_name)) return;
        out_.raw(field_name);
        out_.raw(": ");
        out_.raw(text);
        out_.raw("\r\n");
    }

    void write_forwarded_port() {
        if (is_settled(FieldName::x_forwarded_port, "X-Forwarded-Port")) return;
        out_.raw("X-Forwarded-Port: ");
        out_.number(rewrite_.listener_port);
        out_.raw("\r\n");
    }

    // for=192.0.2.1;host="a.example:8080";proto=http (RFC 7239, 4 and 6).
    void write_forwarded_element() {
        const bool is_ipv6 = client().find(':') != std::string_view::npos;
        out_.raw(is_ipv6 ? "for=\"[" : "for=");
        out_.raw(client());
        out_.raw(is_ipv6 ? "]\"" : "");
        if (!rewrite_.target.authority.empty()) {
            out_.raw(";host=");
            write_quoted(out_, rewrite_.target.authority);  // a colon is no token character
        }
        out_.raw(";proto=");
        out_.raw(rewrite_.listener_scheme);
    }

    bool is_settled(FieldName id, std::string_view field_name) const {
        return written_[place_of(id)] || edits_.drop(field_name);
    }
    bool is_dropped(const http::Field& field) const {
        return connection_.names(name(field)) || edits_.drop(name(field));
    }
    bool is_named(const http::Field& field, std::string_view wanted) const {
        return field.name_bytes == wanted.size() && http::equals_ignoring_case(name(field), wanted);
    }
    std::string_view name(const http::Field& field) const { return rewrite_.head.name(field); }
    std::string_view value(const http::Field& field) const { return rewrite_.head.value(field); }
    // A Unix socket's client has no address, and who has reset its connection none any more (RFC
    // 7239, 6.2).
    std::string_view client() const {
        const bool is_unknown = rewrite_.client_host.empty() || rewrite_.client_host == "unix";
        return is_unknown ? "unknown" : rewrite_.client_host;
    }

    http::HeadWriter& out_;
    const RequestRewrite& rewrite_;
    FieldCopier copier_;
    LastPlaces places_;
    http::ConnectionOptions connection_;
    HeadEdits edits_;
    std::array<bool, place_of(FieldName::x_request_id) + 1> written_{};
    bool adds_x_ = false;
    bool adds_forwarded_ = false;
    bool decrements_ = false;
    bool framing_written_ = false;
    bool via_written_ = false;
    bool upgrade_written_ = false;
    bool max_forwards_written_ = false;
};

}  // namespace

void write_request_head(http::HeadWriter& out, const RequestRewrite& rewrite) {
    out.raw(rewrite.head.text(rewrite.head.method_text));
    out.raw(" ");
    write_target(out, rewrite);
    out.raw(" HTTP/1.1\r\n");
    RequestFields(out, rewrite).write();
}

std::optional<std::uint32_t> max_forwards_of(const http::RequestHead& head) {
    if (head.method != http::Method::options && head.method != http::Method::trace) {
        return std::nullopt;
    }
    const http::Field* field = head.find(max_forwards_name);
    if (field == nullptr) return std::nullopt;
    const std::string_view digits = head.value(*field);
    std::uint32_t hops = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), hops);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return hops;
}

std::string_view request_id_of(const config::Settings& settings, const http::RequestHead& head,
                               std::span<const std::uint64_t, 2> random, std::span<char> room) {
    constexpr std::size_t digits = 32;
    constexpr std::size_t accepted_bytes_max = 128;
    if (settings.request_id_name.empty() || room.size() < digits) return {};
    if (const http::Field* field = head.find(settings.request_id_name)) {
        const std::string_view sent = head.value(*field);
        const bool is_visible =
            std::all_of(sent.begin(), sent.end(), [](char c) { return c > ' ' && c < 0x7F; });
        if (!sent.empty() && sent.size() <= accepted_bytes_max && is_visible) return sent;
    }
    for (std::size_t i = 0; i < digits; ++i) {
        room[i] = "0123456789abcdef"[random[i / 16] >> (i % 16 * 4) & 15];
    }
    return {room.data(), digits};
}

std::size_t request_head_bytes_added_max(const RequestRewrite& rewrite) {
    constexpr std::size_t own_words = 512;  // names of what is added, numbers, line ends
    const config::Settings& settings = rewrite.settings;
    const config::Route& route = rewrite.route;
    std::size_t bytes = own_words + HeadEdits(route.request_headers).bytes_max();
    bytes += rewrite.head.fields().size();  // a blank after each colon
    bytes += route.rewrite ? route.rewrite->size() : 0;
    bytes += route.host.size() + rewrite.endpoint_authority.size();
    // Host, X-Forwarded-Host, and quoted in Forwarded.
    bytes += rewrite.target.authority.size() * 4;
    bytes += (rewrite.client_host.size() + rewrite.listener_scheme.size()) * 2;
    bytes += settings.via_name.size() + settings.request_id_name.size() + rewrite.request_id.size();
    return bytes;
}

}  // namespace ringway::proxy
