#include "http_text.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

namespace ringway::load {

namespace {

constexpr std::string_view empty_id = "00000000-00000000";
static_assert(empty_id.size() == id_bytes);

void write_hex(char* out, std::uint32_t value) {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 7; i >= 0; --i, value >>= 4) out[i] = digits[value & 15];
}

std::optional<std::uint32_t> read_hex(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

void write_id(char* out, RequestId id) {
    write_hex(out, id.connection);
    out[8] = '-';
    write_hex(out + 9, id.number);
}

std::optional<RequestId> read_id(std::string_view text) {
    if (text.size() < id_bytes || text[8] != '-') return std::nullopt;
    const auto connection = read_hex(text.substr(0, 8));
    const auto number = read_hex(text.substr(9, 8));
    if (!connection || !number) return std::nullopt;
    return RequestId{*connection, *number};
}

std::string_view pattern(std::size_t bytes) {
    static std::string text;
    while (text.size() < bytes) {
        const auto at = static_cast<std::uint32_t>(text.size());
        text += static_cast<char>('a' + (at * 2654435761u >> 20) % 26);
    }
    return std::string_view{text}.substr(0, bytes);
}

HttpText HttpText::request(std::size_t body_bytes, bool close) {
    HttpText made;
    std::string& text = made.text_;
    text = body_bytes == 0 ? "GET /" : "POST /";
    made.id_at_ = text.size();
    text += empty_id;
    text += " HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: ringway-load\r\nAccept: */*\r\n";
    if (close) text += "Connection: close\r\n";
    if (body_bytes > 0) {
        text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body_bytes);
    }
    text += "\r\n";
    if (body_bytes == 0) return made;
    made.body_id_at_ = text.size();
    text += pattern(body_bytes);
    return made;
}

HttpText HttpText::response(std::size_t body_bytes) {
    HttpText made;
    std::string& text = made.text_;
    text = fmt::format(
        "HTTP/1.1 200 OK\r\nServer: load\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Type: text/plain\r\nContent-Length: {}\r\nX-Id: ",
        body_bytes);
    made.id_at_ = text.size();
    text += empty_id;
    text += "\r\n\r\n";
    made.body_id_at_ = text.size();
    text += pattern(body_bytes);
    return made;
}

void HttpText::stamp(RequestId id) {
    write_id(text_.data() + id_at_, id);
    if (body_id_at_ != 0) write_id(text_.data() + body_id_at_, id);
}

bool HeadCollector::take(std::string_view& bytes) {
    constexpr std::string_view end = "\r\n\r\n";
    if (text_.empty()) {
        const std::size_t at = bytes.find(end);
        if (at != std::string_view::npos) {
            text_.assign(bytes.substr(0, at + end.size()));
            bytes.remove_prefix(at + end.size());
            return true;
        }
    }
    const std::size_t before = text_.size();
    text_ += bytes;
    const std::size_t from = before < end.size() ? 0 : before - end.size();
    const std::size_t at = text_.find(end, from);
    if (at == std::string::npos) {
        bytes = {};
        return false;
    }
    bytes.remove_prefix(at + end.size() - before);
    text_.resize(at + end.size());
    return true;
}

std::string_view HeadCollector::field(std::string_view name) const {
    std::string_view rest = text_;
    while (!rest.empty()) {
        const std::size_t line_end = rest.find("\r\n");
        const std::string_view line = rest.substr(0, line_end);
        const bool matches = line.size() > name.size() && line[name.size()] == ':' &&
                             std::equal(name.begin(), name.end(), line.begin(),
                                        [](char a, char b) { return lower(a) == lower(b); });
        if (matches) {
            std::string_view value = line.substr(name.size() + 1);
            while (value.starts_with(' ')) value.remove_prefix(1);
            return value;
        }
        if (line_end == std::string_view::npos) break;
        rest.remove_prefix(line_end + 2);
    }
    return {};
}

BodyFraming BodyFraming::of(const HeadCollector& head) {
    BodyFraming framing;
    const std::string_view digits = head.field("Content-Length");
    const std::string_view coding = head.field("Transfer-Encoding");
    framing.chunked = coding == "chunked";
    const char* end = digits.data() + digits.size();
    const bool is_number =
        !digits.empty() && std::from_chars(digits.data(), end, framing.bytes).ptr == end;
    framing.valid = framing.chunked ? digits.empty() : is_number && coding.empty();
    return framing;
}

void BodyReader::begin(const BodyFraming& framing) {
    chunks_.reset();
    chunked_ = framing.chunked;
    end_seen_ = 0;
}

bool BodyReader::take_end(std::string_view bytes) {
    const std::string_view wanted = chunked_end.substr(end_seen_);
    if (!wanted.starts_with(bytes)) return false;
    end_seen_ += bytes.size();
    return true;
}

bool BodyCheck::begin(RequestId id, std::size_t bytes, const BodyFraming& framing) {
    write_id(id_, id);
    bytes_ = bytes;
    seen_ = 0;
    reader_.begin(framing);
    return framing.valid && (framing.chunked || framing.bytes == bytes);
}

bool BodyCheck::take(std::string_view bytes) {
    return reader_.take(bytes, [&](std::string_view data) { return compare(data); });
}

bool BodyCheck::compare(std::string_view bytes) {
    if (bytes.size() > bytes_ - seen_) return false;
    while (!bytes.empty() && seen_ < id_bytes) {
        if (bytes.front() != id_[seen_]) return false;
        bytes.remove_prefix(1);
        ++seen_;
    }
    if (bytes.empty()) return true;
    const char* wanted = pattern(bytes_).data() + seen_;
    seen_ += bytes.size();
    return std::memcmp(wanted, bytes.data(), bytes.size()) == 0;
}

}  // namespace ringway::load
