// The texts that HTTP load is made of: heads with a place for an id, and bodies to compare with.
//
// Everything has a fixed width, so that a message is made once and only its id is written anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ringway/http/chunked.h"

namespace ringway::load {

// Which request: of which connection, and its how-manieth.
struct RequestId {
    std::uint32_t connection = 0;
    std::uint32_t number = 0;
    bool operator==(const RequestId&) const = default;
};
inline constexpr std::size_t id_bytes = 17;  // "0000002a-00000007"
void write_id(char* out, RequestId id);
std::optional<RequestId> read_id(std::string_view text);

// `bytes` of a pattern that no shift of it equals for long; grows once, then stays.
std::string_view pattern(std::size_t bytes);

// One message whose id is written in place.
class HttpText {
  public:
    static HttpText request(std::size_t body_bytes, bool close);
    static HttpText response(std::size_t body_bytes);

    void stamp(RequestId id);
    std::string_view text() const { return text_; }

  private:
    std::string text_;
    std::size_t id_at_ = 0;
    std::size_t body_id_at_ = 0;  // 0: no body with an id
};

// A head that may come in pieces: collects it, and says where it ends.
class HeadCollector {
  public:
    // Takes what belongs to the head from `bytes`; true when it is complete.
    bool take(std::string_view& bytes);
    std::string_view text() const { return text_; }
    // The value of a field, by its name in the usual spelling, any case; empty when absent.
    std::string_view field(std::string_view name) const;
    void clear() { text_.clear(); }

  private:
    std::string text_;
};

// How a head says that its body is framed; a proxy may change it on the way.
struct BodyFraming {
    bool valid = false;  // one of the two, and only one
    bool chunked = false;
    std::size_t bytes = 0;  // by Content-Length
    static BodyFraming of(const HeadCollector& head);
};

// A body without its framing, wherever it is cut.
class BodyReader {
  public:
    void begin(const BodyFraming& framing);
    // Shows `use(std::string_view)` the body's bytes among these. False when the framing is broken,
    // when something follows the body, or when `use` answered so.
    template <typename Use>
    bool take(std::string_view bytes, Use use) {
        if (!chunked_) return use(bytes);
        while (!bytes.empty()) {
            const http::ChunkPiece piece = chunks_.next(bytes);
            if (piece.part == http::ChunkPart::failed) return false;
            if (piece.part == http::ChunkPart::last) return take_end(bytes);
            if (piece.part == http::ChunkPart::data && !use(bytes.substr(0, piece.bytes))) {
                return false;
            }
            bytes.remove_prefix(piece.bytes);
        }
        return true;
    }
    // A chunked body has had its last chunk and the empty line after it; always true by length.
    bool has_ended() const { return !chunked_ || end_seen_ == chunked_end.size(); }

  private:
    static constexpr std::string_view chunked_end = "\r\n";  // no trailers
    bool take_end(std::string_view bytes);

    http::ChunkedReader chunks_;
    std::size_t end_seen_ = 0;
    bool chunked_ = false;
};

// Compares a body with what it must be.
class BodyCheck {
  public:
    // False when the framing already says that it will be another.
    bool begin(RequestId id, std::size_t bytes, const BodyFraming& framing);
    // False when a byte is wrong, or there are too many.
    bool take(std::string_view bytes);
    bool is_complete() const { return seen_ == bytes_ && reader_.has_ended(); }

  private:
    bool compare(std::string_view bytes);

    BodyReader reader_;
    char id_[id_bytes] = {};
    std::size_t bytes_ = 0;
    std::size_t seen_ = 0;
};

}  // namespace ringway::load
