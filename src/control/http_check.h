// One HTTP health check: what is asked, and whether the answer is good.
//
// Pure: the prober moves the bytes. An answer is parsed as strictly as one that traffic gets, so
// that an endpoint whose responses would be refused does not count as healthy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ringway/config/settings.h"
#include "ringway/http/chunked.h"
#include "ringway/http/framing.h"
#include "ringway/http/parser.h"

namespace ringway::control {

// The request: GET, closed afterwards. `address` stands in the Host field when the rule names none.
std::string check_request(const config::HealthCheck& rule, std::string_view address);

class HttpCheck {
  public:
    explicit HttpCheck(const config::HealthCheck& rule) : rule_(rule), parser_(head_, limits_) {}
    HttpCheck(const HttpCheck&) = delete;
    HttpCheck& operator=(const HttpCheck&) = delete;

    enum class Verdict : std::uint8_t { undecided, passed, failed };
    // What arrived; once it is decided, no more is wanted.
    Verdict feed(std::string_view bytes);
    // The other side has closed.
    Verdict end();

    // Why it failed, for a person; what is known of the last answer otherwise.
    const std::string& reason() const { return reason_; }

    // What is looked at of a body.
    static constexpr std::size_t body_bytes_max = std::size_t{64} * 1024;

  private:
    Verdict fail(std::string reason);
    Verdict read_heads();
    Verdict begin_body();
    Verdict read_body();
    Verdict look_for_text(bool is_whole);
    // Moves `count` bytes of the input to the body, as many as are still looked at.
    void take_body(std::size_t count);

    const config::HealthCheck& rule_;
    const http::HeadLimits limits_;
    http::ResponseHead head_;
    http::ResponseParser parser_;
    http::ChunkedReader chunks_;
    http::Framing framing_;
    bool in_body_ = false;
    std::string input_;  // not looked at yet; while heads are read, the head from its first byte
    std::string body_;
    std::uint64_t body_left_ = 0;  // of BodyKind::length
    std::string reason_;
};

}  // namespace ringway::control
