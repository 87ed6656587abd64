#include "http_reader.h"

#include <algorithm>
#include <charconv>

namespace ringway::mock {
namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [&](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// True when the comma-separated `list` has this word.
bool has_word(std::string_view list, std::string_view word) {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (equal_ignoring_case(trimmed(list.substr(0, comma)), word)) return true;
        if (comma == std::string_view::npos) break;
        list.remove_prefix(comma + 1);
    }
    return false;
}

}  // namespace

bool HttpReader::read(std::string_view& input) {
    switch (state_) {
        case State::head: return read_head(input) && begin_body(input);
        case State::length: return read_length(input);
        case State::chunks: return read_chunks(input);
    }
    return false;
}

bool HttpReader::owes_continue() {
    const bool owes = expects_continue_ && state_ != State::head && request_.version_minor >= 1;
    expects_continue_ = false;
    return owes;
}

bool HttpReader::refuse(int status) {
    request_.refusal = status;
    request_.keep_alive = false;
    state_ = State::head;
    return true;
}

// ---- heads ------------------------------------------------------------------------------------

bool HttpReader::read_head(std::string_view& input) {
    // Some clients send an empty line after a body (RFC 9112, 2.2).
    while (input.starts_with("\r\n")) {
        input.remove_prefix(2);
        scanned_ = 0;
    }
    // The empty line may have been cut anywhere, so the search starts a little earlier.
    const std::size_t end = input.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
    request_ = {};
    if (end == std::string_view::npos) {
        scanned_ = input.size();
        if (scanned_ <= head_bytes_max) return false;
        input = {};
        return refuse(431);
    }
    scanned_ = 0;
    request_.head = input.substr(0, end + 4);
    input.remove_prefix(end + 4);
    body_left_ = 0;
    has_length_ = is_chunked_ = expects_continue_ = false;
    parse_head();
    return true;
}

void HttpReader::parse_head() {
    std::string_view lines = request_.head;
    lines.remove_suffix(2);
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
    request_.path = classify(request_.target);
    request_.head_only = request_.method == "HEAD";
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
        if (colon == std::string_view::npos || colon == 0)
            request_.refusal = 400;
        else
            apply_field(line.substr(0, colon), line.substr(colon + 1));
    }
    if (has_length_ && is_chunked_) request_.refusal = 400;
}

// Only what matters here is compared; its length tells most names apart.
void HttpReader::apply_field(std::string_view name, std::string_view value) {
    switch (name.size()) {
        case 6:
            if (equal_ignoring_case(name, "x-mock")) {
                if (!request_.options.empty()) request_.refusal = 400;
                request_.options = trimmed(value);
            } else if (equal_ignoring_case(name, "expect")) {
                expects_continue_ = equal_ignoring_case(trimmed(value), "100-continue");
            }
            break;
        case 10:
            if (!equal_ignoring_case(name, "connection")) break;
            if (has_word(value, "close"))
                request_.keep_alive = false;
            else if (has_word(value, "keep-alive"))
                request_.keep_alive = true;
            break;
        case 13:
            if (equal_ignoring_case(name, "x-mock-stamps"))
                request_.stamps = equal_ignoring_case(trimmed(value), "on");
            break;
        case 14:
            if (equal_ignoring_case(name, "content-length")) apply_length(trimmed(value));
            break;
        case 17:
            if (!equal_ignoring_case(name, "transfer-encoding")) break;
            if (is_chunked_ || !equal_ignoring_case(trimmed(value), "chunked"))
                request_.refusal = 501;
            is_chunked_ = true;
            break;
        default: break;
    }
}

void HttpReader::apply_length(std::string_view value) {
    std::uint64_t length = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), length);
    if (failure != std::errc{} || end != value.data() + value.size()) request_.refusal = 400;
    if (has_length_ && length != body_left_) request_.refusal = 400;
    has_length_ = true;
    body_left_ = length;
}

// ---- bodies -----------------------------------------------------------------------------------

