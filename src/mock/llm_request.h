// What a request in one of the two common formats of language models asks for, as far as it matters
// for answering it in that format; or what is wrong with it, in that format's words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::mock {

enum class LlmFormat : std::uint8_t { anthropic, openai };

struct LlmRequest {
    std::string model;  // as JSON, quotes included
    std::uint64_t input_tokens = 0;
    std::optional<std::uint64_t> max_tokens;
    bool stream = false;
    bool include_usage = false;  // in an OpenAI stream
};

struct LlmFault {
    int status = 400;
    std::string message;
    std::string_view parameter;  // of OpenAI's errors; empty: null
    std::string_view code;
};

// Keeps what parsing needs between requests: one for each thread.
class LlmParser {
  public:
    LlmParser();
    ~LlmParser();
    // True: `request` is filled; its strings keep their room. False: `fault` says why.
    bool parse(LlmFormat format, std::string_view body, LlmRequest& request, LlmFault& fault);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::mock
