// Finds where HTTP/1.1 requests begin and end: just enough of the protocol to answer curl and
// pipelining clients, and to refuse what it does not understand instead of misreading it.
//
// Owns nothing but what it has read of the current head. Not a parser for anything else to use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::mock {

struct HttpRequest {
    std::string method;
    std::string target;
    std::string body;  // of /echo alone; others are skipped
    int version_minor = 1;
    bool keep_alive = true;
    int refusal = 0;  // 400, 413, 431 or 501: answer with it and close
};

class HttpReader {
  public:
    // Takes bytes from the front of `input` and removes them, up to the end of one request.
    // Returns the request once its body has been read too; nothing while more bytes are needed.
    std::optional<HttpRequest> read(std::string_view& input);

  private:
    static constexpr std::size_t head_bytes_max = 32 * 1024;
    static constexpr std::uint64_t echo_bytes_max = 1024 * 1024;
    bool keeps_body() const { return request_.target == "/echo"; }
    void parse_head();
    void apply_header(std::string_view name, std::string_view value);

    std::string head_;
    HttpRequest request_;
    std::uint64_t body_left_ = 0;
    bool in_body_ = false;
};

std::string http_head(int status, std::string_view content_type, std::uint64_t body_bytes,
                      bool keep_alive);
// A whole response, head and body. `body` is not sent for HEAD but counted; 204 and 304 have none.
std::string http_response(int status, std::string_view body, bool keep_alive, bool head_only);

}  // namespace ringway::mock
