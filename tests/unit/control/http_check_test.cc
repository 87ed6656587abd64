#include "http_check.h"

#include <string>

#include <doctest/doctest.h>

namespace ringway::control {
namespace {

using Verdict = HttpCheck::Verdict;

struct Outcome {
    Verdict verdict = Verdict::undecided;
    std::string reason;
};

Outcome outcome_of(const config::HealthCheck& rule, std::string_view answer, std::size_t piece,
                   bool closes) {
    HttpCheck check(rule);
    Verdict verdict = Verdict::undecided;
    for (std::size_t at = 0; at < answer.size() && verdict == Verdict::undecided; at += piece) {
        verdict = check.feed(answer.substr(at, piece));
    }
    if (verdict == Verdict::undecided && closes) verdict = check.end();
    return {verdict, check.reason()};
}

// Whole and byte by byte: the same.
Outcome judge(const config::HealthCheck& rule, std::string_view answer, bool closes = true) {
    CAPTURE(answer);
    const Outcome whole = outcome_of(rule, answer, answer.size(), closes);
    const Outcome split = outcome_of(rule, answer, 1, closes);
    CHECK(whole.verdict == split.verdict);
    CHECK(whole.reason == split.reason);
    return whole;
}

config::HealthCheck rule_for(std::string path, std::string body = {}) {
    config::HealthCheck rule;
    rule.enabled = true;
    rule.path = std::move(path);
    rule.body = std::move(body);
    return rule;
}

TEST_CASE("the request asks for the path, for the host that the rule names, and for an end") {
    config::HealthCheck rule = rule_for("/healthz?deep=1");
    const std::string plain = check_request(rule, "127.0.0.1:9000");
    CHECK(plain.starts_with("GET /healthz?deep=1 HTTP/1.1\r\nHost: 127.0.0.1:9000\r\n"));
    CHECK(plain.find("Connection: close\r\n") != std::string::npos);
    CHECK(plain.ends_with("\r\n\r\n"));
    rule.host = "api.example.com";
    CHECK(check_request(rule, "127.0.0.1:9000").find("Host: api.example.com\r\n") !=
          std::string::npos);
}

TEST_CASE("the status decides, and nothing of the body is waited for") {
    const config::HealthCheck rule = rule_for("/");
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false).verdict ==
          Verdict::passed);
    CHECK(judge(rule, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n").verdict ==
          Verdict::passed);
    const Outcome failed = judge(rule, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    CHECK(failed.verdict == Verdict::failed);
    CHECK(failed.reason == "status 503");
    config::HealthCheck strict = rule;
    strict.status_min = strict.status_max = 204;
    CHECK(judge(strict, "HTTP/1.1 204 No Content\r\n\r\n").verdict == Verdict::passed);
    CHECK(judge(strict, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").reason == "status 200");
}

TEST_CASE("interim responses are passed over") {
    CHECK(judge(rule_for("/"),
                "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")
              .verdict == Verdict::passed);
    CHECK(judge(rule_for("/"), "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 500 No\r\n\r\n").reason ==
          "status 500");
}

TEST_CASE("an answer that traffic would be refused is no good one") {
    const config::HealthCheck rule = rule_for("/");
    CHECK(judge(rule, "SSH-2.0-OpenSSH_9.2\r\n").verdict == Verdict::failed);
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")
              .reason.starts_with("malformed response: "));
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nX").reason == "closed before the response was complete");
    CHECK(judge(rule, "").verdict == Verdict::failed);
}

TEST_CASE("a body is searched in every framing, and only as far as it goes") {
    const config::HealthCheck rule = rule_for("/", "ready");
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nis ready").verdict ==
          Verdict::passed);
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nis ready").verdict ==
          Verdict::failed);
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\n\r\nis ready").verdict == Verdict::passed);
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\n\r\nis not").verdict == Verdict::failed);
    // Across chunks, with an extension between.
    CHECK(judge(rule,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\nx re\r\n3\r\nady\r\n"
                "0\r\n\r\n")
              .verdict == Verdict::passed);
    const Outcome lacking =
        judge(rule, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n");
    CHECK(lacking.reason == "the body lacks what the check asks for");
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
              .reason.starts_with("malformed response: "));
    CHECK(judge(rule, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort").reason ==
          "closed within the body");
    CHECK(judge(rule, "HTTP/1.1 204 No Content\r\n\r\n").verdict == Verdict::failed);
}

TEST_CASE("only the first 64 KiB of a body are looked at") {
    const config::HealthCheck rule = rule_for("/", "ready");
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
    const std::string within = std::string(HttpCheck::body_bytes_max - 5, 'x') + "ready";
    const std::string beyond = std::string(HttpCheck::body_bytes_max - 4, 'x') + "ready";
    CHECK(outcome_of(rule, head + within, 4096, false).verdict == Verdict::passed);
    CHECK(outcome_of(rule, head + beyond, 4096, false).verdict == Verdict::failed);
}

}  // namespace
}  // namespace ringway::control
