// The texts that HTTP load is made of: heads with a place for an id, and bodies to compare with.
//
// Everything has a fixed width, so that a message is made once and only its id is written anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// Compares a body with what it must be, wherever it is cut.
class BodyCheck {
  public:
    void begin(RequestId id, std::size_t bytes);
    // False when a byte is wrong, or there are too many.
    bool take(std::string_view bytes);
    bool is_complete() const { return seen_ == bytes_; }

  private:
    char id_[id_bytes] = {};
    std::size_t bytes_ = 0;
    std::size_t seen_ = 0;
};

}  // namespace ringway::load