bool HttpReader::keeps_body() const {
    switch (request_.path.kind) {
        case PathKind::echo:
        case PathKind::mirror:
        case PathKind::messages:
        case PathKind::completions: return true;
        default: return false;
    }
}

bool HttpReader::begin_body(std::string_view& input) {
    if (request_.refusal != 0) return refuse(request_.refusal);
    if (keeps_body() && body_left_ > body_bytes_max) return refuse(413);
    if (!is_chunked_ && body_left_ <= input.size()) {
        request_.body = input.substr(0, body_left_);
        input.remove_prefix(body_left_);
        return true;
    }
    if (!input.empty()) expects_continue_ = false;  // it did not wait
    keep_head();
    body_.clear();
    if (!is_chunked_) {
        state_ = State::length;
        return read_length(input);
    }
    state_ = State::chunks;
    chunk_ = Chunk::size;
    chunk_digits_ = 0;
    return read_chunks(input);
}

// What follows may overwrite the bytes that the head lies in.
void HttpReader::keep_head() {
    head_.assign(request_.head);
    const char* from = request_.head.data();
    for (std::string_view* part : {&request_.method, &request_.target, &request_.options,
                                   &request_.path.query, &request_.head}) {
        if (part->data() == nullptr) continue;
        *part = {head_.data() + (part->data() - from), part->size()};
    }
}

void HttpReader::keep(std::string_view bytes) {
    if (keeps_body()) body_.append(bytes);
}

bool HttpReader::read_length(std::string_view& input) {
    const std::size_t bytes = std::min<std::uint64_t>(body_left_, input.size());
    keep(input.substr(0, bytes));
    input.remove_prefix(bytes);
    body_left_ -= bytes;
    if (body_left_ > 0) return false;
    request_.body = body_;
    state_ = State::head;
    return true;
}

bool HttpReader::read_chunks(std::string_view& input) {
    const bool raw = request_.path.kind == PathKind::mirror;
    while (!input.empty()) {
        std::size_t bytes = 1;
        if (chunk_ == Chunk::data) {
            bytes = std::min<std::uint64_t>(body_left_, input.size());
            body_left_ -= bytes;
            keep(input.substr(0, bytes));
            if (body_left_ == 0) chunk_ = Chunk::data_end;
        } else {
            if (raw) keep(input.substr(0, 1));
            if (!take_chunk_byte(input.front())) return refuse(400);
        }
        input.remove_prefix(bytes);
        if (body_.size() > body_bytes_max) return refuse(413);
        if (chunk_ == Chunk::trailer && trailer_line_bytes_ == ~std::uint32_t{0}) {
            request_.body = body_;
            state_ = State::head;
            return true;
        }
    }
    return false;
}

bool HttpReader::take_chunk_byte(char c) {
    switch (chunk_) {
        case Chunk::size:
            if (const int digit = hex_digit(c); digit >= 0) {
                if (++chunk_digits_ > 15) return false;
                body_left_ = body_left_ * 16 + static_cast<unsigned>(digit);
                return true;
            }
            if (chunk_digits_ == 0) return false;
            chunk_ = c == '\r' ? Chunk::size_end : Chunk::extension;
            return c == '\r' || c == ';' || c == ' ' || c == '\t';
        case Chunk::extension:
            if (c == '\r') chunk_ = Chunk::size_end;
            return c != '\n';
        case Chunk::size_end:
            chunk_ = body_left_ > 0 ? Chunk::data : Chunk::trailer;
            trailer_line_bytes_ = 0;
            chunk_digits_ = 0;
            return c == '\n';
        case Chunk::data_end:
            if (c == '\n') chunk_ = Chunk::size;
            return c == '\r' || c == '\n';
        case Chunk::trailer:
            if (c == '\n')
                trailer_line_bytes_ = trailer_line_bytes_ == 0 ? ~std::uint32_t{0} : 0;
            else if (c != '\r')
                ++trailer_line_bytes_;
            return trailer_line_bytes_ == ~std::uint32_t{0} || trailer_line_bytes_ < head_bytes_max;
        case Chunk::data: return false;
    }
    return false;
}

}  // namespace ringway::mock
