#include "http_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/core.h>

namespace ringway::sim {

namespace {

bool is_token(std::string_view text) {
    constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               others.find(c) != std::string_view::npos;
    });
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool parse_number(std::string_view text, int base, std::uint64_t& into) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

}  // namespace

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return result;
}

// ---- reading ---------------------------------------------------------------------------------

void HttpReader::begin(bool answers_head) {
    state_ = State::head;
    head_.clear();
    first_.clear();
    second_.clear();
    fields_.clear();
    trailers_.clear();
    line_.clear();
    status_ = 0;
    http10_ = false;
    answers_head_ = answers_head;
    framing_ = HttpFraming::none;
    length_ = body_bytes_ = chunk_left_ = 0;
    chunk_ = Chunk::size;
}

void HttpReader::fail(std::string what) {
    state_ = State::failed;
    problem_ = std::move(what);
}

std::size_t HttpReader::feed(const std::byte* data, std::size_t bytes) {
    switch (state_) {
        case State::head: return feed_head(data, bytes);
        case State::complete:
        case State::failed: return 0;
        case State::body: break;
    }
    if (framing_ == HttpFraming::chunked) return feed_chunked(data, bytes);
    std::size_t part = bytes;
    if (framing_ == HttpFraming::length) {
        part = static_cast<std::size_t>(std::min<std::uint64_t>(bytes, length_ - body_bytes_));
    }
    sink_(data, part);
    body_bytes_ += part;
    if (framing_ == HttpFraming::length && body_bytes_ == length_) state_ = State::complete;
    return part;
}

std::size_t HttpReader::feed_head(const std::byte* data, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) {
        head_ += static_cast<char>(data[i]);
        if (!head_.ends_with("\r\n\r\n")) continue;
        read_head();
        return i + 1;
    }
    if (head_.size() > 200'000) fail("a head without an end");
    return bytes;
}

void HttpReader::read_head() {
    const std::size_t line_end = head_.find("\r\n");
    const std::string_view line = std::string_view(head_).substr(0, line_end);
    const std::size_t one = line.find(' ');
    const std::size_t two = one == line.npos ? one : line.find(' ', one + 1);
    if (two == line.npos) return fail(fmt::format("start line \"{}\"", line));
    first_ = line.substr(0, one);
    second_ = line.substr(one + 1, two - one - 1);
    const std::string_view version = of_requests_ ? line.substr(two + 1) : std::string_view(first_);
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return fail(fmt::format("start line \"{}\"", line));
    }
    http10_ = version == "HTTP/1.0";
    if (!of_requests_) {
        std::uint64_t code = 0;
        if (second_.size() != 3 || !parse_number(second_, 10, code) || code < 100) {
            return fail(fmt::format("status \"{}\"", second_));
        }
        status_ = static_cast<int>(code);
    }
    const std::string_view rest = std::string_view(head_).substr(line_end + 2);
    if (!read_fields(rest.substr(0, rest.size() - 2), fields_)) return;
    decide_framing();
}

// Lines that all end with CR LF.
bool HttpReader::read_fields(std::string_view text, Fields& into) {
    while (!text.empty()) {
        const std::size_t end = text.find("\r\n");
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 2);
        const std::size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        const std::string_view value =
            colon == line.npos ? std::string_view{} : trim(line.substr(colon + 1));
        if (colon == line.npos || !is_token(name) ||
            value.find_first_of(std::string_view("\r\n\0", 3)) != value.npos) {
            fail(fmt::format("field line \"{}\"", line));
            return false;
        }
        into.emplace_back(lower(name), std::string(value));
    }
    return true;
}

void HttpReader::decide_framing() {
    state_ = State::body;
    const bool has_length = count("content-length") > 0;
    const bool has_coding = count("transfer-encoding") > 0;
    if (count("content-length") + count("transfer-encoding") > 1) {
        return fail("more than one field about the body's length");
    }
    const bool never =
        !of_requests_ && (answers_head_ || status_ < 200 || status_ == 204 || status_ == 304);
    if (has_length && !parse_number(field("content-length"), 10, length_)) {
        return fail("Content-Length is no number");
    }
    if (has_coding && lower(field("transfer-encoding")) != "chunked") {
        return fail("an unknown transfer coding");
    }
    if (has_coding && (http10_ || (never && status_ < 200))) return fail("a coding out of place");
    if (never) {
        framing_ = HttpFraming::none;
    } else if (has_coding) {
        framing_ = HttpFraming::chunked;
    } else if (has_length) {
        framing_ = HttpFraming::length;
    } else if (!of_requests_) {
        framing_ = HttpFraming::until_close;
    }
    const bool empty =
        framing_ == HttpFraming::none || (framing_ == HttpFraming::length && length_ == 0);
    if (empty) state_ = State::complete;
}

