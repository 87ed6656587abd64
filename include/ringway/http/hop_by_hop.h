// Which fields end here (RFC 9110, 7.6.1; RFC 9112, C.2.2).
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/http/head.h"

namespace ringway::http {

// Fields that are about this connection whatever Connection says: Connection, Keep-Alive,
// Proxy-Connection, TE, Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authorization.
bool is_hop_by_hop(FieldName name);

// Fields that the Connection fields of one head name. Built once per head; cheap when, as nearly
// always, nothing but "close", "keep-alive" or "upgrade" is named.
class ConnectionOptions {
  public:
    explicit ConnectionOptions(const FieldList& head);
    // True when this field must not be passed on because Connection names it. Fields that a message
    // cannot do without (Host, Content-Length, Content-Type, ...) are never dropped this way.
    bool names(std::string_view field_name) const { return names_any_ && search(field_name); }

  private:
    bool search(std::string_view field_name) const;
    const FieldList& head_;
    bool names_any_ = false;
};

// Fields that a trailer section must not carry on (RFC 9110, 6.5.1): framing, routing, request
// modifiers, authentication, response control data, content encoding.
bool is_forbidden_in_trailers(FieldName name, std::string_view text);

// The comma-separated elements of a list-valued field (RFC 9110, 5.6.1): without blanks, without
// empty ones. Calls visit(element) until it answers false.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        std::string_view element = list.substr(0, comma);
        while (!element.empty() && (element.front() == ' ' || element.front() == '\t')) {
            element.remove_prefix(1);
        }
        while (!element.empty() && (element.back() == ' ' || element.back() == '\t')) {
            element.remove_suffix(1);
        }
        if (!element.empty() && !visit(element)) return;
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

}  // namespace ringway::http
