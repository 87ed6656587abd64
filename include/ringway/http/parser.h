// Heads of HTTP/1 messages from bytes, strictly and incrementally (RFC 9112, 2 to 5).
//
// Pure state machines: no I/O, no allocation. They look at the bytes where they lie; the caller
// shows the message from its first byte each time, longer than before (it may have moved), and the
// parser goes on where it stopped: fed whole or byte by byte, the result is the same, and the work
// is linear. What is not clearly right is refused: see Fault, and docs/HTTP_CONFORMANCE.md for the
// few leniencies.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/http/fault.h"
#include "ringway/http/head.h"

namespace ringway::http {

struct HeadLimits {
    std::uint32_t head_bytes_max = 32768;
    std::uint32_t target_bytes_max = 8192;
    std::uint32_t fields_max = 100;  // <= http::fields_max
};

enum class Progress : std::uint8_t { need_more, done, failed };

// Where the parser stopped; the same for all kinds of heads. All positions are offsets.
struct ParserState {
    std::uint32_t line_at = 0;     // the line being read begins here
    std::uint32_t part_at = 0;     // and here the part of it that is being read
    std::uint32_t scanned_to = 0;  // every byte before this was looked at
    std::uint8_t part = 0;         // of the line: method, target, version; or name, value
    bool start_line_done = false;
    std::uint8_t empty_lines = 0;  // before the start line (RFC 9112, 2.2)
    Fault fault = Fault::none;
};

class RequestParser {
  public:
    RequestParser(RequestHead& head, const HeadLimits& limits) : head_(head), limits_(limits) {
        reset();
    }
    void reset();
    // `bytes` begins with the message's first byte. When done, head.head_bytes() of them are the
    // head and head.base() is bytes.data(). A fault is found at the first byte that makes it sure,
    // be the rest of the line there or not; it is the leftmost one. After a fault the method and
    // the target are there if they had been read before it.
    Progress parse(std::string_view bytes);
    Fault fault() const { return state_.fault; }
    // True once a byte that is not part of an empty line was seen.
    bool has_begun() const { return state_.scanned_to > state_.line_at || state_.start_line_done; }

  private:
    RequestHead& head_;
    const HeadLimits& limits_;
    ParserState state_;
};

class ResponseParser {
  public:
    ResponseParser(ResponseHead& head, const HeadLimits& limits) : head_(head), limits_(limits) {
        reset();
    }
    void reset();
    Progress parse(std::string_view bytes);
    Fault fault() const { return state_.fault; }

  private:
    ResponseHead& head_;
    const HeadLimits& limits_;
    ParserState state_;
};

// The trailer section after a last chunk: field lines up to and with the empty line (RFC 9112,
// 7.1.2). The same rules as for heads.
class TrailerParser {
  public:
    TrailerParser(FieldList& trailers, const HeadLimits& limits)
        : trailers_(trailers), limits_(limits) {
        reset();
    }
    void reset();
    Progress parse(std::string_view bytes);
    Fault fault() const { return state_.fault; }

  private:
    FieldList& trailers_;
    const HeadLimits& limits_;
    ParserState state_;
};

}  // namespace ringway::http
