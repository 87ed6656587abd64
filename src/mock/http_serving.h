// What a mock origin answers to the HTTP requests of one connection, one after another.
//
// Owns the request being read and the answer under way. Decides what to say and how; the bytes of
// the answer are Answer's. Does no I/O: it is shown what was read, and writes into what is to be
// sent, at most one piece at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "answer.h"
#include "counters.h"
#include "event_stream.h"
#include "http_reader.h"
#include "llm_serving.h"
#include "output.h"
#include "ringway/base/random.h"
#include "ringway/mock/behaviour.h"

namespace ringway::mock {

// What /mock/stats shows and /mock/reset sets to zero.
class Totals {
  public:
    virtual ~Totals() = default;
    virtual void write_json(std::string& out) = 0;
    virtual void reset() = 0;
};

// What the connections of one thread share.
struct HttpContext {
    HttpContext(const Behaviour& listener_behaviour, std::string listener_name,
                SharedCounters& thread_counters, Totals& all_totals, std::uint64_t seed);

    const Behaviour behaviour;
    const std::string name;  // who answers
    SharedCounters& counters;
    Totals& totals;
    base::Random random;
    LlmParser llm_parser;
    // The whole answer to a plain request, when it is the same for all of them; or empty.
    std::string constant;
};

class HttpServing {
  public:
    explicit HttpServing(HttpContext& context) : context_(context) {}

    // Shows what was read. It stays where it is until the next call of advance() that answers
    // none, or of keep_input().
    void take(std::string_view input);
    void keep_input();
    // Requests that nobody has answered yet are bounded by not reading more.
    bool wants_input() const { return ended_ || input_.size() < waiting_bytes_max; }
    void input_ended() { answer_.client_ended(); }

    // Writes the next piece into `out`. none: a request must come first.
    Answer::Step advance(base::Instant now, Output& out);
    base::Instant due() const { return answer_.due(); }
    bool is_busy() const { return answer_.is_under_way(); }
    // The last answer said that the connection closes.
    bool has_ended() const { return ended_ && !is_busy(); }
    // Answers completed since the last time this was asked.
    std::uint64_t take_answered() { return std::exchange(answered_, 0); }

  private:
    static constexpr std::size_t waiting_bytes_max = 64 * 1024;

    bool begin_next(base::Instant now, Output& out);
    void begin_answer(const HttpRequest& request, base::Instant now);
    bool resolve(const HttpRequest& request, Behaviour& behaviour);
    void choose_body(const HttpRequest& request, const Behaviour& behaviour, base::Random& random,
                     AnswerPlan& plan);
    void choose_error(const HttpRequest& request, int status, AnswerPlan& plan);
    LlmServing& llm();
    void begin_events(const HttpRequest& request, const Behaviour& behaviour, AnswerPlan& plan);
    void write_line(const HttpRequest& request, AnswerPlan& plan);
    void finish_plan(const HttpRequest& request, const Behaviour& behaviour, base::Random& random,
                     AnswerPlan& plan);
    void draw_faults(const Behaviour& behaviour, base::Random& random, AnswerPlan& plan);
    void answer_text(const HttpRequest& request, int status, std::string_view type);

    HttpContext& context_;
    HttpReader reader_;
    Answer answer_;
    EventStream events_;
    std::unique_ptr<LlmServing> llm_;
    MediaType type_;          // that the request asked for
    std::string_view input_;  // what was read and not taken: of the caller, or saved_
    std::string saved_;
    std::uint64_t requests_ = 0;
    std::uint64_t answered_ = 0;
    bool counts_ = true;  // the answer under way is one to count
    bool ended_ = false;
};

}  // namespace ringway::mock
