#include "request/access_log.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "ringway/stats/exchange_record.h"

namespace ringway::bench {
namespace {

// A file that is gone when the test is over.
class LogFile {
  public:
    explicit LogFile(const std::string& text) {
        std::string name = (std::filesystem::temp_directory_path() / "rw-log-XXXXXX").string();
        const int fd = ::mkstemp(name.data());
        REQUIRE(fd >= 0);
        path_ = name;
        std::ofstream(path_, std::ios::binary) << text;
        ::close(fd);
    }
    ~LogFile() { std::filesystem::remove(path_); }
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

AccessLog read(const std::string& text) {
    const LogFile file(text);
    auto log = read_access_log(file.path());
    REQUIRE(log);
    return *log;
}

std::string refusal_of(const std::string& text) {
    const LogFile file(text);
    const auto log = read_access_log(file.path());
    return log ? std::string() : log.reason().rule;
}

std::vector<std::string> targets_of(const AccessLog& log) {
    std::vector<std::string> targets;
    for (const ReplayedRequest& logged : log.requests) targets.push_back(logged.request.target);
    return targets;
}

std::vector<std::int64_t> offsets_us_of(const AccessLog& log) {
    std::vector<std::int64_t> offsets;
    for (const ReplayedRequest& logged : log.requests) offsets.push_back(logged.offset.to_us());
    return offsets;
}

std::string field_of(const RequestKind& request, std::string_view name) {
    for (const HeaderField& field : request.fields) {
        if (field.name == name) return field.value;
    }
    return "(none)";
}

// Two exchanges as ringway logs them: the second began first, and took longer.
std::string logged_by_ringway(stats::ExchangeLineFormat format) {
    stats::ExchangeRecord first;
    first.ended_wall_us = 1'763'652'793'100'000;  // 2025-11-20T15:33:13.1Z
    first.client = "10.0.0.1:4711";
    first.listener = "web";
    first.upstream = "api";
    first.endpoint = "10.0.0.5:80";
    first.method = "GET";
    first.target = "/v1/items?q=a\"b\\c#d";
    first.host = "api.example.com";
    first.user_agent = "curl/8.5 (x \"y\")";
    first.referer = "http://example.com/";
    first.status = 200;
    first.head = base::Duration::milliseconds(1);
    first.times.first_byte = base::Duration::milliseconds(5);
    first.times.total = base::Duration::milliseconds(9);
    stats::ExchangeRecord second = first;
    second.ended_wall_us += 2'000'000;
    second.method = "POST";
    second.target = "/slow";
    second.referer = "";
    second.times.total = base::Duration::milliseconds(2'499);
    std::string text;
    for (const stats::ExchangeRecord& record : {first, second}) {
        char line[stats::exchange_line_bytes_max];
        text.append(line, stats::format_exchange_line(line, sizeof line, record, format));
        text.push_back('\n');
    }
    return text;
}

TEST_CASE("ringway's JSON log is replayed in the order in which requests began") {
    const AccessLog log = read(logged_by_ringway(stats::ExchangeLineFormat::json));
    CHECK(log.format == "json");
    CHECK(log.lines_skipped == 0);
    CHECK(targets_of(log) == std::vector<std::string>{"/slow", "/v1/items?q=a\"b\\c#d"});
    // 15.1 s less 2.5 s, and 13.1 s less 0.01 s.
    CHECK(offsets_us_of(log) == std::vector<std::int64_t>{0, 490'000});
    CHECK(log.requests[0].request.method == "POST");
    const RequestKind& get = log.requests[1].request;
    CHECK(get.method == "GET");
    CHECK(field_of(get, "Host") == "api.example.com");
    CHECK(field_of(get, "User-Agent") == "curl/8.5 (x \"y\")");
    CHECK(field_of(get, "Referer") == "http://example.com/");
    CHECK(field_of(log.requests[0].request, "Referer") == "(none)");
}

TEST_CASE("ringway's HAProxy log is replayed by the times at which requests began") {
    const AccessLog log = read(logged_by_ringway(stats::ExchangeLineFormat::haproxy));
    CHECK(log.format == "haproxy");
    CHECK(log.lines_skipped == 0);
    CHECK(targets_of(log) == std::vector<std::string>{"/slow", "/v1/items?q=a\"b\\c#d"});
    CHECK(offsets_us_of(log) == std::vector<std::int64_t>{0, 490'000});
}

TEST_CASE("ringway's combined log gives its fields and its whole seconds") {
    const AccessLog log = read(logged_by_ringway(stats::ExchangeLineFormat::combined));
    CHECK(log.format == "combined");
    CHECK(log.lines_skipped == 0);
    CHECK(targets_of(log) == std::vector<std::string>{"/v1/items?q=a\"b\\c#d", "/slow"});
    CHECK(offsets_us_of(log) == std::vector<std::int64_t>{0, 2'000'000});
    CHECK(field_of(log.requests[0].request, "User-Agent") == "curl/8.5 (x \"y\")");
    CHECK(field_of(log.requests[0].request, "Referer") == "http://example.com/");
    CHECK(field_of(log.requests[0].request, "Host") == "(none)");
    CHECK(field_of(log.requests[1].request, "Referer") == "(none)");
}

TEST_CASE("requests of one second of a combined log are spread over it") {
    const auto line = [](const char* second, const char* target) {
        return std::string("192.0.2.1 - some body [20/Nov/2025:15:33:") + second +
               " +0100] \"GET " + target + " HTTP/2.0\" 200 5 \"-\" \"-\"\r\n";
    };
    const AccessLog log = read(line("13", "/a") + line("13", "/b") + line("14", "/c") +
                               line("13", "/d") + line("13", "/e"));
    CHECK(targets_of(log) == std::vector<std::string>{"/a", "/b", "/d", "/e", "/c"});
    CHECK(offsets_us_of(log) == std::vector<std::int64_t>{0, 250'000, 500'000, 750'000, 1'000'000});
    CHECK(log.requests[0].request.fields.empty());
}

TEST_CASE("what web servers and HAProxy write themselves is understood") {
    const AccessLog common = read(
        "127.0.0.1 - frank [29/Feb/2000:23:59:59 -0700] \"GET /apache_pb.gif HTTP/1.0\" 200 2326\n"
        "127.0.0.1 - - [01/Mar/2000:08:00:00 +0100] \"HEAD /x HTTP/1.1\" 304 - \"-\" \"a\\tb\" "
        "17\n");
    CHECK(common.format == "combined");
    // 07:00:00 UTC on the first of March is one second after 06:59:59.
    CHECK(offsets_us_of(common) == std::vector<std::int64_t>{0, 1'000'000});
    const AccessLog haproxy = read(
        "Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] "
        "http-in~ static/srv1 10/0/30/69/+109 200 +2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "
        "\"GET /index.html#23 HTTP/1.1\"\n"
        "Feb  6 12:14:15 localhost haproxy[14389]: 10.0.1.2:33318 [06/Feb/2009:12:14:14.755] "
        "http-in http-in/<NOSRV> -1/-1/-1/-1/5 400 187 - - PR-- 1/1/0/0/0 0/0 \"<BADREQ>\"\n");
    CHECK(targets_of(haproxy) == std::vector<std::string>{"/index.html#"});
    CHECK(haproxy.lines_skipped == 1);
}

TEST_CASE("lines that do not fit are counted and not guessed") {
    const std::string good =
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /good HTTP/1.1\" 200 5 \"-\" \"-\"\n";
    const std::vector<std::string> bad{
        "nonsense",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"-\" 408 0 \"-\" \"-\"",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /cut HTTP/1.1",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /cut HTTP/1.1\"",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET / nonsense\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /a b HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /\\x0d\\x0aX: HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET /\\xzz HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"CONNECT a:443 HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET http://a/ HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET / HTTP/1.1\" 20 5",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 +0000] \"GET / HTTP/1.1\" 200 x",
        "10.0.0.1 - - [20/Nov/2025:15:33:13 0000] \"GET / HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nov/2025:25:33:13 +0000] \"GET / HTTP/1.1\" 200 5",
        "10.0.0.1 - - [32/Nov/2025:15:33:13 +0000] \"GET / HTTP/1.1\" 200 5",
        "10.0.0.1 - - [20/Nox/2025:15:33:13 +0000] \"GET / HTTP/1.1\" 200 5",
    };
    for (const std::string& line : bad) {
        CAPTURE(line);
        const AccessLog log = read(line + "\n" + good);
        CHECK(targets_of(log) == std::vector<std::string>{"/good"});
        CHECK(log.lines_skipped == 1);
    }
    // The format is that of the first line that fits: those of another are no requests.
    const AccessLog mixed = read(good + logged_by_ringway(stats::ExchangeLineFormat::json));
    CHECK(mixed.lines_skipped == 2);
}

TEST_CASE("lines of JSON that are no exchange are counted") {
    const std::string log = logged_by_ringway(stats::ExchangeLineFormat::json);
    const std::string session =
        R"({"time":"2025-11-20T15:33:13.000000Z","event":"session","method":"GET","target":"/"})";
    CHECK(read("{\n[1]\n{\"event\":1}\n" + session + "\n" + log).lines_skipped == 4);
    std::string without_time = log;
    without_time.replace(without_time.find("Z\""), 1, "X");
    CHECK(read(without_time).lines_skipped == 1);
}

TEST_CASE("a file that cannot be replayed is refused") {
    CHECK(read_access_log("/nonexistent/log").reason().rule ==
          "the file cannot be read: No such file or directory");
    CHECK(refusal_of("") ==
          "none of its 0 lines is a request in the combined format, in ringway's "
          "JSON or in HAProxy's HTTP format");
    CHECK(refusal_of("a\nb\n").starts_with("none of its 2 lines is a request"));
    CHECK(read_access_log("/").reason().rule.starts_with("the file cannot be read"));
}

}  // namespace
}  // namespace ringway::bench
