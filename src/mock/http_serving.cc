#include "http_serving.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "loop.h"
#include "ringway/mock/pattern.h"

namespace ringway::mock {
namespace {

constexpr std::uint64_t slow_ms_max = 60'000;
constexpr std::string_view text_type = "text/plain";
constexpr std::string_view bytes_type = "application/octet-stream";

// Nothing is drawn, delayed or paced: each answer is like the one before.
bool is_plain(const Behaviour& behaviour) {
    return behaviour.latency.is_none() && behaviour.errors == 0 && behaviour.cut == 0 &&
           behaviour.corrupt == 0 && behaviour.rate == 0 && behaviour.chunked == 0 &&
           !behaviour.close;
}

std::string constant_answer(const Behaviour& behaviour) {
    constexpr std::uint64_t bytes_max = 64 * 1024;
    const std::uint64_t bytes = behaviour.bytes.value_or(0);
    const bool fits = behaviour.bytes.has_value() && bytes <= bytes_max;
    if (!fits || !is_plain(behaviour) || !status_has_body(behaviour.status)) return {};
    Output out;
    write_head({.status = behaviour.status,
                .type = behaviour.type.empty() ? bytes_type : behaviour.type.view(),
                .body_bytes = bytes},
               out);
    fill_pattern(0, std::as_writable_bytes(std::span(out.extend(bytes), bytes)));
    return std::string(out.view());
}

bool is_llm(PathKind kind) { return kind == PathKind::messages || kind == PathKind::completions; }

}  // namespace

HttpContext::HttpContext(const Behaviour& listener_behaviour, std::string listener_name,
                         SharedCounters& thread_counters, Totals& all_totals, std::uint64_t seed)
    : behaviour(listener_behaviour),
      name(std::move(listener_name)),
      counters(thread_counters),
      totals(all_totals),
      random(seed),
      constant(constant_answer(listener_behaviour)) {}

// ---- input ------------------------------------------------------------------------------------

void HttpServing::take(std::string_view input) {
    if (ended_) return;  // whatever comes after the last request is not answered
    if (input_.empty()) {
        input_ = input;
        return;
    }
    keep_input();
    saved_.append(input);
    input_ = saved_;
}

void HttpServing::keep_input() {
    if (input_.empty()) {
        if (saved_.capacity() > waiting_bytes_max) std::string().swap(saved_);
        return;
    }
    const bool is_saved = input_.data() >= saved_.data() &&
                          input_.data() < saved_.data() + saved_.size() && !saved_.empty();
    if (is_saved)
        saved_.erase(0, static_cast<std::size_t>(input_.data() - saved_.data()));
    else
        saved_.assign(input_);
    input_ = saved_;
}

// ---- one answer after another -----------------------------------------------------------------

Answer::Step HttpServing::advance(base::Instant now, Output& out) {
    if (!answer_.is_under_way()) {
        if (!begin_next(now, out)) return Answer::Step::none;
        if (!answer_.is_under_way()) return Answer::Step::done;  // it was the constant one
    }
    const Answer::Step step = answer_.advance(now, out);
    if (step == Answer::Step::done && counts_) ++answered_;
    if (step == Answer::Step::cut) {
        ended_ = true;
        context_.counters.cut.add();
    }
    return step;
}

bool HttpServing::begin_next(base::Instant now, Output& out) {
    if (input_.empty() || ended_) return false;
    const bool whole = reader_.read(input_);
    if (reader_.owes_continue() && !whole) out.append("HTTP/1.1 100 Continue\r\n\r\n");
    if (!whole) return false;
    const HttpRequest& request = reader_.request();
    counts_ = request.path.kind != PathKind::stats && request.path.kind != PathKind::reset;
    context_.counters.by_path[static_cast<std::size_t>(request.path.kind)].add();
    if (counts_) {
        context_.counters.requests.add();
        ++requests_;
    }
    const bool plain = request.path.kind == PathKind::other && request.path.query.empty() &&
                       request.options.empty() && request.keep_alive && !request.head_only &&
                       request.version_minor == 1;
    if (plain && !context_.constant.empty()) {
        out.append(context_.constant);
        ++answered_;
        return true;
    }
    begin_answer(request, now);
    return true;
}

void HttpServing::begin_answer(const HttpRequest& request, base::Instant now) {
    if (request.refusal != 0) {
        answer_.text() = "ringway mock does not take this request\n";
        return answer_text(request, request.refusal, text_type);
    }
    if (request.path.kind == PathKind::stats || request.path.kind == PathKind::reset) {
        if (request.path.kind == PathKind::reset) context_.totals.reset();
        answer_.text().clear();
        context_.totals.write_json(answer_.text());
        return answer_text(request, 200, "application/json");
    }
    std::optional<Behaviour> own;
    const bool by_request = request.path.has_number ||
                            request.path.query.find('=') != std::string_view::npos ||
                            !request.options.empty() || request.stamps;
    if (by_request) {
        own = context_.behaviour;
        own->seed.reset();
        if (!resolve(request, *own)) return answer_text(request, 400, text_type);
    }
    const Behaviour& behaviour = own ? *own : context_.behaviour;
    std::optional<base::Random> seeded;
    if (own && own->seed) seeded.emplace(*own->seed);
    base::Random& random = seeded ? *seeded : context_.random;

    AnswerPlan plan;
    // A round of the loop may be long: what is timed is timed from this moment.
    plan.begin_at =
        behaviour.latency.is_none() ? now : monotonic_now() + behaviour.latency.sample(random);
    plan.head.keep_alive = request.keep_alive && !behaviour.close;
    plan.head.status = behaviour.status;
    if (behaviour.errors > 0 && unit_draw(random) < behaviour.errors) {
        context_.counters.errors_made.add();
        choose_error(request, behaviour.error_status, plan);
    } else {
        choose_body(request, behaviour, random, plan);
        if (!behaviour.type.empty() && plan.stream == nullptr) {
            type_ = behaviour.type;  // the head may be written when `behaviour` is gone
            plan.head.type = type_.view();
        }
    }
    finish_plan(request, behaviour, random, plan);
}

// What the path, the query and the field say, in this order. False: the problem is in text().
bool HttpServing::resolve(const HttpRequest& request, Behaviour& behaviour) {
    const Path& path = request.path;
    if (path.kind == PathKind::bytes) behaviour.bytes = path.number;
    if (path.kind == PathKind::slow) {
        const auto ms = static_cast<std::int64_t>(std::min(path.number, slow_ms_max));
        behaviour.latency = Latency::fixed(base::Duration::milliseconds(ms));
    }
    if (request.stamps) behaviour.stamps = true;
    std::string& problem = answer_.text();
    problem.clear();
    if (path.kind == PathKind::status) {
        if (path.number < 200 || path.number > 599) {
            problem = "a status is a number from 200 to 599\n";
            return false;
        }
        behaviour.status = static_cast<int>(path.number);
    }
    if (apply_keys(path.query, UnknownKeys::ignore, behaviour, problem) &&
        apply_keys(request.options, UnknownKeys::refuse, behaviour, problem)) {
        return true;
    }
    problem += '\n';
    return false;
}

// An answer that no behaviour touches, of text().
void HttpServing::answer_text(const HttpRequest& request, int status, std::string_view type) {
    AnswerPlan plan;
    plan.head = {.status = status,
                 .type = type,
                 .body_bytes = answer_.text().size(),
                 .keep_alive = request.keep_alive};
    if (request.head_only) plan.source = BodySource::none;
    if (!plan.head.keep_alive) ended_ = true;
    answer_.begin(plan);
}

// ---- bodies -----------------------------------------------------------------------------------

LlmServing& HttpServing::llm() {
    if (!llm_) llm_ = std::make_unique<LlmServing>();
    return *llm_;
}

void HttpServing::choose_error(const HttpRequest& request, int status, AnswerPlan& plan) {
    if (is_llm(request.path.kind)) {
        return llm().choose_error(request, status, plan, answer_.text());
    }
    plan.head.status = status;
    plan.head.type = text_type;
    answer_.text() = "ringway mock made this error, as it was asked to\n";
    plan.head.body_bytes = answer_.text().size();
}

void HttpServing::choose_body(const HttpRequest& request, const Behaviour& behaviour,
                              base::Random& random, AnswerPlan& plan) {
    std::string& text = answer_.text();
    plan.head.type = text_type;
    switch (request.path.kind) {
        case PathKind::echo:
            text.assign(request.body);
            plan.head.body_bytes = text.size();
            break;
        case PathKind::mirror:
            text.assign(request.head);
            text.append(request.body);
            plan.head.body_bytes = text.size();
            break;
        case PathKind::events: return begin_events(request, behaviour, plan);
        case PathKind::messages:
        case PathKind::completions:
            return llm().choose(request, behaviour, random, context_.llm_parser, plan, text);
        case PathKind::status: write_line(request, plan); break;
        default:
            if (!behaviour.bytes) return write_line(request, plan);
            plan.source = BodySource::pattern;
            plan.head.type = bytes_type;
            plan.head.body_bytes = *behaviour.bytes;
    }
}

void HttpServing::write_line(const HttpRequest& request, AnswerPlan& plan) {
    std::string& text = answer_.text();
    text.clear();
    fmt::format_to(std::back_inserter(text),
                   "ringway mock at {}: request {} of this connection was {} {}\n", context_.name,
                   requests_, request.method, request.target);
    plan.head.body_bytes = text.size();
}

void HttpServing::begin_events(const HttpRequest& request, const Behaviour& behaviour,
                               AnswerPlan& plan) {
    const std::uint64_t count =
        request.path.has_number ? request.path.number : EventStream::endless;
    events_.begin(behaviour, count, plan.begin_at, context_.random);
    plan.source = BodySource::stream;
    plan.stream = &events_;
    plan.head.type = "text/event-stream";
    plan.head.more = "Cache-Control: no-store\r\n";
    plan.head.body_bytes = events_.expected_bytes();
}

// How the body is framed, and what goes wrong with it.
void HttpServing::finish_plan(const HttpRequest& request, const Behaviour& behaviour,
                              base::Random& random, AnswerPlan& plan) {
    HeadParts& head = plan.head;
    const bool framed_by_pieces = plan.stream != nullptr || behaviour.chunked > 0;
    if (!status_has_body(head.status)) {
        head.framing = BodyFraming::none;
        plan.source = BodySource::none;
    } else if (framed_by_pieces && request.version_minor == 0) {
        head.framing = BodyFraming::until_close;  // only its end can tell an old client
        head.keep_alive = false;
    } else if (framed_by_pieces) {
        head.framing = BodyFraming::chunked;
        plan.chunk_bytes = behaviour.chunked;
    }
    if (request.head_only) plan.source = BodySource::none;
    plan.rate = behaviour.rate;
    draw_faults(behaviour, random, plan);
    if (!head.keep_alive) ended_ = true;
    answer_.begin(plan);
}

void HttpServing::draw_faults(const Behaviour& behaviour, base::Random& random, AnswerPlan& plan) {
    const std::uint64_t bytes = plan.source == BodySource::none ? 0 : plan.head.body_bytes;
    if (behaviour.cut > 0 && unit_draw(random) < behaviour.cut) {
        plan.cut_at = bytes == 0 ? 0 : behaviour.cut_after.value_or(bytes / 2);
        // An answer that is complete would not be missed.
        if (plan.stream == nullptr && bytes > 0) plan.cut_at = std::min(plan.cut_at, bytes - 1);
    }
    if (behaviour.corrupt > 0 && unit_draw(random) < behaviour.corrupt && bytes > 0) {
        plan.corrupt_at = random.below(bytes);
        context_.counters.corrupted.add();
    }
}

}  // namespace ringway::mock