std::size_t HttpReader::feed_chunked(const std::byte* data, std::size_t bytes) {
    std::size_t used = 0;
    while (used < bytes && state_ == State::body) {
        if (chunk_ == Chunk::data) {
            const auto part =
                static_cast<std::size_t>(std::min<std::uint64_t>(bytes - used, chunk_left_));
            sink_(data + used, part);
            body_bytes_ += part;
            chunk_left_ -= part;
            used += part;
            if (chunk_left_ == 0) chunk_ = Chunk::data_end;
            continue;
        }
        line_ += static_cast<char>(data[used++]);
        if (line_.ends_with("\r\n")) take_line();
    }
    return used;
}

void HttpReader::take_line() {
    const std::string line = line_.substr(0, line_.size() - 2);
    line_.clear();
    switch (chunk_) {
        case Chunk::size:
            if (!parse_number(std::string_view(line).substr(0, line.find(';')), 16, chunk_left_)) {
                return fail(fmt::format("chunk size \"{}\"", line));
            }
            chunk_ = chunk_left_ == 0 ? Chunk::trailers : Chunk::data;
            return;
        case Chunk::data_end:
            if (!line.empty()) return fail(fmt::format("after a chunk \"{}\"", line));
            chunk_ = Chunk::size;
            return;
        case Chunk::trailers:
            if (line.empty()) {
                state_ = State::complete;
            } else {
                read_fields(line + "\r\n", trailers_);
            }
            return;
        case Chunk::data: return;
    }
}

void HttpReader::end_of_stream() {
    if (state_ == State::body && framing_ == HttpFraming::until_close) state_ = State::complete;
}

std::size_t HttpReader::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        fields_.begin(), fields_.end(), [&](const auto& each) { return each.first == name; }));
}

std::string HttpReader::field(std::string_view name) const {
    for (const auto& each : fields_) {
        if (each.first == name) return each.second;
    }
    return {};
}

std::string HttpReader::trailer(std::string_view name) const {
    for (const auto& each : trailers_) {
        if (each.first == name) return each.second;
    }
    return {};
}

bool HttpReader::lists(std::string_view name, std::string_view element) const {
    for (const auto& each : fields_) {
        if (each.first != name) continue;
        std::string_view rest = each.second;
        for (;;) {
            const std::size_t comma = rest.find(',');
            if (lower(trim(rest.substr(0, comma))) == element) return true;
            if (comma == rest.npos) break;
            rest.remove_prefix(comma + 1);
        }
    }
    return false;
}

// ---- bodies ----------------------------------------------------------------------------------

void fill_body(std::uint64_t id, BodyOf whose, std::uint64_t offset, std::byte* out,
               std::size_t count) {
    const std::uint64_t start = id * 0x9E3779B97F4A7C15u + (whose == BodyOf::request ? 77 : 0);
    for (std::size_t done = 0; done < count;) {
        const std::uint64_t at = offset + done;
        const std::uint64_t word = mix(start + at / 8);
        const std::size_t within = at % 8;
        const std::size_t part = std::min(count - done, 8 - within);
        std::memcpy(out + done, reinterpret_cast<const std::byte*>(&word) + within, part);
        done += part;
    }
}

std::string body_text(std::uint64_t id, BodyOf whose, std::uint64_t bytes) {
    std::string text(static_cast<std::size_t>(bytes), '\0');
    fill_body(id, whose, 0, reinterpret_cast<std::byte*>(text.data()), text.size());
    return text;
}

std::string chunked_text(const std::string& body, base::Random& random, bool with_extras) {
    std::string text;
    std::size_t at = 0;
    const std::uint64_t most = random.chance(1, 3) ? 20 : random.chance(1, 2) ? 3'000 : 100'000;
    while (at < body.size()) {
        const std::size_t part = std::min<std::size_t>(
            body.size() - at, 1 + static_cast<std::size_t>(random.below(most)));
        text += random.chance(1, 4) ? fmt::format("{:04X}", part) : fmt::format("{:x}", part);
        if (with_extras && random.chance(1, 4)) text += ";name=value";
        if (with_extras && random.chance(1, 16)) text += ";quoted=\"a;b\"";
        text += "\r\n";
        text.append(body, at, part);
        text += "\r\n";
        at += part;
    }
    text += random.chance(1, 6) ? "000\r\n" : "0\r\n";
    if (with_extras && random.chance(1, 4)) text += "X-Sim-Trailer: yes\r\nContent-Length: 5\r\n";
    text += "\r\n";
    return text;
}

}  // namespace ringway::sim
