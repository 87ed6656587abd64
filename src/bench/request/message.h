// One kind of request as an HTTP/1.1 message: made once, handed out or written again and again.
//
// Adds Host, Content-Length, User-Agent and what the plan asks for, unless the user gave them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "ringway/bench/plan.h"
#include "template.h"

namespace ringway::bench {

class Message {
  public:
    struct Setting {
        std::string_view authority;           // for Host
        bool close = false;                   // Connection: close
        bool wants_events = false;            // Accept: text/event-stream
        bool placeholders = true;             // false: the request is meant literally, as logged
        std::span<const HeaderField> more{};  // replace those of the same name; with placeholders
    };
    Message(const RequestKind& request, const Setting& setting);

    bool is_constant() const { return is_constant_; }
    bool is_head() const { return is_head_; }
    // Of a constant one: all of it.
    std::string_view text() const { return head_.text(); }
    // Replaces what is in `buffer`, which does not grow again once it has been used here.
    // `scratch` holds the body while its length is being found out.
    void write(std::string& buffer, std::string& scratch, const PlaceholderValues& values,
               base::Random& random) const;

  private:
    void add_fields(const RequestKind& request, const Setting& setting);

    // The head up to and including its last CRLF, without Content-Length when `counts_body_`;
    // of a constant message head and body.
    Template head_;
    Template body_;
    bool is_constant_ = false;
    bool is_head_ = false;
    bool counts_body_ = false;  // the body's length differs from request to request
    std::size_t bytes_max_ = 0;
};

}  // namespace ringway::bench
