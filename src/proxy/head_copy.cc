#include "head_copy.h"

#include <algorithm>

#include "ringway/http/hop_by_hop.h"
#include "ringway/http/names.h"

namespace ringway::proxy {
namespace {

bool may_be_edited(std::string_view name) {
    const http::FieldName id = http::field_name_of(name);
    return id != http::FieldName::content_length && id != http::FieldName::host &&
           !http::is_hop_by_hop(id);
}

}  // namespace

bool HeadEdits::is_replaced_from(std::size_t first, std::string_view name) const {
    for (std::size_t i = first; i < edits_.size(); ++i) {
        if (edits_[i].action != config::HeaderEdit::Action::add &&
            http::equals_ignoring_case(edits_[i].name, name)) {
            return true;
        }
    }
    return false;
}

void HeadEdits::write(http::HeadWriter& out) const {
    for (std::size_t i = 0; i < edits_.size(); ++i) {
        const config::HeaderEdit& edit = edits_[i];
        if (edit.action == config::HeaderEdit::Action::remove) continue;
        if (is_replaced_from(i + 1, edit.name) || !may_be_edited(edit.name)) continue;
        if (is_one_line(edit.name) && is_one_line(edit.value)) out.field(edit.name, edit.value);
    }
}

std::size_t HeadEdits::bytes_max() const {
    std::size_t bytes = 0;
    for (const config::HeaderEdit& edit : edits_) bytes += edit.name.size() + edit.value.size() + 4;
    return bytes;
}

bool is_one_line(std::string_view value) {
    return std::none_of(value.begin(), value.end(),
                        [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void write_quoted(http::HeadWriter& out, std::string_view text) {
    out.raw("\"");
    for (const char& c : text) {
        const bool is_visible = c >= ' ' && c < 0x7F;
        if (c == '"' || c == '\\') out.raw("\\");
        out.raw(is_visible ? std::string_view(&c, 1) : "?");
    }
    out.raw("\"");
}

void write_via_element(http::HeadWriter& out, const config::Settings& settings,
                       std::uint8_t version_minor) {
    out.raw(version_minor == 0 ? "1.0 " : "1.1 ");
    out.raw(settings.via_name);
}

}  // namespace ringway::proxy
