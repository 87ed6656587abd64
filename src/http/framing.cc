#include "ringway/http/framing.h"

#include <limits>

#include "chars.h"
#include "ringway/http/hop_by_hop.h"

namespace ringway::http {
namespace {

constexpr std::size_t connection_options_max = 32;

// Digits and nothing else. The largest length is that of a signed number, so that sums of it with
// what is already there cannot wrap.
bool read_length(std::string_view text, std::uint64_t& length) {
    constexpr std::uint64_t length_max = std::numeric_limits<std::int64_t>::max();
    if (text.empty()) return false;
    std::uint64_t sum = 0;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (sum > (length_max - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    length = sum;
    return true;
}

// What the framing fields of a head say, all lines of them together.
struct FramingFields {
    bool has_length = false;
    bool has_codings = false;
    std::uint64_t length = 0;
    std::uint8_t chunked = 0;  // times that it is named: 0, 1, or 2 for more
    bool chunked_is_last = false;
    bool other_coding = false;
    Fault fault = Fault::none;
};

// Calls visit(element) for each element of a comma-separated list, with empty ones, without the
// blanks around them. In framing fields an empty element is a fault, not something to skip.
template <typename Visit>
void for_each_piece(std::string_view list, Visit visit) {
    for (;;) {
        const std::size_t comma = list.find(',');
        std::string_view piece = list.substr(0, comma);
        while (!piece.empty() && is_blank(piece.front())) piece.remove_prefix(1);
        while (!piece.empty() && is_blank(piece.back())) piece.remove_suffix(1);
        visit(piece);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

void add_lengths(FramingFields& fields, std::string_view list) {
    for_each_piece(list, [&](std::string_view text) {
        std::uint64_t length = 0;
        if (!read_length(text, length)) {
            fields.fault = Fault::bad_content_length;
        } else if (fields.has_length && length != fields.length && fields.fault == Fault::none) {
            fields.fault = Fault::conflicting_content_length;
        }
        fields.has_length = true;
        fields.length = length;
    });
}

void add_codings(FramingFields& fields, std::string_view list) {
    for_each_piece(list, [&](std::string_view coding) {
        fields.has_codings = true;
        fields.chunked_is_last = equals_ignoring_case(coding, "chunked");
        if (fields.chunked_is_last) {
            fields.chunked = static_cast<std::uint8_t>(fields.chunked == 0 ? 1 : 2);
        } else if (is_token(coding.substr(0, coding.find(';')))) {
            fields.other_coding = true;
        } else {
            fields.fault = Fault::bad_transfer_encoding;
        }
    });
}

FramingFields read_framing_fields(const FieldList& head) {
    FramingFields fields;
    for (const Field& field : head.fields()) {
        if (field.id == FieldName::content_length) {
            add_lengths(fields, head.value(field));
        } else if (field.id == FieldName::transfer_encoding) {
            add_codings(fields, head.value(field));
        }
    }
    return fields;
}

// What is wrong with the framing fields, of a request or a response.
Fault framing_fault(const FramingFields& fields, std::uint8_t version_minor) {
    if (!fields.has_codings) return fields.fault;
    if (fields.has_length) return Fault::length_and_chunked;
    if (fields.fault != Fault::none) return fields.fault;
    if (version_minor == 0 || fields.chunked > 1 || !fields.chunked_is_last) {
        return Fault::bad_transfer_encoding;
    }
    return fields.other_coding ? Fault::unsupported_transfer_encoding : Fault::none;
}

FramingResult failed(Fault fault) { return {.framing = {}, .fault = fault}; }

FramingResult without_body(const FramingFields& fields) {
    const bool announced = fields.has_codings || (fields.has_length && fields.length != 0);
    return announced ? failed(Fault::unexpected_body) : FramingResult{};
}

bool has_body(const FieldList& head) {
    const FramingFields fields = read_framing_fields(head);
    return fields.has_codings || (fields.has_length && fields.length != 0);
}

// Something to upgrade to that may be passed on: HTTP/2 by upgrade would hide what follows.
bool names_other_protocol(const FieldList& head) {
    bool named = false;
    bool http2 = false;
    for (const Field& field : head.fields()) {
        if (field.id != FieldName::upgrade) continue;
        for_each_element(head.value(field), [&](std::string_view protocol) {
            named = true;
            http2 = http2 || equals_ignoring_case(protocol.substr(0, 2), "h2");
            return true;
        });
    }
    return named && !http2;
}

}  // namespace

FramingResult frame_request(const RequestHead& head) {
    const FramingFields fields = read_framing_fields(head);
    const Fault fault = framing_fault(fields, head.version_minor);
    if (fault != Fault::none) return failed(fault);
    if (head.method == Method::connect || head.method == Method::trace) {
        return without_body(fields);
    }
    if (fields.has_codings) return {.framing = {.kind = BodyKind::chunked}};
    if (fields.has_length) {
        return {.framing = {.kind = BodyKind::length, .length = fields.length}};
    }
    const bool needs_length = head.method == Method::post || head.method == Method::put;
    if (head.version_minor == 0 && needs_length) return failed(Fault::length_required);
    return {};
}

FramingResult frame_response(const ResponseHead& head, const RequestTraits& request) {
    if (request.method == Method::connect && head.status / 100 == 2) {
        return {.framing = {.kind = BodyKind::tunnel}};  // RFC 9110, 9.3.6: fields are ignored
    }
    const FramingFields fields = read_framing_fields(head);
    const Fault fault = framing_fault(fields, head.version_minor);
    if (fault != Fault::none) return failed(fault);
    if (head.status < 200 || head.status == 204) {
        FramingResult result = without_body(fields);
        if (head.status == 101 && result.fault == Fault::none) {
            if (!request.asked_for_upgrade) return failed(Fault::bad_upgrade);
            result.framing.kind = BodyKind::tunnel;
        }
        return result;
    }
    if (request.method == Method::head || head.status == 304) return {};
    if (fields.has_codings) return {.framing = {.kind = BodyKind::chunked}};
    if (fields.has_length) {
        return {.framing = {.kind = BodyKind::length, .length = fields.length}};
    }
    return {.framing = {.kind = BodyKind::until_close}};
}

ConnectionWishes connection_wishes(const FieldList& head, std::uint8_t version_minor) {
    ConnectionWishes wishes;
    bool close = false;
    bool keep_alive = false;
    bool upgrade = false;
    std::size_t options = 0;
    for (const Field& field : head.fields()) {
        if (field.id != FieldName::connection) continue;
        for_each_element(head.value(field), [&](std::string_view option) {
            close = close || equals_ignoring_case(option, "close");
            keep_alive = keep_alive || equals_ignoring_case(option, "keep-alive");
            upgrade = upgrade || equals_ignoring_case(option, "upgrade");
            if (!is_token(option) || ++options > connection_options_max) {
                wishes.fault = Fault::bad_field_value;
            }
            return wishes.fault == Fault::none;
        });
    }
    wishes.keep_alive = !close && (version_minor >= 1 || keep_alive);
    wishes.upgrade = upgrade && version_minor >= 1 && names_other_protocol(head) && !has_body(head);
    return wishes;
}

Expectation expectation_of(const RequestHead& head) {
    Expectation expectation;
    for (const Field& field : head.fields()) {
        if (field.id != FieldName::expect) continue;
        for_each_piece(head.value(field), [&](std::string_view wish) {
            if (equals_ignoring_case(wish, "100-continue")) {
                expectation.wants_continue = head.version_minor >= 1;
            } else {
                expectation.fault = Fault::expectation_failed;
            }
        });
    }
    return expectation;
}

}  // namespace ringway::http
