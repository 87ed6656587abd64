// libFuzzer target for response heads and trailer sections: the first byte chooses which of them
// the rest is, how it is cut, and what request it answers.
//
// What must hold beyond not crashing: any split gives the same as the whole; what was understood,
// written again, is understood as the same; and a response that can have no body gets none.
//
// Built and run by tools/fuzz.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "http_feed.h"
#include "ringway/base/assert.h"
#include "ringway/http/framing.h"

namespace {

using namespace ringway::http;
using namespace ringway::test;

void check_framing(std::string_view text, std::uint64_t seed) {
    const HeadLimits limits;
    const auto head = std::make_unique<ResponseHead>();
    ResponseParser parser(*head, limits);
    RW_ASSERT(parser.parse(text) == Progress::done);
    RW_ASSERT(head->status >= 100 && head->status <= 599);
    const RequestTraits traits{.method = static_cast<Method>((seed >> 2) % method_count),
                               .asked_for_upgrade = (seed & 0x80) != 0};
    const FramingResult result = frame_response(*head, traits);
    if (result.fault != Fault::none) {
        RW_ASSERT(result.framing == Framing{});
        return;
    }
    const bool opened = traits.method == Method::connect && head->status / 100 == 2;
    const bool upgraded = head->status == 101;
    RW_ASSERT((result.framing.kind == BodyKind::tunnel) == (opened || upgraded));
    if (opened || upgraded) return;
    const bool bodiless = head->status < 200 || head->status == 204 || head->status == 304 ||
                          traits.method == Method::head;
    RW_ASSERT((result.framing.kind == BodyKind::none) == bodiless);
    // Two answers to the question how long the body is are never both believed.
    const bool both = head->find(FieldName::content_length) != nullptr &&
                      head->find(FieldName::transfer_encoding) != nullptr;
    RW_ASSERT(!both);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint64_t seed = data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const HeadKind kind = seed % 4 == 3 ? HeadKind::trailers : HeadKind::response;
    HeadLimits limits;
    if (seed % 4 == 2) limits = {.head_bytes_max = 100, .fields_max = 3};
    const HeadOutcome whole = feed_head(kind, input, limits, all_at_once());
    RW_ASSERT(feed_head(kind, input, limits, random_pieces(seed)) == whole);
    if (size < 300) RW_ASSERT(feed_head(kind, input, limits, byte_by_byte()) == whole);
    RW_ASSERT((whole.fault != Fault::none) == (whole.progress == Progress::failed));
    if (whole.progress != Progress::done) return 0;
    RW_ASSERT(whole.head_bytes <= limits.head_bytes_max);
    const HeadLimits wide{.head_bytes_max = 1 << 20};
    const HeadOutcome again = feed_head(kind, whole.text, wide, all_at_once());
    RW_ASSERT(again.progress == Progress::done);
    RW_ASSERT(again.text == whole.text);
    if (kind == HeadKind::response) check_framing(input.substr(0, whole.head_bytes), seed);
    return 0;
}
