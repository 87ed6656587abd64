#include "worker/response_reader.h"

#include <doctest/doctest.h>

using ringway::bench::KnownHead;
using ringway::bench::ReaderScratch;
using ringway::bench::ResponseReader;
using Progress = ResponseReader::Progress;

namespace {

struct Fixture {
    explicit Fixture(bool with_hash = false) : reader(scratch, with_hash) {}
    Progress read(std::string_view text, bool is_head = false) {
        kept = std::string(text);  // `rest` is looked at after the caller's text may have gone
        rest = kept;
        return reader.read(rest, known, is_head);
    }
    // One byte at a time, each in memory of its own.
    Progress trickle(std::string_view text) {
        Progress progress = Progress::need_more;
        for (std::size_t i = 0; i < text.size(); ++i) {
            REQUIRE(progress == Progress::need_more);
            const std::string byte(1, text[i]);
            progress = read(byte);
        }
        return progress;
    }
    ReaderScratch scratch;
    KnownHead known;
    ResponseReader reader;
    std::string kept;
    std::string_view rest;
};

constexpr std::string_view dated =
    "HTTP/1.1 200 OK\r\nDate: Fri, 20 Nov 2026 10:00:00 GMT\r\nContent-Length: 5\r\n\r\n";

}  // namespace

TEST_CASE("a response ends where its length says, and the next one begins there") {
    Fixture fixture;
    const std::string two = std::string(dated) + "helloHTTP/1.1 204 No Content\r\n\r\n";
    CHECK(fixture.read(two) == Progress::done);
    CHECK(fixture.reader.status() == 200);
    CHECK(fixture.reader.body_bytes() == 5);
    CHECK(fixture.read(fixture.rest) == Progress::done);
    CHECK(fixture.reader.status() == 204);
    CHECK(fixture.reader.body_bytes() == 0);
    CHECK(fixture.rest.empty());
}

TEST_CASE("a head that was seen before is recognised, with another date too") {
    KnownHead known;
    CHECK(known.match(dated) == 0);
    Fixture fixture;
    REQUIRE(fixture.read(std::string(dated) + "hello") == Progress::done);
    CHECK(fixture.known.match(dated) == dated.size());
    std::string later(dated);
    later.replace(later.find("10:00:00"), 8, "10:00:01");
    CHECK(fixture.known.match(later) == later.size());
    CHECK(fixture.known.match(later) == later.size());
}

TEST_CASE("anything else that differs is not taken for the same head") {
    Fixture fixture;
    REQUIRE(fixture.read(std::string(dated) + "hello") == Progress::done);
    const auto differs = [&](std::string_view what, std::string_view by) {
        std::string head(dated);
        head.replace(head.find(what), what.size(), by);
        return fixture.known.match(head) == 0;
    };
    CHECK(differs("200", "500"));
    CHECK(differs("Length: 5", "Length: 6"));
    CHECK(differs("Length: 5", "Length: 55"));
    CHECK(differs("10:00:00", "10\r\n0:00"));  // the date ends early: more fields follow
    CHECK(differs("10:00:00", "10:00\n00"));
    CHECK(fixture.known.match(dated.substr(0, dated.size() - 1)) == 0);
}

TEST_CASE("a body that is longer than its head says is noticed by what follows it") {
    Fixture fixture;
    REQUIRE(fixture.read(std::string(dated) + "hello") == Progress::done);
    REQUIRE(fixture.read(std::string(dated) + "hello!") == Progress::done);
    CHECK(fixture.rest == "!");
    CHECK(fixture.read(std::string("!") + std::string(dated)) == Progress::failed);
}

TEST_CASE("chunks and trailers, whole and byte by byte") {
    const std::string text =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5;x=1\r\nhello\r\n6\r\n world\r\n0\r\nDigest: x\r\n\r\n";
    Fixture whole(true);
    CHECK(whole.read(text) == Progress::done);
    CHECK(whole.reader.body_bytes() == 11);
    Fixture pieces(true);
    CHECK(pieces.trickle(text) == Progress::done);
    CHECK(pieces.reader.body_bytes() == 11);
    CHECK(pieces.reader.body_hash() == whole.reader.body_hash());
    Fixture plain(true);
    CHECK(plain.read("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world") == Progress::done);
    CHECK(plain.reader.body_hash() == whole.reader.body_hash());
}

TEST_CASE("the answer to HEAD has no body, whatever its head says, and teaches nothing") {
    Fixture fixture;
    CHECK(fixture.read(dated, true) == Progress::done);
    CHECK(fixture.known.match(dated) == 0);
    CHECK(fixture.read(std::string(dated) + "hello") == Progress::done);
    CHECK(fixture.reader.body_bytes() == 5);
}

TEST_CASE("interim responses are passed over") {
    Fixture fixture;
    CHECK(fixture.trickle("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" +
                          std::string(dated) + "hello") == Progress::done);
    CHECK(fixture.reader.status() == 200);
}

TEST_CASE("without a length a body ends with its connection") {
    Fixture fixture;
    CHECK(fixture.read("HTTP/1.1 200 OK\r\n\r\nsome") == Progress::need_more);
    CHECK(fixture.reader.end_completes());
    CHECK_FALSE(fixture.reader.keep_alive());
    CHECK(fixture.read(" more") == Progress::need_more);
    CHECK(fixture.reader.body_bytes() == 9);
}

TEST_CASE("what is not clearly HTTP/1.1, or frames itself twice, is refused") {
    for (const std::string_view text : {
             "HTTP/1.1 2x0 OK\r\n\r\n",
             "ICY 200 OK\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         }) {
        CAPTURE(text);
        Fixture fixture;
        CHECK(fixture.read(text) == Progress::failed);
    }
}
