#include "http_feed.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

#include "ringway/base/random.h"
#include "ringway/http/framing.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"

namespace ringway::test {
namespace {

using http::Progress;

// Bytes in memory that ends where they end.
class Copy {
  public:
    explicit Copy(std::string_view text) : memory_(new char[text.size()]), bytes_(text.size()) {
        std::copy(text.begin(), text.end(), memory_.get());
    }
    std::string_view view() const { return {memory_.get(), bytes_}; }

  private:
    std::unique_ptr<char[]> memory_;
    std::size_t bytes_;
};

std::string write_fields(const http::FieldList& list,
                         const std::function<void(http::HeadWriter&)>& start) {
    std::vector<char> room(std::size_t{list.head_bytes()} + 4 * list.fields().size() + 64);
    http::HeadWriter writer(room);
    start(writer);
    for (const http::Field& field : list.fields()) {
        writer.field(list.name(field), list.value(field));
    }
    writer.end_of_head();
    return std::string(writer.text());
}

std::string write_again(const http::RequestHead& head) {
    std::string text = write_fields(head, [&](http::HeadWriter& out) {
        out.request_line(head.text(head.method_text), head.text(head.target));
    });
    if (head.version_minor == 0) text[text.find("\r\n") - 1] = '0';
    return text;
}

std::string write_again(const http::ResponseHead& head) {
    std::string text = write_fields(
        head, [&](http::HeadWriter& out) { out.status_line(head.status, head.text(head.reason)); });
    if (head.version_minor == 0) text[7] = '0';
    return text;
}

std::string write_again(const http::FieldList& head) {
    return write_fields(head, [](http::HeadWriter&) {});
}

// Shows longer and longer prefixes until the parser is done. The last copy lives in `last`, as a
// head that is done points into it.
template <typename Parser>
Progress show(Parser& parser, std::string_view input, const NextPrefix& next,
              std::unique_ptr<Copy>& last) {
    std::size_t shown = 0;
    for (;;) {
        shown = std::min(input.size(), next(shown, input.size()));
        auto copy = std::make_unique<Copy>(input.substr(0, shown));
        const Progress progress = parser.parse(copy->view());
        last = std::move(copy);
        if (progress != Progress::need_more || shown == input.size()) return progress;
    }
}

template <typename Parser, typename Head>
HeadOutcome feed(std::string_view input, const http::HeadLimits& limits, const NextPrefix& next) {
    const auto head = std::make_unique<Head>();
    Parser parser(*head, limits);
    std::unique_ptr<Copy> last;
    HeadOutcome outcome;
    outcome.progress = show(parser, input, next, last);
    outcome.fault = parser.fault();
    if (outcome.progress != Progress::done) return outcome;
    outcome.head_bytes = head->head_bytes();
    outcome.text = write_again(*head);
    return outcome;
}

std::string describe(const http::Framing& framing) {
    switch (framing.kind) {
        case http::BodyKind::none: return "none";
        case http::BodyKind::length: return "length " + std::to_string(framing.length);
        case http::BodyKind::chunked: return "chunked";
        case http::BodyKind::until_close: return "until close";
        case http::BodyKind::tunnel: return "tunnel";
    }
    return "";
}

std::string describe(http::TargetForm form) {
    switch (form) {
        case http::TargetForm::origin: return "origin";
        case http::TargetForm::absolute: return "absolute";
        case http::TargetForm::authority: return "authority";
        case http::TargetForm::asterisk: return "asterisk";
    }
    return "";
}

void judge_head(const http::RequestHead& head, RequestJudgement& judgement) {
    std::vector<char> scratch(head.target.bytes + 2);
    const http::TargetResult target = http::read_target(head, scratch);
    const auto note = [&](http::Fault fault) {
        if (judgement.fault == http::Fault::none) judgement.fault = fault;
    };
    note(target.fault);
    judgement.form = describe(target.target.form);
    judgement.authority = target.target.authority;
    judgement.path_and_query = target.target.path_and_query;
    if (target.fault == http::Fault::none) {
        std::vector<char> room(target.target.path.size());
        const http::NormalPath normal = http::normalize_path(target.target.path, room);
        note(normal.fault);
        judgement.normal_path = normal.path;
    }
    const http::FramingResult framing = http::frame_request(head);
    note(framing.fault);
    judgement.framing = describe(framing.framing);
    const http::ConnectionWishes wishes = http::connection_wishes(head, head.version_minor);
    note(wishes.fault);
    judgement.keep_alive = wishes.keep_alive;
    judgement.upgrade = wishes.upgrade;
    const http::Expectation expectation = http::expectation_of(head);
    note(expectation.fault);
    judgement.wants_continue = expectation.wants_continue;
}

}  // namespace

NextPrefix all_at_once() {
    return [](std::size_t, std::size_t all) { return all; };
}
NextPrefix byte_by_byte() {
    return [](std::size_t shown, std::size_t) { return shown + 1; };
}
NextPrefix cut_at(std::size_t place) {
    return [place](std::size_t shown, std::size_t all) { return shown < place ? place : all; };
}
NextPrefix random_pieces(std::uint64_t seed) {
    auto random = std::make_shared<base::Random>(seed);
    return [random](std::size_t shown, std::size_t) { return shown + 1 + random->below(40); };
}

HeadOutcome feed_head(HeadKind kind, std::string_view input, const http::HeadLimits& limits,
                      const NextPrefix& next) {
    switch (kind) {
        case HeadKind::request:
            return feed<http::RequestParser, http::RequestHead>(input, limits, next);
        case HeadKind::response:
            return feed<http::ResponseParser, http::ResponseHead>(input, limits, next);
        case HeadKind::trailers: break;
    }
    return feed<http::TrailerParser, http::FieldList>(input, limits, next);
}

HeadFeeding feed_head_every_way(HeadKind kind, std::string_view input,
                                const http::HeadLimits& limits) {
    HeadFeeding feeding;
    feeding.whole = feed_head(kind, input, limits, all_at_once());
    if (feed_head(kind, input, limits, byte_by_byte()) != feeding.whole) {
        feeding.split_that_differs = "byte by byte";
    }
    for (std::size_t place = 1; place < input.size(); ++place) {
        if (feed_head(kind, input, limits, cut_at(place)) != feeding.whole) {
            feeding.split_that_differs = "cut at " + std::to_string(place);
        }
    }
    return feeding;
}

ChunkOutcome feed_chunks(std::string_view input, const NextPrefix& next) {
    http::ChunkedReader reader;
    ChunkOutcome outcome;
    std::size_t shown = 0;
    while (outcome.end == http::ChunkPart::need_more && shown < input.size()) {
        shown = std::min(input.size(), next(shown, input.size()));
        const Copy copy(input.substr(outcome.bytes, shown - outcome.bytes));
        std::string_view left = copy.view();
        for (;;) {
            const http::ChunkPiece piece = reader.next(left);
            const std::string_view text = left.substr(0, piece.bytes);
            outcome.bytes += piece.bytes;
            left.remove_prefix(piece.bytes);
            if (piece.part == http::ChunkPart::framing) {
                outcome.framing += text;
                outcome.order.append(text.size(), 'f');
            } else if (piece.part == http::ChunkPart::extension) {
                outcome.extensions += text;
                outcome.order.append(text.size(), 'e');
            } else if (piece.part == http::ChunkPart::data) {
                outcome.data += text;
                outcome.order.append(text.size(), 'd');
            } else {
                outcome.end = piece.part;
                break;
            }
        }
    }
    outcome.fault = reader.fault();
    return outcome;
}

ChunkFeeding feed_chunks_every_way(std::string_view input) {
    ChunkFeeding feeding;
    feeding.whole = feed_chunks(input, all_at_once());
    if (feed_chunks(input, byte_by_byte()) != feeding.whole) {
        feeding.split_that_differs = "byte by byte";
    }
    for (std::size_t place = 1; place < input.size(); ++place) {
        if (feed_chunks(input, cut_at(place)) != feeding.whole) {
            feeding.split_that_differs = "cut at " + std::to_string(place);
        }
    }
    return feeding;
}

RequestJudgement judge_request(std::string_view input, const http::HeadLimits& limits) {
    RequestJudgement judgement;
    judgement.split_that_differs =
        feed_head_every_way(HeadKind::request, input, limits).split_that_differs;
    http::RequestHead head;
    http::RequestParser parser(head, limits);
    const Progress progress = parser.parse(input);
    judgement.fault = parser.fault();
    judgement.complete = progress == Progress::done;
    if (judgement.complete) judge_head(head, judgement);
    return judgement;
}

ResponseJudgement judge_response(std::string_view input, http::Method method,
                                 bool asked_for_upgrade) {
    const http::HeadLimits limits;
    ResponseJudgement judgement;
    judgement.split_that_differs =
        feed_head_every_way(HeadKind::response, input, limits).split_that_differs;
    http::ResponseHead head;
    http::ResponseParser parser(head, limits);
    const Progress progress = parser.parse(input);
    judgement.fault = parser.fault();
    judgement.complete = progress == Progress::done;
    judgement.status = head.status;
    if (!judgement.complete) return judgement;
    const http::FramingResult framing =
        http::frame_response(head, {.method = method, .asked_for_upgrade = asked_for_upgrade});
    const http::ConnectionWishes wishes = http::connection_wishes(head, head.version_minor);
    judgement.fault = framing.fault != http::Fault::none ? framing.fault : wishes.fault;
    judgement.framing = describe(framing.framing);
    judgement.keep_alive = wishes.keep_alive;
    return judgement;
}

}  // namespace ringway::test
