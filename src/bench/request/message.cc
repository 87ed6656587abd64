#include "message.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "ringway/http/names.h"

namespace ringway::bench {
namespace {

constexpr std::string_view user_agent = "ringway-bench/" RINGWAY_VERSION;

bool has_field(std::span<const HeaderField> fields, std::string_view name) {
    return std::any_of(fields.begin(), fields.end(), [&](const HeaderField& field) {
        return http::equals_ignoring_case(field.name, name);
    });
}

// What is no template is meant as it stands; the command line has refused it long before.
Template template_of(std::string_view text, bool placeholders) {
    if (placeholders) {
        auto parsed = Template::parse(text);
        if (parsed) return std::move(*parsed);
    }
    return Template::literal(text);
}

// Methods whose requests say "Content-Length: 0" when they have no body (RFC 9110, 8.6).
bool expects_content(std::string_view method) {
    return method == "POST" || method == "PUT" || method == "PATCH";
}

}  // namespace

Message::Message(const RequestKind& request, const Setting& setting)
    : is_head_(request.method == "HEAD") {
    head_.append(request.method);
    head_.append(std::string_view(" "));
    head_.append(template_of(request.target, setting.placeholders));
    head_.append(std::string_view(" HTTP/1.1\r\n"));
    add_fields(request, setting);
    body_ = template_of(request.body, setting.placeholders);
    const auto given = [&](std::string_view name) {
        return has_field(request.fields, name) || has_field(setting.more, name);
    };
    const bool has_body = !request.body.empty();
    if ((has_body || expects_content(request.method)) && !given("Content-Length") &&
        !given("Transfer-Encoding")) {
        counts_body_ = !body_.is_constant();
        if (!counts_body_) {
            head_.append(fmt::format("Content-Length: {}\r\n", body_.text().size()));
        }
    }
    if (!counts_body_) head_.append(std::string_view("\r\n"));
    is_constant_ = head_.is_constant() && body_.is_constant();
    if (is_constant_) head_.append(body_);
    bytes_max_ = head_.bytes_max() + body_.bytes_max() + std::size("Content-Length: \r\n\r\n") + 20;
}

void Message::add_fields(const RequestKind& request, const Setting& setting) {
    const auto add = [this](std::string_view name, const Template& value) {
        head_.append(name);
        head_.append(std::string_view(": "));
        head_.append(value);
        head_.append(std::string_view("\r\n"));
    };
    const auto add_unless_given = [&](std::string_view name, std::string_view value) {
        if (has_field(request.fields, name) || has_field(setting.more, name)) return;
        add(name, Template::literal(value));
    };
    add_unless_given("Host", setting.authority);
    for (const HeaderField& field : request.fields) {
        if (has_field(setting.more, field.name)) continue;
        add(field.name, template_of(field.value, setting.placeholders));
    }
    for (const HeaderField& field : setting.more) add(field.name, template_of(field.value, true));
    add_unless_given("User-Agent", user_agent);
    if (setting.wants_events) add_unless_given("Accept", "text/event-stream");
    if (setting.close) add_unless_given("Connection", "close");
}

void Message::write(std::string& buffer, std::string& scratch, const PlaceholderValues& values,
                    base::Random& random) const {
    buffer.clear();
    if (buffer.capacity() < bytes_max_) buffer.reserve(bytes_max_);
    head_.write(buffer, values, random);
    if (!counts_body_) {
        body_.write(buffer, values, random);
        return;
    }
    scratch.clear();
    if (scratch.capacity() < body_.bytes_max()) scratch.reserve(body_.bytes_max());
    body_.write(scratch, values, random);
    fmt::format_to(std::back_inserter(buffer), "Content-Length: {}\r\n\r\n", scratch.size());
    buffer.append(scratch);
}

}  // namespace ringway::bench
