// Feeds HTTP/1 text to the parsers whole and in every kind of pieces, and says what came of it.
//
// Every piece lies in memory of its own that ends with it, as a receive buffer may have moved: so
// that the address sanitizer sees a byte read beyond it, and a kept pointer is a wrong one. Knows
// no test framework; unit tests, conformance tests and fuzz targets judge what it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ringway/http/chunked.h"
#include "ringway/http/fault.h"
#include "ringway/http/head.h"
#include "ringway/http/parser.h"

namespace ringway::test {

enum class HeadKind : std::uint8_t { request, response, trailers };

struct HeadOutcome {
    http::Progress progress = http::Progress::need_more;
    http::Fault fault = http::Fault::none;
    std::size_t head_bytes = 0;
    std::string text;  // a whole head, written again from what was understood
    bool operator==(const HeadOutcome&) const = default;
};

// How many bytes are shown next, given how many were shown and how many there are.
using NextPrefix = std::function<std::size_t(std::size_t shown, std::size_t all)>;
NextPrefix all_at_once();
NextPrefix byte_by_byte();
NextPrefix cut_at(std::size_t place);
NextPrefix random_pieces(std::uint64_t seed);

HeadOutcome feed_head(HeadKind kind, std::string_view input, const http::HeadLimits& limits,
                      const NextPrefix& next);
// What `input` gives in one piece; empty text in `split_that_differs` when every split of it (and
// byte by byte) gives the same.
struct HeadFeeding {
    HeadOutcome whole;
    std::string split_that_differs;
};
HeadFeeding feed_head_every_way(HeadKind kind, std::string_view input,
                                const http::HeadLimits& limits = {});

struct ChunkOutcome {
    http::ChunkPart end = http::ChunkPart::need_more;  // or last, or failed
    http::Fault fault = http::Fault::none;
    std::size_t bytes = 0;  // of all pieces
    std::string framing;
    std::string extensions;
    std::string data;
    std::string order;  // f, e, d for each byte that was said to be framing, extension or data
    bool operator==(const ChunkOutcome&) const = default;
};
ChunkOutcome feed_chunks(std::string_view input, const NextPrefix& next);
struct ChunkFeeding {
    ChunkOutcome whole;
    std::string split_that_differs;
};
ChunkFeeding feed_chunks_every_way(std::string_view input);

// A request as the proxy judges it before it asks an upstream: parsed, target and Host read, path
// normalized, framing decided, Connection and Expect read. The first fault, or none.
struct RequestJudgement {
    http::Fault fault = http::Fault::none;
    bool complete = false;           // false: more bytes are needed
    std::string framing;             // "none", "length 5", "chunked"
    std::string form;                // of the target: "origin", "absolute", ...
    std::string authority;           // who is asked
    std::string path_and_query;      // what is asked for, as it would be sent on
    std::string normal_path;         // as routes see it; empty for CONNECT
    bool keep_alive = false;         // the client wants to
    bool upgrade = false;            // a wish that may be passed on
    bool wants_continue = false;     // Expect: 100-continue
    std::string split_that_differs;  // as above
};
RequestJudgement judge_request(std::string_view input, const http::HeadLimits& limits = {});

struct ResponseJudgement {
    http::Fault fault = http::Fault::none;
    bool complete = false;
    int status = 0;
    std::string framing;  // "none", "length 5", "chunked", "until close", "tunnel"
    bool keep_alive = false;
    std::string split_that_differs;
};
ResponseJudgement judge_response(std::string_view input, http::Method method = http::Method::get,
                                 bool asked_for_upgrade = false);

}  // namespace ringway::test
