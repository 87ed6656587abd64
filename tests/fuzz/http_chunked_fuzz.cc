// libFuzzer target for chunked bodies: the first byte chooses how the rest is cut.
//
// What must hold beyond not crashing: any split gives the same as the whole; a reader that knows
// nothing of states or splits finds the same data in what was understood; and what is passed on,
// without extensions, is a chunked body with the same data.
//
// Built and run by tools/fuzz.
#include <cstddef>
#include <cstdint>
#include <string>

#include "http_feed.h"
#include "ringway/base/assert.h"

namespace {

using namespace ringway::http;
using namespace ringway::test;

// The data of a complete chunked body, by searching and cutting.
std::string data_of(std::string_view text) {
    std::string data;
    for (;;) {
        const std::size_t line_end = text.find("\r\n");
        RW_ASSERT(line_end != std::string_view::npos);
        const std::string line(text.substr(0, line_end));
        const std::size_t bytes = std::stoull(line, nullptr, 16);
        text.remove_prefix(line_end + 2);
        if (bytes == 0) return data;
        RW_ASSERT(text.size() >= bytes + 2);
        data += text.substr(0, bytes);
        RW_ASSERT(text.substr(bytes, 2) == "\r\n");
        text.remove_prefix(bytes + 2);
    }
}

// What a next hop gets: framing and data in their order.
std::string passed_on(std::string_view text, std::string_view order) {
    std::string out;
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] != 'e') out += text[i];
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::uint64_t seed = data[0];
    const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
    const ChunkOutcome whole = feed_chunks(input, all_at_once());
    RW_ASSERT(feed_chunks(input, byte_by_byte()) == whole);
    RW_ASSERT(feed_chunks(input, random_pieces(seed)) == whole);
    RW_ASSERT(whole.order.size() == whole.bytes);
    RW_ASSERT((whole.fault != Fault::none) == (whole.end == ChunkPart::failed));
    if (whole.end == ChunkPart::need_more) RW_ASSERT(whole.bytes == input.size());
    const std::string next_hop = passed_on(input, whole.order);
    const ChunkOutcome again = feed_chunks(next_hop, all_at_once());
    RW_ASSERT(again.data == whole.data);
    RW_ASSERT(again.framing == whole.framing);
    RW_ASSERT(again.extensions.empty());
    if (whole.end != ChunkPart::last) return 0;
    RW_ASSERT(again.end == ChunkPart::last);
    RW_ASSERT(data_of(input.substr(0, whole.bytes)) == whole.data);
    RW_ASSERT(data_of(next_hop) == whole.data);
    return 0;
}
