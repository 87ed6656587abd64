#include "llm_request.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <simdjson.h>

#include "ringway/stats/json.h"

namespace ringway::mock {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::string_view, 2> anthropic_roles = {"user", "assistant"};
constexpr std::array<std::string_view, 6> openai_roles = {"system",    "developer", "user",
                                                          "assistant", "tool",      "function"};
// A rough rule that needs no tokenizer: four bytes of text, and a few for each message.
constexpr std::uint64_t bytes_per_token = 4;
constexpr std::uint64_t tokens_per_message = 3;

bool is_absent_or_null(const simdjson::simdjson_result<element>& found) {
    return found.error() != simdjson::SUCCESS || found.is_null();
}

// Bytes of text in a content: a string, or blocks of which some have a "text". Nothing: neither.
std::optional<std::uint64_t> text_bytes(const element& content) {
    std::string_view text;
    if (content.get(text) == simdjson::SUCCESS) return text.size();
    simdjson::dom::array blocks;
    if (content.get(blocks) != simdjson::SUCCESS) return std::nullopt;
    std::uint64_t bytes = 0;
    for (const element block : blocks) {
        if (block["type"].get(text) != simdjson::SUCCESS) return std::nullopt;
        if (block["text"].get(text) == simdjson::SUCCESS) bytes += text.size();
    }
    return bytes;
}

// One request being looked at; every check fills `fault` when it answers false.
struct Examination {
    LlmFormat format;
    object body;
    LlmRequest& request;
    LlmFault& fault;

    bool is_anthropic() const { return format == LlmFormat::anthropic; }
    bool fail(std::string message, std::string_view parameter = {}, std::string_view code = {}) {
        fault = {400, std::move(message), parameter, code};
        return false;
    }
    bool missing(std::string_view name) {
        if (is_anthropic()) return fail(fmt::format("{}: Field required", name));
        return fail(fmt::format("Missing required parameter: '{}'.", name), name,
                    "missing_required_parameter");
    }
    bool of_wrong_type(std::string_view name, std::string_view wanted) {
        if (is_anthropic())
            return fail(fmt::format("{}: Input should be a valid {}", name, wanted));
        return fail(fmt::format("Invalid type for '{}': expected {}.", name, wanted), name,
                    "invalid_type");
    }

