// What of a request could not be sent as it is given, said before anything runs.
#include <string_view>

#include <fmt/format.h>

#include "request_source.h"
#include "request_text.h"
#include "template.h"

namespace ringway::bench {
namespace {

config::Complaint complain(std::string_view where, std::string_view text) {
    const auto parsed = Template::parse(text);
    if (parsed) return std::nullopt;
    return config::Refusal{fmt::format("{}: {}", where, parsed.reason().rule),
                           parsed.reason().hint};
}

}  // namespace

config::Complaint check_templates(const RequestKind& kind) {
    if (!is_token(kind.method)) {
        return config::Refusal{"a method is one word of letters, digits and !#$%&'*+-.^_`|~", ""};
    }
    if (!is_target(kind.target)) {
        return config::Refusal{"a request target begins with / and holds no blank",
                               "write %20 for a blank"};
    }
    if (auto complaint = complain("the URL", kind.target)) return complaint;
    for (const HeaderField& field : kind.fields) {
        const std::string where = fmt::format("the field {}", config::printable(field.name));
        if (!is_token(field.name)) {
            return config::Refusal{where + ": a name is letters, digits and !#$%&'*+-.^_`|~", ""};
        }
        if (!is_field_value(field.value)) {
            return config::Refusal{where + ": a value holds no control character", ""};
        }
        if (auto complaint = complain(where, field.value)) return complaint;
    }
    return complain("the body", kind.body);
}

}  // namespace ringway::bench
