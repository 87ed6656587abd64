// How fields get from one head into the next: shared by the two directions of head_rewrite.
//
// Private to proxy. Allocates nothing and decides nothing: callers say which fields stay.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "ringway/config/settings.h"
#include "ringway/http/head.h"
#include "ringway/http/writer.h"

namespace ringway::proxy {

// Passes fields on in their order. Lines that stand beside each other and are written as
// "Name: value" are copied together; any other (no blank after the colon, more than one, blanks at
// the end) is written anew, so that what leaves has one form.
class FieldCopier {
  public:
    FieldCopier(http::HeadWriter& out, const http::FieldList& head) : out_(out), head_(head) {}

    void keep(const http::Field& field) {
        const std::uint32_t value_end = field.value_at + field.value_bytes;
        if (!is_plain(field, value_end)) {
            flush();
            out_.field(head_.name(field), head_.value(field));
            return;
        }
        if (field.name_at != run_end_) {
            flush();
            run_at_ = field.name_at;
        }
        run_end_ = value_end + 2;
    }
    // The field, without its line's end, for who adds to its value.
    void keep_open(const http::Field& field) {
        flush();
        out_.raw(head_.name(field));
        out_.raw(": ");
        out_.raw(head_.value(field));
    }
    // Before anything else is written.
    void flush() {
        if (run_end_ > run_at_) out_.raw({head_.base() + run_at_, run_end_ - run_at_});
        run_at_ = 0;
        run_end_ = 0;
    }

  private:
    bool is_plain(const http::Field& field, std::uint32_t value_end) const {
        const char* base = head_.base();
        return field.value_at == field.name_at + field.name_bytes + 2u &&
               base[field.value_at - 1] == ' ' && value_end + 2 <= head_.head_bytes() &&
               base[value_end] == '\r' && base[value_end + 1] == '\n';
    }

    http::HeadWriter& out_;
    const http::FieldList& head_;
    std::uint32_t run_at_ = 0;
    std::uint32_t run_end_ = 0;  // 0: no run
};

// Where the last field of each name stands.
class LastPlaces {
  public:
    explicit LastPlaces(const http::FieldList& head) {
        std::uint8_t place = 0;
        for (const http::Field& field : head.fields()) {
            places_[static_cast<std::size_t>(field.id)] = ++place;
        }
    }
    bool has(http::FieldName id) const { return places_[static_cast<std::size_t>(id)] != 0; }
    bool is_last(http::FieldName id, std::size_t index) const {
        return places_[static_cast<std::size_t>(id)] == index + 1;
    }

  private:
    static_assert(http::fields_max < 256);
    static constexpr std::size_t names =
        static_cast<std::size_t>(http::FieldName::x_request_id) + 1;
    std::array<std::uint8_t, names> places_{};  // one more than the index; 0: absent
};

// A route's edits of one kind of head.
class HeadEdits {
  public:
    explicit HeadEdits(const std::vector<config::HeaderEdit>& edits) : edits_(edits) {}

    // True when the field must not be passed on: it is removed, or set to another value.
    bool drop(std::string_view name) const { return !edits_.empty() && is_replaced_from(0, name); }
    // Fields that are set and added, less those that a later edit sets or removes. Those that frame
    // a message or are about one connection are never written, whatever the settings say.
    void write(http::HeadWriter& out) const;
    std::size_t bytes_max() const;

  private:
    // By the edits from that one on.
    bool is_replaced_from(std::size_t first, std::string_view name) const;
    const std::vector<config::HeaderEdit>& edits_;
};

// True when `value` can end no line. What comes from parsed heads is known to be so.
bool is_one_line(std::string_view value);

// As a quoted-string (RFC 9110, 5.6.4). Anything that is not visible ASCII becomes '?'.
void write_quoted(http::HeadWriter& out, std::string_view text);

// "1.1 ringway": an element of Via.
void write_via_element(http::HeadWriter& out, const config::Settings& settings,
                       std::uint8_t version_minor);

}  // namespace ringway::proxy
