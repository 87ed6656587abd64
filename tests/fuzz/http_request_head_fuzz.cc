// libFuzzer target for request heads: the first byte chooses limits and how the rest is cut.
//
// What must hold beyond not crashing: any split gives the same as the whole; a head that was
// understood, written again, is understood as the same, and framed as the same; and only what the
// grammar allows was understood.
//
// Built and run by tools/fuzz.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "http_feed.h"
#include "ringway/base/assert.h"
#include "ringway/http/framing.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/target.h"

namespace {

using namespace ringway::http;
using namespace ringway::test;

void check_target(const RequestHead& head) {
    std::vector<char> scratch(head.target.bytes + 1);
    const TargetResult result = read_target(head, scratch);
    if (result.fault != Fault::none) return;
    const Target& target = result.target;
    RW_ASSERT(target.authority.empty() || is_valid_authority(target.authority));
    RW_ASSERT(target.authority.starts_with(target.host));
    if (target.form == TargetForm::authority) return;
    RW_ASSERT(target.path_and_query.size() == target.path.size() + target.query.size());
    std::vector<char> room(target.path.size());
    const NormalPath normal = normalize_path(target.path, room);
    if (normal.fault != Fault::none) return;
    // What is normal stays as it is.
    std::vector<char> again_room(normal.path.size());
    const NormalPath again = normalize_path(normal.path, again_room);
    RW_ASSERT(again.fault == Fault::none);
    RW_ASSERT(again.path == normal.path);
}

void check_fields(const RequestHead& head) {
    const ConnectionOptions options(head);
    for (const Field& field : head.fields()) {
        const std::string_view name = head.name(field);
        const std::string_view value = head.value(field);
        RW_ASSERT(!name.empty());
        RW_ASSERT(name.find_first_of(" \t\r\n:") == std::string_view::npos);
        RW_ASSERT(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
        RW_ASSERT(field.id == field_name_of(name));
        if (options.names(name)) RW_ASSERT(head.find(FieldName::connection) != nullptr);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint64_t seed = data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    HeadLimits limits;
    if (seed % 4 == 1) limits = {.head_bytes_max = 100, .target_bytes_max = 20, .fields_max = 3};
    const HeadOutcome whole = feed_head(HeadKind::request, input, limits, all_at_once());
    RW_ASSERT(feed_head(HeadKind::request, input, limits, random_pieces(seed)) == whole);
    if (size < 300) {
        RW_ASSERT(feed_head(HeadKind::request, input, limits, byte_by_byte()) == whole);
    }
    RW_ASSERT((whole.fault != Fault::none) == (whole.progress == Progress::failed));
    if (whole.progress != Progress::done) return 0;
    RW_ASSERT(whole.head_bytes <= limits.head_bytes_max);

    const auto head = std::make_unique<RequestHead>();
    RequestParser parser(*head, limits);
    RW_ASSERT(parser.parse(input.substr(0, whole.head_bytes)) == Progress::done);
    check_fields(*head);
    check_target(*head);
    const HeadLimits wide{.head_bytes_max = 1 << 20};
    const auto again = std::make_unique<RequestHead>();
    RequestParser second(*again, wide);
    RW_ASSERT(second.parse(whole.text) == Progress::done);
    RW_ASSERT(again->fields().size() == head->fields().size());
    RW_ASSERT(again->method == head->method);
    RW_ASSERT(again->version_minor == head->version_minor);
    RW_ASSERT(feed_head(HeadKind::request, whole.text, wide, all_at_once()).text == whole.text);
    const FramingResult framing = frame_request(*head);
    RW_ASSERT(frame_request(*again).framing == framing.framing);
    RW_ASSERT(frame_request(*again).fault == framing.fault);
    RW_ASSERT(framing.fault == Fault::none || framing.framing == Framing{});
    return 0;
}
