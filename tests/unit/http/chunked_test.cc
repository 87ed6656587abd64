#include "ringway/http/chunked.h"

#include <string>

#include "ringway/http/writer.h"
#include "support.h"

using namespace ringway::http;
using ringway::test::ChunkOutcome;
using ringway::test::feed_chunks_every_way;

namespace {

ChunkOutcome feed(std::string_view text) {
    CAPTURE(text.substr(0, 200));
    const ringway::test::ChunkFeeding feeding = feed_chunks_every_way(text);
    CHECK(feeding.split_that_differs == "");
    return feeding.whole;
}

void check_bad(std::string_view text, std::size_t bytes_before) {
    CAPTURE(text.substr(0, 200));
    const ChunkOutcome outcome = feed(text);
    CHECK(outcome.end == ChunkPart::failed);
    CHECK(outcome.fault == Fault::bad_chunk);
    CHECK(outcome.bytes == bytes_before);
}

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

}  // namespace

TEST_CASE("chunks are framing and data, and end with the last chunk's line") {
    const ChunkOutcome outcome = feed("5\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n");
    CHECK(outcome.end == ChunkPart::last);
    CHECK(outcome.fault == Fault::none);
    CHECK(outcome.data == "hello!");
    CHECK(outcome.framing == "5\r\n\r\n1\r\n\r\n0\r\n");
    CHECK(outcome.extensions == "");
    CHECK(outcome.order == "fffdddddfffffdfffff");
    CHECK(outcome.bytes == 19);
}

TEST_CASE("an empty body is the last chunk alone") {
    const ChunkOutcome outcome = feed("0\r\n\r\n");
    CHECK(outcome.end == ChunkPart::last);
    CHECK(outcome.bytes == 3);
    CHECK(feed("000\r\n").end == ChunkPart::last);
}

TEST_CASE("sizes are hexadecimal in any case, with leading zeros") {
    CHECK(feed("A\r\n0123456789\r\n").data == "0123456789");
    CHECK(feed("a\r\n0123456789\r\n").data == "0123456789");
    CHECK(feed("00000000000000a\r\n0123456789\r\n").data == "0123456789");
    CHECK(feed("1a\r\n" + std::string(26, '\r') + "\r\n").data == std::string(26, '\r'));
}

TEST_CASE("a chunk that is not complete needs more") {
    for (const char* text : {"5", "5\r", "5\r\n", "5\r\nhell", "5\r\nhello", "5\r\nhello\r",
                             "5\r\nhello\r\n", "0", "0\r", "5;a", "5;a=\"", "5;a=\"\\"}) {
        CAPTURE(text);
        const ChunkOutcome outcome = feed(text);
        CHECK(outcome.end == ChunkPart::need_more);
        CHECK(outcome.bytes == std::string_view(text).size());
    }
}

TEST_CASE("a size is at most 16 digits and fits") {
    CHECK(feed("7fffffffffffffff\r\n").end == ChunkPart::need_more);
    CHECK(feed("0000000000000001\r\nx\r\n").data == "x");
    check_bad("8000000000000000\r\n", 15);
    check_bad("ffffffffffffffff\r\n", 15);
    check_bad("00000000000000001\r\n", 16);
    check_bad("10000000000000000\r\n", 16);
}

TEST_CASE("anything else in a size line is refused where it stands") {
    check_bad("\r\n", 0);
    check_bad(" 5\r\n", 0);
    check_bad("+5\r\n", 0);
    check_bad("-5\r\n", 0);
    check_bad("0x5\r\n", 1);
    check_bad("5 \r\n", 1);
    check_bad("5\t\r\n", 1);
    check_bad("5\n", 1);
    check_bad("5\r5", 2);
    check_bad("5\r\r\n", 2);
    check_bad("5g\r\n", 1);
    check_bad(";a\r\n", 0);
    check_bad("\n5\r\n", 0);
    check_bad(std::string_view("5\0\r\n", 4), 1);
    check_bad("0\n", 1);
    check_bad("5_0\r\n", 1);
}

TEST_CASE("data ends with CR and LF and nothing else") {
    check_bad("1\r\nab", 4);
    check_bad("1\r\na\n", 4);
    check_bad("1\r\na\rx", 5);
    check_bad("1\r\na0\r\n", 4);
    check_bad("1\r\na\r\n\r\n", 6);
}

