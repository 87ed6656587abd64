// Costs of reading and writing HTTP/1.1 heads and of taking chunked bodies apart.

#include <array>
#include <string>

#include "bench.h"
#include "ringway/http/chunked.h"
#include "ringway/http/framing.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/parser.h"
#include "ringway/http/target.h"
#include "ringway/http/writer.h"

namespace ringway::perf {
namespace {

// Ten fields, some 400 bytes: what an API client sends.
constexpr std::string_view request_text =
    "GET /v1/accounts/7321/orders?limit=20&after=2026-02-11 HTTP/1.1\r\n"
    "Host: api.example.com\r\n"
    "User-Agent: acme-client/4.2.1 (linux; x86_64)\r\n"
    "Accept: application/json, text/plain;q=0.9\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB,en;q=0.7\r\n"
    "Authorization: Bearer c2VjcmV0LXRva2VuLTAxMjM0NTY3ODk\r\n"
    "Cache-Control: no-cache\r\n"
    "X-Request-Id: 8f14e45fceea167a\r\n"
    "Cookie: session=4a7d1ed414474e40; theme=dark\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

constexpr std::string_view response_text =
    "HTTP/1.1 200 OK\r\n"
    "Server: origin/1.4\r\n"
    "Date: Wed, 11 Feb 2026 09:14:07 GMT\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "ETag: \"5d8c72a5edda8d6a\"\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

void bench_heads() {
    const http::HeadLimits limits;
    http::RequestHead request;
    http::RequestParser request_parser(request, limits);
    measure("http: parse a request of 10 fields, 415 bytes", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            request_parser.reset();
            keep(request_parser.parse(request_text));
        }
    });
    http::ResponseHead response;
    http::ResponseParser response_parser(response, limits);
    measure("http: parse a response of 6 fields, 179 bytes", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            response_parser.reset();
            keep(response_parser.parse(response_text));
        }
    });
    measure(
        "http: the same request byte by byte, each byte",
        [&](std::uint64_t n) {
            for (std::uint64_t i = 0; i < n; ++i) {
                request_parser.reset();
                for (std::size_t bytes = 1; bytes <= request_text.size(); ++bytes) {
                    keep(request_parser.parse(request_text.substr(0, bytes)));
                }
            }
        },
        request_text.size());
    std::array<char, 256> scratch;
    measure("http: framing, connection, expectation of the request", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            keep(http::frame_request(request).fault);
            keep(http::connection_wishes(request, request.version_minor).keep_alive);
            keep(http::expectation_of(request).fault);
        }
    });
    measure("http: target and normalized path of the request", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            const http::TargetResult target = http::read_target(request, scratch);
            keep(http::normalize_path(target.target.path, scratch).path.size());
        }
    });
    std::array<char, 1024> out;
    measure("http: write the request again without hop-by-hop fields", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) {
            http::HeadWriter writer(out);
            const http::ConnectionOptions options(request);
            writer.request_line(request.text(request.method_text), request.text(request.target));
            for (const http::Field& field : request.fields()) {
                if (http::is_hop_by_hop(field.id)) continue;
                if (options.names(request.name(field))) continue;
                writer.field(request.name(field), request.value(field));
            }
            writer.end_of_head();
            keep(writer.bytes());
        }
    });
}

void bench_chunks() {
    std::string body;
    for (int i = 0; i < 64; ++i) body += "400\r\n" + std::string(1024, 'x') + "\r\n";
    http::ChunkedReader reader;
    measure(
        "http: take one chunk of 1 KiB apart",
        [&](std::uint64_t n) {
            for (std::uint64_t i = 0; i < n; ++i) {
                std::string_view left = body;
                reader.reset();
                while (!left.empty()) left.remove_prefix(reader.next(left).bytes);
            }
        },
        64);
    std::array<char, http::chunk_line_bytes_max> line;
    measure("http: write one chunk's line", [&](std::uint64_t n) {
        for (std::uint64_t i = 0; i < n; ++i) keep(http::write_chunk_line(line.data(), 1024 + i));
    });
}

}  // namespace

void bench_http() {
    bench_heads();
    bench_chunks();
}

}  // namespace ringway::perf
