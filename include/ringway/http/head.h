// The head of a message as parsed: spans into the bytes it came in.
//
// Fields keep offsets, not pointers: the bytes may be copied elsewhere (a receive buffer is given
// back early), and rebase() says where they are now. Owns no bytes. Order and spelling are kept.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "ringway/http/names.h"

namespace ringway::http {

inline constexpr std::size_t fields_max = 128;

// Without initial values: a list of them is made per message and must cost nothing.
struct Field {
    std::uint32_t name_at;
    std::uint32_t value_at;  // without the blanks around it
    std::uint32_t value_bytes;
    std::uint16_t name_bytes;
    FieldName id;
};
static_assert(sizeof(Field) == 16);

// A part of the head's bytes.
struct Span {
    std::uint32_t at = 0;
    std::uint32_t bytes = 0;
};

class FieldList {
  public:
    // Not defaulted: then `RequestHead{}` would fill two kilobytes of unused fields with zeros.
    FieldList() {}  // NOLINT(modernize-use-equals-default)
    void clear() {
        count_ = 0;
        base_ = nullptr;
        head_bytes_ = 0;
        present_ = 0;
    }
    // Where the message begins: its first byte, now.
    void rebase(const char* base) { base_ = base; }
    const char* base() const { return base_; }
    // The whole head, with the empty line that ends it.
    std::uint32_t head_bytes() const { return head_bytes_; }
    void set_head_bytes(std::uint32_t bytes) { head_bytes_ = bytes; }

    bool add(const Field& field) {
        if (count_ == fields_max) return false;
        fields_[count_++] = field;
        present_ |= bit_of(field.id);
        return true;
    }
    std::span<const Field> fields() const { return {fields_.data(), count_}; }
    std::string_view text(Span span) const { return {base_ + span.at, span.bytes}; }
    std::string_view name(const Field& field) const {
        return {base_ + field.name_at, field.name_bytes};
    }
    std::string_view value(const Field& field) const {
        return {base_ + field.value_at, field.value_bytes};
    }
    // Whether a field of this name is there; says at once what find() would search for in vain.
    bool has(FieldName id) const { return (present_ & bit_of(id)) != 0; }
    // The first field of this name, or nullptr.
    const Field* find(FieldName id) const {
        if (!has(id)) return nullptr;
        for (const Field& field : fields()) {
            if (field.id == id) return &field;
        }
        return nullptr;
    }
    const Field* find(std::string_view name) const;  // any case; by a walk
    std::string_view value_of(FieldName id) const {  // empty when absent
        const Field* field = find(id);
        return field != nullptr ? value(*field) : std::string_view{};
    }

  private:
    static constexpr std::uint64_t bit_of(FieldName id) {
        return std::uint64_t{1} << static_cast<unsigned>(id);
    }

    const char* base_ = nullptr;
    std::uint64_t present_ = 0;  // by FieldName
    std::uint32_t head_bytes_ = 0;
    std::uint32_t count_ = 0;
    std::array<Field, fields_max> fields_;
};

struct RequestHead : FieldList {
    Method method = Method::other;
    std::uint8_t version_minor = 1;
    Span method_text;
    Span target;
};

struct ResponseHead : FieldList {
    std::uint16_t status = 0;
    std::uint8_t version_minor = 1;
    Span reason;
};

}  // namespace ringway::http
