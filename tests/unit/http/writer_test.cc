#include "ringway/http/writer.h"

#include <array>
#include <string>

#include "support.h"

using namespace ringway::http;

TEST_CASE("heads are written line by line") {
    std::array<char, 256> room;
    HeadWriter request(room);
    request.request_line("GET", "/x");
    request.field("Host", "a");
    request.field("X-Empty", "");
    request.field("Content-Length", std::uint64_t{18446744073709551615u});
    request.end_of_head();
    CHECK(
        request.text() ==
        "GET /x HTTP/1.1\r\nHost: a\r\nX-Empty: \r\nContent-Length: 18446744073709551615\r\n\r\n");
    CHECK(request.bytes() == request.text().size());
    CHECK_FALSE(request.overflowed());
    HeadWriter response(room);
    response.status_line(404, reason_of(404));
    response.raw("");
    response.number(0);
    CHECK(response.text() == "HTTP/1.1 404 Not Found\r\n0");
}

TEST_CASE("a writer never writes beyond its room, and says so") {
    const auto write = [](HeadWriter& out) {
        out.status_line(200, "OK");
        out.field("A", "b");
        out.field("N", std::uint64_t{12});
        out.end_of_head();
    };
    std::array<char, 64> room;
    HeadWriter whole(room);
    write(whole);
    const std::string text(whole.text());
    for (std::size_t bytes = 0; bytes < text.size(); ++bytes) {
        CAPTURE(bytes);
        std::string tight(bytes + 1, '#');
        HeadWriter out(std::span(tight.data(), bytes));
        write(out);
        CHECK(out.overflowed());
        CHECK(tight.back() == '#');
        // What was written is a beginning of the whole: nothing short follows what did not fit.
        CHECK(text.starts_with(out.text()));
    }
    std::string exact(text.size(), '#');
    HeadWriter out(exact);
    write(out);
    CHECK_FALSE(out.overflowed());
    CHECK(out.text() == text);
}

TEST_CASE("a status without a registered reason is unknown") {
    CHECK(reason_of(200) == "OK");
    CHECK(reason_of(413) == "Content Too Large");
    CHECK(reason_of(504) == "Gateway Timeout");
    CHECK(reason_of(299) == "Unknown");
    CHECK(reason_of(0) == "Unknown");
    for (std::size_t i = 1; i < fault_count; ++i) {
        CHECK(reason_of(status_of(static_cast<Fault>(i))) != "Unknown");
    }
}

TEST_CASE("a chunk's line is its size in hexadecimal") {
    std::array<char, chunk_line_bytes_max> line;
    const auto written = [&](std::uint64_t size) {
        return std::string(line.data(), write_chunk_line(line.data(), size));
    };
    CHECK(written(0) == "0\r\n");
    CHECK(written(255) == "ff\r\n");
    CHECK(written(0xffffffffffffffff) == "ffffffffffffffff\r\n");
}
