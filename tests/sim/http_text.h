// HTTP/1.1 as the simulated clients and origins speak it: written independently of ringway's own.
//
// A reader that takes one message after another from a stream, byte by byte if need be, and writers
// of bodies. Plain and slow on purpose; strict, because ringway must send nothing that is not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ringway/base/random.h"

namespace ringway::sim {

enum class HttpFraming : std::uint8_t { none, length, chunked, until_close };

// Takes bytes of one message; what follows it is left to the next.
class HttpReader {
  public:
    enum class State : std::uint8_t { head, body, complete, failed };
    using BodySink = std::function<void(const std::byte*, std::size_t)>;

    HttpReader(bool of_requests, BodySink sink)
        : of_requests_(of_requests), sink_(std::move(sink)) {}

    // The next message; of a response whether its request was HEAD.
    void begin(bool answers_head = false);
    // How many of the bytes belong to this message. Stops when the head is complete, too, so that
    // the caller can look at it before its body arrives.
    std::size_t feed(const std::byte* data, std::size_t bytes);
    // The stream has ended in an orderly way: what only ends so is complete now.
    void end_of_stream();

    State state() const { return state_; }
    bool has_begun() const { return state_ != State::head || !head_.empty(); }
    const std::string& problem() const { return problem_; }

    // When the head is complete.
    const std::string& method() const { return first_; }   // or the response's version
    const std::string& target() const { return second_; }  // or the response's status
    int status() const { return status_; }
    bool is_http10() const { return http10_; }
    HttpFraming framing() const { return framing_; }
    std::uint64_t length() const { return length_; }
    std::uint64_t body_bytes() const { return body_bytes_; }
    std::size_t count(std::string_view name) const;
    std::string field(std::string_view name) const;  // the first one, or empty
    // An element of a list-valued field, in any letter case.
    bool lists(std::string_view name, std::string_view element) const;
    const std::string& head_text() const { return head_; }
    std::string trailer(std::string_view name) const;

  private:
    enum class Chunk : std::uint8_t { size, data, data_end, trailers };
    using Fields = std::vector<std::pair<std::string, std::string>>;

    void fail(std::string what);
    void read_head();
    bool read_fields(std::string_view text, Fields& into);
    void decide_framing();
    std::size_t feed_head(const std::byte* data, std::size_t bytes);
    std::size_t feed_chunked(const std::byte* data, std::size_t bytes);
    void take_line();

    bool of_requests_;
    BodySink sink_;
    State state_ = State::head;
    std::string problem_;
    std::string head_;
    std::string first_, second_;
    Fields fields_;
    Fields trailers_;
    int status_ = 0;
    bool http10_ = false;
    bool answers_head_ = false;
    HttpFraming framing_ = HttpFraming::none;
    std::uint64_t length_ = 0;
    std::uint64_t body_bytes_ = 0;
    Chunk chunk_ = Chunk::size;
    std::uint64_t chunk_left_ = 0;
    std::string line_;
};

// The bytes of a body follow from whose it is and their offset alone.
enum class BodyOf : std::uint8_t { request, response };
void fill_body(std::uint64_t id, BodyOf whose, std::uint64_t offset, std::byte* out,
               std::size_t count);
std::string body_text(std::uint64_t id, BodyOf whose, std::uint64_t bytes);

// A body in chunks of random sizes, with extensions and trailer fields now and then.
std::string chunked_text(const std::string& body, base::Random& random, bool with_extras);

std::string lower(std::string_view text);

}  // namespace ringway::sim
