// Replies of language models, in the formats of Anthropic Messages and OpenAI Chat Completions:
// whole, or as a stream of tokens at their times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "llm_request.h"
#include "ringway/base/random.h"
#include "ringway/mock/behaviour.h"
#include "timed_stream.h"

namespace ringway::mock {

struct LlmReply {
    LlmFormat format = LlmFormat::anthropic;
    LlmRequest request;
    std::uint64_t tokens = 0;
    bool is_cut_short = false;  // max_tokens ended it
    std::uint64_t created = 0;  // seconds since 1970
    std::string id;
    std::string fields;  // of the response's head
};

// Says how many tokens it will be, and draws its id. reply.request must be filled.
void begin_reply(const Behaviour& behaviour, base::Random& random, LlmReply& reply);
// From the head of a whole reply to its body: all tokens at their rate.
base::Duration time_of_reply(const Behaviour& behaviour, std::uint64_t tokens);

void write_reply(const LlmReply& reply, std::string& out);
// The error that has this status in this format.
void write_fault(LlmFormat format, const LlmFault& fault, std::string& out);
// Token number `index`, as text that needs no escaping.
std::string_view token_text(std::uint64_t index);

class LlmStream final : public TimedStream {
  public:
    // `reply` outlives the stream.
    void begin(const Behaviour& behaviour, const LlmReply& reply, base::Instant first);
    std::uint64_t expected_bytes() const;

    base::Instant due() const override;
    void write_next(Output& out) override;

  private:
    enum class Part : std::uint8_t {
        opening,
        block,
        ping,
        token,
        block_end,
        ending,
        usage,
        last,
        over
    };
    void write_stamp(Output& out);
    void write_anthropic(Output& out);
    void write_openai(Output& out);
    void begin_chunk(Output& out) const;
    void end_chunk(Output& out) const;
    void advance();

    const LlmReply* reply_ = nullptr;
    base::Instant first_;
    base::Duration ttft_;
    double token_rate_ = 0;
    std::uint64_t token_ = 0;
    std::uint64_t events_ = 0;
    Part part_ = Part::over;
    bool stamps_ = false;
};

}  // namespace ringway::mock
