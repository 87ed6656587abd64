// The response's way through head_rewrite: status line, fields, what is added; interim heads.
#include <charconv>
#include <optional>

#include "head_copy.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/names.h"
#include "ringway/proxy/head_rewrite.h"

namespace ringway::proxy {
namespace {

using http::FieldName;

const config::Route route_without_edits;

// The reason is passed on as it came, also an empty one.
void write_status_line(http::HeadWriter& out, const http::ResponseHead& head) {
    out.raw("HTTP/1.1 ");
    out.number(head.status);
    out.raw(" ");
    out.raw(head.text(head.reason));
    out.raw("\r\n");
}

std::optional<std::uint64_t> length_of(std::string_view digits) {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return length;
}

class ResponseFields {
  public:
    ResponseFields(http::HeadWriter& out, const ResponseRewrite& rewrite)
        : out_(out),
          rewrite_(rewrite),
          copier_(out, rewrite.head),
          places_(rewrite.head),
          connection_(rewrite.head),
          edits_(rewrite.route.response_headers) {}

    void write() {
        const std::span<const http::Field> fields = rewrite_.head.fields();
        for (std::size_t i = 0; i < fields.size(); ++i) pass(fields[i], i);
        copier_.flush();
        write_framing();
        write_added();
        edits_.write(out_);
        write_connection();
        out_.end_of_head();
    }

  private:
    void pass(const http::Field& field, std::size_t index) {
        switch (field.id) {
            case FieldName::connection:
            case FieldName::keep_alive:
            case FieldName::proxy_connection:
            case FieldName::proxy_authorization:
            case FieldName::http2_settings:
            case FieldName::te: return;
            case FieldName::content_length:
                if (rewrite_.form == BodyForm::none && rewrite_.keep_length_field) {
                    return keep_length(field);
                }
                [[fallthrough]];
            case FieldName::transfer_encoding: copier_.flush(); return write_framing();
            case FieldName::upgrade:
                if (rewrite_.upgrade) copier_.keep(field);
                return;
            case FieldName::via: return pass_via(field, index);
            default: break;
        }
        if (is_dropped(field) || is_our_request_id(field)) return;
        copier_.keep(field);
    }

    void pass_via(const http::Field& field, std::size_t index) {
        if (is_dropped(field)) return;
        if (!rewrite_.settings.via || !places_.is_last(FieldName::via, index)) {
            return copier_.keep(field);
        }
        copier_.keep_open(field);
        out_.raw(rewrite_.head.value(field).empty() ? "" : ", ");
        write_via_element(out_, rewrite_.settings, rewrite_.head.version_minor);
        out_.raw("\r\n");
        via_written_ = true;
    }

    // What the body's length would have been; once, and only if it is a number.
    void keep_length(const http::Field& field) {
        const std::optional<std::uint64_t> length = length_of(rewrite_.head.value(field));
        if (!length || framing_written_) return;
        copier_.flush();
        write_length(*length);
        framing_written_ = true;
    }

    void write_framing() {
        if (framing_written_ || rewrite_.form == BodyForm::none) return;
        framing_written_ = true;
        if (rewrite_.form == BodyForm::length) write_length(rewrite_.length);
        if (rewrite_.form == BodyForm::chunked) out_.raw("Transfer-Encoding: chunked\r\n");
    }

    void write_length(std::uint64_t length) {
        out_.raw("Content-Length: ");
        out_.number(length);
        out_.raw("\r\n");
    }

    void write_added() {
        const config::Settings& settings = rewrite_.settings;
        if (settings.via && !via_written_ && !edits_.drop("Via")) {
            out_.raw("Via: ");
            write_via_element(out_, settings, rewrite_.head.version_minor);
            out_.raw("\r\n");
        }
        if (!rewrite_.date.empty() && !places_.has(FieldName::date) &&
            rewrite_.head.status >= 200 && !edits_.drop("Date")) {
            out_.raw("Date: ");
            out_.raw(rewrite_.date);
            out_.raw("\r\n");
        }
        if (!rewrite_.request_id.empty() && !edits_.drop(settings.request_id_name) &&
            is_one_line(rewrite_.request_id)) {
            out_.field(settings.request_id_name, rewrite_.request_id);
        }
        if (!rewrite_.sticky_cookie.empty() && is_one_line(rewrite_.sticky_cookie)) {
            out_.field("Set-Cookie", rewrite_.sticky_cookie);
        }
    }

    void write_connection() {
        if (rewrite_.upgrade) {
            out_.raw("Connection: upgrade\r\n");
        } else if (rewrite_.close) {
            out_.raw("Connection: close\r\n");
        } else if (rewrite_.say_keep_alive) {
            out_.raw("Connection: keep-alive\r\n");
        }
    }

    bool is_dropped(const http::Field& field) const {
        const std::string_view name = rewrite_.head.name(field);
        return connection_.names(name) || edits_.drop(name);
    }
    bool is_our_request_id(const http::Field& field) const {
        const std::string_view ours = rewrite_.settings.request_id_name;
        return !rewrite_.request_id.empty() && field.name_bytes == ours.size() &&
               http::equals_ignoring_case(rewrite_.head.name(field), ours);
    }

    http::HeadWriter& out_;
    const ResponseRewrite& rewrite_;
    FieldCopier copier_;
    LastPlaces places_;
    http::ConnectionOptions connection_;
    HeadEdits edits_;
    bool framing_written_ = false;
    bool via_written_ = false;
};

}  // namespace

void write_response_head(http::HeadWriter& out, const ResponseRewrite& rewrite) {
    write_status_line(out, rewrite.head);
    ResponseFields(out, rewrite).write();
}

void write_interim_head(http::HeadWriter& out, const config::Settings& settings,
                        const http::ResponseHead& head) {
    write_response_head(out, {.settings = settings, .route = route_without_edits, .head = head});
}

std::size_t response_head_bytes_added_max(const ResponseRewrite& rewrite) {
    constexpr std::size_t own_words = 256;  // names of what is added, numbers, line ends
    const config::Settings& settings = rewrite.settings;
    return own_words + HeadEdits(rewrite.route.response_headers).bytes_max() +
           rewrite.head.fields().size() + settings.via_name.size() +
           settings.request_id_name.size() + rewrite.request_id.size() +
           rewrite.sticky_cookie.size() + rewrite.date.size();
}

}  // namespace ringway::proxy