TEST_CASE("extensions are told apart from framing, and are well formed") {
    const ChunkOutcome outcome = feed("5;a;b=c;d=\"e;\\\"\r\n\";f\r\nhello\r\n");
    // A quoted string holds no line ending, escaped or not.
    CHECK(outcome.end == ChunkPart::failed);
    const ChunkOutcome good = feed("5;a;b=c;d=\"e;\\\"\t\xc3\xa9\";f\r\nhello\r\n0;last=1\r\n\r\n");
    CHECK(good.end == ChunkPart::last);
    CHECK(good.data == "hello");
    CHECK(good.framing == "5\r\n\r\n0\r\n");
    CHECK(good.extensions == ";a;b=c;d=\"e;\\\"\t\xc3\xa9\";f;last=1");
    CHECK(feed("5;a=\"\"\r\nhello").data == "hello");
}

TEST_CASE("an extension that is malformed is refused where it stands") {
    check_bad("5;\r\n", 2);
    check_bad("5;;a\r\n", 2);
    check_bad("5;=\r\n", 2);
    check_bad("5; a\r\n", 2);
    check_bad("5;a \r\n", 3);
    check_bad("5;a=\r\n", 4);
    check_bad("5;a= b\r\n", 4);
    check_bad("5;a==b\r\n", 4);
    check_bad("5;a=b=c\r\n", 5);
    check_bad("5;a=b\n", 5);
    check_bad("5;a=\"b\n\"\r\n", 6);
    check_bad("5;a=\"b\r\n\"\r\n", 6);
    check_bad("5;a=\"\\\r\"\r\n", 6);
    check_bad("5;a=\"b\"c\r\n", 7);
    check_bad("5;a=\"b\" ;c\r\n", 7);
    check_bad(std::string_view("5;a=\"\0\"\r\n", 9), 5);
    check_bad("5;\x80\r\n", 2);
    check_bad("5;a=\x80\r\n", 4);
}

TEST_CASE("extensions are bounded, in a line and in a body") {
    const std::string name(4095, 'a');
    ChunkedReader reader;
    CHECK(reader.next("5").bytes == 1);
    CHECK(reader.next(";" + name).bytes == 4096);
    CHECK(reader.next("\r\n").part == ChunkPart::framing);
    check_bad("5;" + name + "a\r\n", 4097);
    check_bad("5;" + name + "=b\r\n", 4097);
    // Bytes of extensions beyond 16 KiB need as many bytes of data.
    const std::string greedy = repeated("1;abcdefghi\r\nx\r\n", 2000);
    const ChunkOutcome outcome = ringway::test::feed_chunks(greedy, ringway::test::all_at_once());
    CHECK(outcome.end == ChunkPart::failed);
    CHECK(outcome.extensions.size() == 16384 + outcome.data.size());
    CHECK(ringway::test::feed_chunks(greedy, ringway::test::byte_by_byte()) == outcome);
    const std::string modest = repeated("c;abcdefghi\r\nxxxxxxxxxxxx\r\n", 5000);
    CHECK(ringway::test::feed_chunks(modest, ringway::test::all_at_once()).bytes == modest.size());
}

TEST_CASE("a reader knows what is left of a chunk and what it has seen, and begins anew") {
    ChunkedReader reader;
    CHECK(reader.next("10\r\n").part == ChunkPart::framing);
    CHECK(reader.chunk_left_bytes() == 16);
    CHECK(reader.next("abcdef").bytes == 6);
    CHECK(reader.chunk_left_bytes() == 10);
    CHECK(reader.data_bytes() == 6);
    CHECK(reader.next("").part == ChunkPart::need_more);
    CHECK(reader.next("ghijklmnop\r\n0\r\n\r\n").bytes == 10);
    CHECK(reader.next("\r\n0\r\n\r\n").bytes == 5);
    CHECK(reader.next("\r\n").part == ChunkPart::last);
    CHECK(reader.next("").part == ChunkPart::last);
    CHECK(reader.data_bytes() == 16);
    reader.reset();
    CHECK(reader.data_bytes() == 0);
    CHECK(reader.next("x").part == ChunkPart::failed);
    CHECK(reader.next("0\r\n").part == ChunkPart::failed);
    CHECK(reader.fault() == Fault::bad_chunk);
}

TEST_CASE("a chunk's line as it is written is read as the same size") {
    for (const std::uint64_t size : {std::uint64_t{1}, std::uint64_t{15}, std::uint64_t{16},
                                     std::uint64_t{65536}, std::uint64_t{0x7fffffffffffffff}}) {
        char line[chunk_line_bytes_max];
        const std::size_t bytes = write_chunk_line(line, size);
        ChunkedReader reader;
        const ChunkPiece piece = reader.next({line, bytes});
        CHECK(piece.part == ChunkPart::framing);
        CHECK(piece.bytes == bytes);
        CHECK(reader.chunk_left_bytes() == size);
    }
}
