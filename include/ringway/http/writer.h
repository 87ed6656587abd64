// Heads of HTTP/1 messages into bytes.
//
// Writes into memory that the caller owns and never beyond it: what does not fit makes the writer
// `overflowed`, and the caller takes a larger block. Knows syntax, decides nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ringway::http {

std::string_view reason_of(int status);  // "Not Found"; "Unknown" where there is none

class HeadWriter {
  public:
    explicit HeadWriter(std::span<char> room)
        : begin_(room.data()), at_(room.data()), end_(room.data() + room.size()) {}

    // "GET /path HTTP/1.1\r\n"
    void request_line(std::string_view method, std::string_view target);
    // "HTTP/1.1 200 OK\r\n"
    void status_line(int status, std::string_view reason);
    void field(std::string_view name, std::string_view value);
    void field(std::string_view name, std::uint64_t value);
    void raw(std::string_view text) {
        if (!has_room(text.size())) return;
        append(text);
    }
    void number(std::uint64_t value);
    void end_of_head() { raw("\r\n"); }

    std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }
    std::size_t bytes() const { return static_cast<std::size_t>(at_ - begin_); }
    bool overflowed() const { return overflowed_; }

  private:
    // Without room nothing more is written, however short.
    bool has_room(std::size_t bytes) {
        if (static_cast<std::size_t>(end_ - at_) >= bytes) return true;
        overflowed_ = true;
        end_ = at_;
        return false;
    }
    void append(std::string_view text) {
        if (!text.empty()) std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
    }

    char* begin_;
    char* at_;
    char* end_;
    bool overflowed_ = false;
};

// The line before a chunk's data: size in hexadecimal and CRLF. Returns its length.
inline constexpr std::size_t chunk_line_bytes_max = 18;
std::size_t write_chunk_line(char* out, std::uint64_t data_bytes);

}  // namespace ringway::http
