// What a client wants to read (RFC 9110, 12.5.1), as far as replies of ringway's own need it.
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/names.h"
#include "ringway/proxy/local_reply.h"

namespace ringway::proxy {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

// "q=0.8" in thousandths; 1000 where it is absent, 0 where it is not understood.
int quality_of(std::string_view parameters) {
    while (!parameters.empty()) {
        const std::size_t semicolon = parameters.find(';');
        const std::string_view parameter = trimmed(parameters.substr(0, semicolon));
        parameters.remove_prefix(semicolon == parameters.npos ? parameters.size() : semicolon + 1);
        if (parameter.size() < 3 || (parameter[0] | 0x20) != 'q' || parameter[1] != '=') continue;
        if (parameter[2] == '1') return 1000;
        int quality = 0;
        int unit = 100;
        for (std::size_t i = 4; i < parameter.size() && parameter[i] >= '0' && parameter[i] <= '9';
             ++i, unit /= 10) {
            quality += (parameter[i] - '0') * unit;
        }
        return quality;
    }
    return 1000;
}

bool is_json(std::string_view type) {
    constexpr std::string_view begin = "application/";
    constexpr std::string_view suffix = "+json";
    if (type.size() > begin.size() + suffix.size() &&
        http::equals_ignoring_case(type.substr(type.size() - suffix.size()), suffix)) {
        return http::equals_ignoring_case(type.substr(0, begin.size()), begin);
    }
    return http::equals_ignoring_case(type, "application/json");
}

bool is_text(std::string_view type) {
    return http::equals_ignoring_case(type.substr(0, 5), "text/") ||
           http::equals_ignoring_case(type, "application/xhtml+xml");
}

}  // namespace

bool accepts_json(const http::RequestHead& head) {
    int json = 0;
    int text = 0;
    for (const http::Field& field : head.fields()) {
        if (field.id != http::FieldName::accept) continue;
        http::for_each_element(head.value(field), [&](std::string_view element) {
            const std::size_t semicolon = element.find(';');
            const std::string_view type = trimmed(element.substr(0, semicolon));
            const int quality =
                semicolon == element.npos ? 1000 : quality_of(element.substr(semicolon + 1));
            // Of equal ones the first is meant.
            if (is_json(type) && quality > text) json = std::max(json, quality);
            if (is_text(type) && quality > json) text = std::max(text, quality);
            return true;
        });
    }
    return json > text;
}

}  // namespace ringway::proxy
