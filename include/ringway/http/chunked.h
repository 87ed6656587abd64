// The chunked coding, taken apart piece by piece (RFC 9112, 7.1).
//
// A state machine over any split of the bytes: next() says what the first bytes of what it is shown
// are. No byte is copied or moved: whoever forwards keeps `framing` and `data`, and leaves
// `extension` out. It ends before the trailer section, which is TrailerParser's.
#pragma once

#include <cstdint>
#include <string_view>

#include "ringway/http/fault.h"

namespace ringway::http {

enum class ChunkPart : std::uint8_t {
    need_more,  // nothing more can be said about zero bytes
    framing,    // size digits and line endings
    extension,  // from ';' to before the line ending: validated, meaningless to the next hop
    data,
    last,  // the line of the last chunk ("0" CRLF) is complete; the trailer section follows
    failed,
};

struct ChunkPiece {
    ChunkPart part = ChunkPart::need_more;
    std::size_t bytes = 0;  // how many of the bytes shown belong to it
};

class ChunkedReader {
  public:
    void reset() { *this = ChunkedReader(); }
    // The first piece of `bytes`. The last chunk's line ("0" CRLF) comes as `framing` too; after it
    // every call answers `last` with zero bytes, as every call after an error answers `failed`.
    // What was right before an error comes as pieces of its own.
    ChunkPiece next(std::string_view bytes);
    Fault fault() const { return fault_; }
    // Data bytes of this chunk to come; means something from the end of its size line on.
    std::uint64_t chunk_left_bytes() const { return left_; }
    std::uint64_t data_bytes() const { return data_bytes_; }  // seen so far

  private:
    enum class State : std::uint8_t {
        size_start,
        size,
        size_end,  // after an extension: the size line's CR must come
        size_lf,
        extension_start,  // a ';' must come
        extension_name_start,
        extension_name,
        extension_value_start,
        extension_value,
        extension_quoted,
        extension_escaped,
        extension_quote_end,
        data,
        data_cr,
        data_lf,
        last,
        failed,
    };
    ChunkPiece fail();
    ChunkPiece read_framing(std::string_view bytes);
    ChunkPiece read_extension(std::string_view bytes);
    bool take_framing(char c);
    bool take_extension(char c);
    bool may_extend_further();

    State state_ = State::size_start;
    Fault fault_ = Fault::none;
    std::uint8_t digits_ = 0;
    std::uint32_t line_extension_bytes_ = 0;
    std::uint64_t extension_bytes_ = 0;
    std::uint64_t left_ = 0;
    std::uint64_t data_bytes_ = 0;
};

}  // namespace ringway::http
