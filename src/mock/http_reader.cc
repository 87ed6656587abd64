#include "http_reader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace ringway::mock {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 204: return "No Content";
        case 304: return "Not Modified";
        case 400: return "Bad Request";
        case 404: return "Not Found";
        case 413: return "Content Too Large";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        default: return "As Asked";
    }
}

}  // namespace

std::optional<HttpRequest> HttpReader::read(std::string_view& input) {
    if (!in_body_) {
        const std::size_t had = head_.size();
        head_.append(input);
        // The empty line may have been cut anywhere, so the search starts a little earlier.
        const std::size_t end = head_.find("\r\n\r\n", had < 3 ? 0 : had - 3);
        if (end == std::string::npos) {
            input = {};
            if (head_.size() <= head_bytes_max) return std::nullopt;
            HttpRequest refused;
            refused.refusal = 431;
            return refused;
        }
        input.remove_prefix(end + 4 - had);
        head_.resize(end + 2);
        request_ = {};
        body_left_ = 0;
        parse_head();
        head_.clear();
        if (keeps_body() && body_left_ > echo_bytes_max) request_.refusal = 413;
        if (request_.refusal != 0) return std::move(request_);
        in_body_ = true;
    }
    const std::size_t read = std::min<std::uint64_t>(body_left_, input.size());
    if (keeps_body()) request_.body.append(input.substr(0, read));
    input.remove_prefix(read);
    body_left_ -= read;
    if (body_left_ > 0) return std::nullopt;
    in_body_ = false;
    return std::move(request_);
}

void HttpReader::parse_head() {
    std::string_view lines = head_;
    const std::size_t first_end = lines.find("\r\n");
    const std::string_view first = lines.substr(0, first_end);
    lines.remove_prefix(first_end + 2);
    const std::size_t space = first.find(' ');
    const std::size_t last_space = first.rfind(' ');
    if (space == std::string_view::npos || space == 0 || last_space <= space + 1) {
        request_.refusal = 400;
        return;
    }
    request_.method = first.substr(0, space);
    request_.target = first.substr(space + 1, last_space - space - 1);
    const std::string_view version = first.substr(last_space + 1);
    if (version == "HTTP/1.0") {
        request_.keep_alive = false;
        request_.version_minor = 0;
    } else if (version != "HTTP/1.1") {
        request_.refusal = 400;
    }
    while (!lines.empty()) {
        const std::size_t end = lines.find("\r\n");
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(end + 2);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos)
            request_.refusal = 400;
        else
            apply_header(line.substr(0, colon), trimmed(line.substr(colon + 1)));
    }
}

void HttpReader::apply_header(std::string_view name, std::string_view value) {
    if (equal_ignoring_case(name, "content-length")) {
        const auto [end, failure] =
            std::from_chars(value.data(), value.data() + value.size(), body_left_);
        if (failure != std::errc{} || end != value.data() + value.size()) request_.refusal = 400;
    } else if (equal_ignoring_case(name, "transfer-encoding")) {
        request_.refusal = 501;
    } else if (equal_ignoring_case(name, "connection")) {
        if (equal_ignoring_case(value, "close")) request_.keep_alive = false;
        if (equal_ignoring_case(value, "keep-alive")) request_.keep_alive = true;
    }
}

std::string http_head(int status, std::string_view content_type, std::uint64_t body_bytes,
                      bool keep_alive) {
    const std::string length =
        status == 204 || status == 304 ? "" : fmt::format("Content-Length: {}\r\n", body_bytes);
    return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}Connection: {}\r\n\r\n", status,
                       reason_of(status), content_type, length,
                       keep_alive ? "keep-alive" : "close");
}

std::string http_response(int status, std::string_view body, bool keep_alive, bool head_only) {
    std::string response = http_head(status, "text/plain", body.size(), keep_alive);
    if (!head_only && status != 204 && status != 304) response += body;
    return response;
}

}  // namespace ringway::mock