    bool read_model();
    bool read_switch(const object& from, std::string_view name, bool& into);
    bool read_limit();
    bool read_max_tokens(std::string_view name);
    bool read_messages();
    bool read_message(const element& message, std::size_t index);
    bool read_stream_options();
    bool read_choices();
    void read_system();
    bool read_all();
};

bool Examination::read_model() {
    std::string_view model;
    const auto found = body["model"];
    if (is_absent_or_null(found)) return missing("model");
    if (found.get(model) != simdjson::SUCCESS || model.empty())
        return of_wrong_type("model", "string");
    request.model.clear();
    stats::append_json_string(request.model, model);
    return true;
}

bool Examination::read_switch(const object& from, std::string_view name, bool& into) {
    const auto found = from[name];
    into = false;
    if (is_absent_or_null(found)) return true;
    return found.get(into) == simdjson::SUCCESS || of_wrong_type(name, "boolean");
}

bool Examination::read_max_tokens(std::string_view name) {
    const auto found = body[name];
    if (is_absent_or_null(found)) return true;
    std::int64_t tokens = 0;
    if (found.get(tokens) != simdjson::SUCCESS) return of_wrong_type(name, "integer");
    if (tokens < 1) {
        return is_anthropic()
                   ? fail(fmt::format("{}: Input should be greater than or equal to 1", name))
                   : fail(fmt::format("Invalid '{}': integer below minimum value.", name), name,
                          "integer_below_min_value");
    }
    request.max_tokens = static_cast<std::uint64_t>(tokens);
    return true;
}

bool Examination::read_limit() {
    request.max_tokens.reset();
    if (!read_max_tokens("max_tokens")) return false;
    if (is_anthropic()) return request.max_tokens.has_value() || missing("max_tokens");
    return read_max_tokens("max_completion_tokens");
}

bool Examination::read_message(const element& message, std::size_t index) {
    const std::span<const std::string_view> roles =
        is_anthropic() ? std::span<const std::string_view>(anthropic_roles)
                       : std::span<const std::string_view>(openai_roles);
    const std::string where =
        is_anthropic() ? fmt::format("messages.{}.", index) : fmt::format("messages[{}].", index);
    std::string_view role;
    if (message["role"].get(role) != simdjson::SUCCESS ||
        std::find(roles.begin(), roles.end(), role) == roles.end()) {
        return fail(fmt::format("{}role: must be one of '{}'", where, fmt::join(roles, "', '")),
                    "messages", "invalid_value");
    }
    const auto content = message["content"];
    const bool may_be_empty = !is_anthropic() && role == "assistant";
    if (is_absent_or_null(content)) {
        if (may_be_empty) return true;
        return fail(fmt::format("{}content: Field required", where), "messages",
                    "missing_required_parameter");
    }
    const auto bytes = text_bytes(content.value_unsafe());
    if (!bytes) {
        return fail(fmt::format("{}content: must be a string or a list of content blocks", where),
                    "messages", "invalid_type");
    }
    request.input_tokens += tokens_per_message + (*bytes + bytes_per_token - 1) / bytes_per_token;
    return true;
}

bool Examination::read_messages() {
    const auto found = body["messages"];
    if (is_absent_or_null(found)) return missing("messages");
    simdjson::dom::array messages;
    if (found.get(messages) != simdjson::SUCCESS) return of_wrong_type("messages", "array");
    std::size_t index = 0;
    for (const element message : messages) {
        if (!message.is_object()) return of_wrong_type("messages", "array of objects");
        if (!read_message(message, index++)) return false;
    }
    if (index > 0) return true;
    return is_anthropic() ? fail("messages: at least one message is required")
                          : fail("Invalid 'messages': empty array.", "messages", "empty_array");
}

bool Examination::read_stream_options() {
    request.include_usage = false;
    const auto found = body["stream_options"];
    if (is_absent_or_null(found)) return true;
    object options;
    if (found.get(options) != simdjson::SUCCESS) return of_wrong_type("stream_options", "object");
    if (!request.stream) {
        return fail("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                    "stream_options");
    }
    return read_switch(options, "include_usage", request.include_usage);
}

bool Examination::read_choices() {
    const auto found = body["n"];
    std::int64_t choices = 1;
    if (is_absent_or_null(found)) return true;
    if (found.get(choices) != simdjson::SUCCESS) return of_wrong_type("n", "integer");
    return choices == 1 || fail("ringway mock gives one choice: 'n' must be 1.", "n");
}

void Examination::read_system() {
    const auto found = body["system"];
    if (is_absent_or_null(found)) return;
    const auto bytes = text_bytes(found.value_unsafe());
    request.input_tokens += (bytes.value_or(0) + bytes_per_token - 1) / bytes_per_token;
}

bool Examination::read_all() {
    request.input_tokens = 0;
    if (!read_model() || !read_limit() || !read_messages()) return false;
    if (!read_switch(body, "stream", request.stream)) return false;
    if (is_anthropic()) {
        read_system();
        return true;
    }
    return read_stream_options() && read_choices();
}

}  // namespace

struct LlmParser::Impl {
    simdjson::dom::parser parser;
    std::string padded;  // the parser reads a little beyond the end
};

LlmParser::LlmParser() : impl_(std::make_unique<Impl>()) {}
LlmParser::~LlmParser() = default;

bool LlmParser::parse(LlmFormat format, std::string_view body, LlmRequest& request,
                      LlmFault& fault) {
    std::string& padded = impl_->padded;
    padded.assign(body);
    padded.append(simdjson::SIMDJSON_PADDING, '\0');
    object found;
    element root;
    if (impl_->parser.parse(padded.data(), body.size(), false).get(root) != simdjson::SUCCESS) {
        fault = {400,
                 format == LlmFormat::anthropic
                     ? "The request body is not valid JSON"
                     : "We could not parse the JSON body of your request.",
                 {},
                 {}};
        return false;
    }
    if (root.get(found) != simdjson::SUCCESS) {
        fault = {400, "The request body must be a JSON object", {}, {}};
        return false;
    }
    return Examination{format, found, request, fault}.read_all();
}

}  // namespace ringway::mock
