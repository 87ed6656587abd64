// Finds where HTTP/1.1 requests begin and end: just enough of the protocol to serve any client that
// follows it, and to refuse what it does not understand instead of misreading it.
//
// Looks at bytes where they lie; copies a head or a body only when it comes in pieces. Not a parser
// for anything else to use, and on purpose not the proxy's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "paths.h"

namespace ringway::mock {

// Its texts are good until the reader is asked for the next request.
struct HttpRequest {
    std::string_view head;  // from the method to the empty line, included
    std::string_view method;
    std::string_view target;
    std::string_view options;  // the X-Mock field
    std::string_view body;     // of the paths that use it; of /mirror as it came, chunks and all
    Path path;
    int refusal = 0;  // 400, 413, 431 or 501: answer with it and close
    std::uint8_t version_minor = 1;
    bool head_only = false;
    bool keep_alive = true;
    bool stamps = false;  // X-Mock-Stamps: on
};

class HttpReader {
  public:
    // `input` begins where the last call left off. True: request() is complete, and `input` begins
    // after it. False: more is needed; what is left of `input` is to be shown again.
    bool read(std::string_view& input);
    const HttpRequest& request() const { return request_; }
    // True once for each client that waits for 100 Continue before it sends the body.
    bool owes_continue();

    static constexpr std::size_t head_bytes_max = 32 * 1024;
    static constexpr std::uint64_t body_bytes_max = 8 * 1024 * 1024;  // that is kept

  private:
    enum class State : std::uint8_t { head, length, chunks };
    enum class Chunk : std::uint8_t { size, extension, size_end, data, data_end, trailer };
    bool keeps_body() const;
    bool read_head(std::string_view& input);
    bool begin_body(std::string_view& input);
    bool read_length(std::string_view& input);
    bool read_chunks(std::string_view& input);
    bool take_chunk_byte(char c);  // false: not chunked coding
    void parse_head();
    void apply_field(std::string_view name, std::string_view value);
    void apply_length(std::string_view value);
    void keep_head();
    void keep(std::string_view bytes);
    bool refuse(int status);

    HttpRequest request_;
    std::string head_;  // when the body comes later
    std::string body_;
    std::size_t scanned_ = 0;  // of the head, without its end
    std::uint64_t body_left_ = 0;
    State state_ = State::head;
    bool has_length_ = false;
    bool is_chunked_ = false;
    bool expects_continue_ = false;
    Chunk chunk_ = Chunk::size;
    std::uint8_t chunk_digits_ = 0;
    std::uint32_t trailer_line_bytes_ = 0;
};

}  // namespace ringway::mock
