#include "ringway/http/chunked.h"

#include <algorithm>

#include "chars.h"

namespace ringway::http {
namespace {

constexpr std::uint8_t digits_max = 16;
constexpr std::uint64_t size_before_digit_max = (std::uint64_t{1} << 59) - 1;  // sizes are < 2^63
constexpr std::uint32_t line_extension_bytes_max = 4096;
// Extensions of a whole message: so many bytes, and as many more as there was data. Otherwise a
// body of nothing but extensions would cost without end.
constexpr std::uint64_t extension_bytes_free = 16384;

}  // namespace

ChunkPiece ChunkedReader::next(std::string_view bytes) {
    switch (state_) {
        case State::failed: return {.part = ChunkPart::failed};
        case State::last: return {.part = ChunkPart::last};
        case State::data: {
            if (bytes.empty()) return {};
            const auto taken = std::min<std::uint64_t>(left_, bytes.size());
            left_ -= taken;
            data_bytes_ += taken;
            if (left_ == 0) state_ = State::data_cr;
            return {.part = ChunkPart::data, .bytes = static_cast<std::size_t>(taken)};
        }
        case State::extension_start:
        case State::extension_name_start:
        case State::extension_name:
        case State::extension_value_start:
        case State::extension_value:
        case State::extension_quoted:
        case State::extension_escaped:
        case State::extension_quote_end: return read_extension(bytes);
        default: return read_framing(bytes);
    }
}

ChunkPiece ChunkedReader::fail() {
    state_ = State::failed;
    fault_ = Fault::bad_chunk;
    return {.part = ChunkPart::failed};
}

ChunkPiece ChunkedReader::read_framing(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size() && take_framing(bytes[taken])) {
        ++taken;
        if (state_ == State::data || state_ == State::last) break;
    }
    if (taken != 0) return {.part = ChunkPart::framing, .bytes = taken};
    if (bytes.empty()) return {};
    return state_ == State::extension_start ? read_extension(bytes) : fail();
}

// False, and nothing taken, for a byte that is no framing or wrong here.
bool ChunkedReader::take_framing(char c) {
    switch (state_) {
        case State::size_start:
            left_ = 0;
            digits_ = 0;
            line_extension_bytes_ = 0;
            if (hex_value(c) < 0) return false;
            state_ = State::size;
            [[fallthrough]];
        case State::size: {
            const int digit = hex_value(c);
            if (digit >= 0) {
                if (digits_ == digits_max || left_ > size_before_digit_max) return false;
                ++digits_;
                left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
                return true;
            }
            if (c == ';') state_ = State::extension_start;
            if (c != '\r') return false;
            state_ = State::size_lf;
            return true;
        }
        case State::size_end:
            if (c != '\r') return false;
            state_ = State::size_lf;
            return true;
        case State::size_lf:
            if (c != '\n') return false;
            state_ = left_ == 0 ? State::last : State::data;
            return true;
        case State::data_cr:
            if (c != '\r') return false;
            state_ = State::data_lf;
            return true;
        case State::data_lf:
            if (c != '\n') return false;
            state_ = State::size_start;
            return true;
        default: return false;
    }
}

bool ChunkedReader::may_extend_further() {
    if (line_extension_bytes_ == line_extension_bytes_max) return false;
    if (extension_bytes_ >= extension_bytes_free + data_bytes_) return false;
    ++line_extension_bytes_;
    ++extension_bytes_;
    return true;
}

ChunkPiece ChunkedReader::read_extension(std::string_view bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        if (!take_extension(bytes[taken])) break;
        if (!may_extend_further()) {
            if (taken == 0) return fail();
            state_ = State::size_end;  // the byte is no CR: the next call fails
            break;
        }
        ++taken;
    }
    if (taken != 0) return {.part = ChunkPart::extension, .bytes = taken};
    if (bytes.empty()) return {};
    return state_ == State::size_end ? read_framing(bytes) : fail();
}

// False, and nothing taken, for the CR that ends the line and for what is wrong. Blanks around ';'
// and '=' are wrong: they are only there for senders that no longer exist (RFC 9112, 7.1.1).
bool ChunkedReader::take_extension(char c) {
    const auto take_if = [this](bool fits, State next) {
        if (fits) state_ = next;
        return fits;
    };
    switch (state_) {
        case State::extension_start: return take_if(c == ';', State::extension_name_start);
        case State::extension_name_start:
            return take_if(is_class(c, token_char), State::extension_name);
        case State::extension_value_start:
            if (c == '"') return take_if(true, State::extension_quoted);
            return take_if(is_class(c, token_char), State::extension_value);
        case State::extension_quoted:
            if (c == '"') return take_if(true, State::extension_quote_end);
            if (c == '\\') return take_if(true, State::extension_escaped);
            return is_class(c, value_char);
        case State::extension_escaped:
            return take_if(is_class(c, value_char), State::extension_quoted);
        case State::extension_name:
            if (is_class(c, token_char)) return true;
            if (c == '=') return take_if(true, State::extension_value_start);
            break;
        case State::extension_value:
            if (is_class(c, token_char)) return true;
            break;
        default: break;
    }
    // A name, a value or a quoted string is complete.
    if (c == '\r') state_ = State::size_end;
    return take_if(c == ';', State::extension_name_start);
}

}  // namespace ringway::http
