#include <array>
#include <cstdlib>
#include <new>
#include <string>

#include "ringway/http/chunked.h"
#include "ringway/http/framing.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"
#include "support.h"

namespace {

thread_local std::uint64_t allocations = 0;

}  // namespace

// Every way to the heap that C++ code of ours takes ends here; the others call this one.
void* operator new(std::size_t bytes) {
    ++allocations;
    void* const memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) std::abort();
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace ringway::http;

TEST_CASE("reading and writing heads and chunks allocates nothing") {
    const HeadLimits limits;
    const std::string request_text = test::lines(
        {"POST /a/../b%41?c HTTP/1.1", "Host: example.com:80", "Transfer-Encoding: chunked",
         "Connection: keep-alive, x-a", "Expect: 100-continue", "X-A: " + std::string(3000, 'x')});
    const std::string response_text =
        test::lines({"HTTP/1.1 200 OK", "Content-Length: 5", "Server: x"});
    const std::string body = "5;a=b\r\nhello\r\n0\r\n";
    std::array<char, 8192> out;
    std::array<char, 64> scratch;
    bool right = true;

    const std::uint64_t before = allocations;
    RequestHead request;
    RequestParser request_parser(request, limits);
    right = right && request_parser.parse(request_text) == Progress::done;
    const TargetResult target = read_target(request, scratch);
    right = right && target.fault == Fault::none;
    right = right && normalize_path(target.target.path, scratch).path == "/bA";
    right = right && frame_request(request).framing.kind == BodyKind::chunked;
    right = right && connection_wishes(request, 1).keep_alive;
    right = right && expectation_of(request).wants_continue;
    ResponseHead response;
    ResponseParser response_parser(response, limits);
    right = right && response_parser.parse(response_text) == Progress::done;
    right = right && frame_response(response, {}).framing.length == 5;
    const ConnectionOptions options(request);
    HeadWriter writer(out);
    writer.status_line(response.status, reason_of(response.status));
    for (const Field& field : request.fields()) {
        if (options.names(request.name(field)) || is_hop_by_hop(field.id)) continue;
        writer.field(request.name(field), request.value(field));
    }
    ChunkedReader reader;
    std::string_view left = body;
    while (!left.empty()) left.remove_prefix(reader.next(left).bytes);
    const std::uint64_t after = allocations;

    CHECK(right);
    CHECK(reader.next("").part == ChunkPart::last);
    CHECK(after == before);
    ::operator delete(::operator new(1));  // and the count counts
    CHECK(allocations > after);
}
