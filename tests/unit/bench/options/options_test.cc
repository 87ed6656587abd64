#include "options.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "ringway/bench/command.h"
#include "texts.h"

namespace ringway::bench {
namespace {

using test::contains;
using test::TemporaryFile;

using Mode = Options::Mode;
using Words = std::vector<std::string>;

constexpr const char* url = "http://127.0.0.1:8080/";

Options parsed(Words words) {
    auto options = parse_options(words);
    if (!options) FAIL_CHECK(options.reason());
    return options ? std::move(*options) : Options{};
}

Options with_url(Words words) {
    words.insert(words.begin(), url);
    return parsed(std::move(words));
}

std::string refused(Words words) {
    auto options = parse_options(words);
    REQUIRE_MESSAGE(!options, "accepted: " << fmt::format("{}", words.back()));
    CHECK(options.reason().find('\n') == std::string::npos);
    return options.reason();
}

TEST_CASE("a URL alone is a closed loop of 64 connections for ten seconds") {
    const Options options = parsed({"http://127.0.0.1:8080/a?b=c"});
    CHECK(options.mode == Mode::run);
    CHECK(options.plan.connections == 64);
    CHECK(options.plan.rate == 0);
    CHECK(options.plan.measure == base::Duration::seconds(10));
    CHECK(options.plan.work == Work::requests);
    REQUIRE(options.plan.kinds.size() == 1);
    CHECK(options.plan.kinds[0].target == "/a?b=c");
    CHECK(options.plan.kinds[0].method == "GET");
    CHECK(options.plan.destination.text == "127.0.0.1:8080");
    CHECK(options.plan.destination.authority == "127.0.0.1:8080");
}

TEST_CASE("values follow their flag, or an equals sign") {
    const Options options = with_url({"--rate", "500", "--duration=250ms", "--threads=2", "--pin",
                                      "--no-progress", "--timeout", "5s"});
    CHECK(options.plan.rate == 500);
    CHECK(options.plan.measure == base::Duration::milliseconds(250));
    CHECK(options.plan.threads == 2);
    CHECK(options.plan.pin);
    CHECK(options.progress == false);
    CHECK(options.plan.timeout == base::Duration::seconds(5));
}

TEST_CASE("several URLs share the load by weight") {
    const Options options = parsed({"3@http://127.0.0.1:8080/a", "http://127.0.0.1:8080/b@1"});
    REQUIRE(options.plan.kinds.size() == 2);
    CHECK(options.plan.kinds[0].weight == 3);
    CHECK(options.plan.kinds[0].label == "http://127.0.0.1:8080/a");
    CHECK(options.plan.kinds[1].weight == 1);
    CHECK(options.plan.kinds[1].target == "/b@1");
}

TEST_CASE("a Unix socket's path ends at a colon") {
    const Options options = parsed({"http+unix:/run/app.sock:/status?full"});
    CHECK(options.plan.destination.text == "unix:/run/app.sock");
    CHECK(options.plan.destination.authority == "localhost");
    CHECK(options.plan.destination.address.ss_family == AF_UNIX);
    CHECK(options.plan.kinds.at(0).target == "/status?full");
    CHECK(parsed({"http+unix:@abstract"}).plan.kinds.at(0).target == "/");
    CHECK(parsed({"tcp+unix:/run/app.sock"}).plan.work == Work::ping_pong);
}

TEST_CASE("names are resolved and still said in Host") {
    const Options options = parsed({"http://localhost:1/"});
    CHECK(options.plan.destination.text == "127.0.0.1:1");
    CHECK(options.plan.destination.authority == "localhost:1");
    CHECK(with_url({"--header", "host: example.org"}).plan.destination.authority == "example.org");
}

TEST_CASE("a body makes it a POST unless a method is given") {
    CHECK(with_url({"--body", "x"}).plan.kinds.at(0).method == "POST");
    CHECK(with_url({"--body", "x", "--method", "PUT"}).plan.kinds.at(0).method == "PUT");
    const TemporaryFile file("from a file");
    CHECK(with_url({"--body-file", file.path}).plan.kinds.at(0).body == "from a file");
}

TEST_CASE("over TCP the work is ping-pong unless another is asked for") {
    CHECK(parsed({"tcp://127.0.0.1:9"}).plan.work == Work::ping_pong);
    CHECK(parsed({"tcp://127.0.0.1:9", "--work", "download"}).plan.work == Work::download);
    CHECK(parsed({"tcp://127.0.0.1:9", "--message-size", "1KiB"}).plan.message_bytes == 1024);
    CHECK(parsed({url, "--events", "--stamped"}).plan.work == Work::events);
}

TEST_CASE("suites") {
    const Options sweep = with_url({"--sweep", "rate=100,200,5000", "--pause", "1s"});
    CHECK(sweep.mode == Mode::sweep);
    CHECK(sweep.levels.of_rate);
    CHECK(sweep.levels.values == std::vector<double>{100, 200, 5000});
    CHECK(sweep.pause == base::Duration::seconds(1));

    CHECK(parsed({"--find-knee", url}).mode == Mode::knee);
    CHECK(parsed({"--find-knee", url}).levels.values.empty());
    CHECK(parsed({"--ramp", "connections=1,5", url}).levels.values.size() == 2);
    CHECK(parsed({"--scaling", "4"}).shards_max == 4);
    CHECK(parsed({"--scaling"}).mode == Mode::scaling);

    const Options matrix =
        parsed({"http://127.0.0.1:1/bytes/{size}", "--matrix", "sizes=0,1KiB;connections=1,64"});
    CHECK(matrix.sizes == std::vector<std::uint64_t>{0, 1024});
    CHECK(matrix.connection_counts == std::vector<unsigned>{1, 64});

    const Options throttle =
        with_url({"--throttle", "rate=1MiB,delay=20ms,jitter=5ms,loss=0.1%,rto=250ms"});
    CHECK(throttle.throttle.bytes_per_second == 1048576);
    CHECK(throttle.throttle.loss == doctest::Approx(0.001));
    CHECK(throttle.throttle.retransmission == base::Duration::milliseconds(250));

    const Options versus = with_url({"--versus-direct", "http://127.0.0.1:9000/"});
    CHECK(versus.mode == Mode::versus_direct);
    CHECK(versus.direct_url == "http://127.0.0.1:9000/");
}

TEST_CASE("baseline and compare are words before everything else") {
    const Options alone = parsed({"baseline", "--quick", "--", "--shards", "1"});
    CHECK(alone.mode == Mode::baseline);
    CHECK(alone.quick);
    CHECK(alone.serve_flags == Words{"--shards", "1"});
    CHECK(alone.json_file == "report.json");
    CHECK(alone.html_file == "report.html");
    CHECK(parsed({"baseline", url, "--json", "x.json"}).through == url);

    const Options compare = parsed({"compare", "a.json", "b.json", "--regression", "2.5%"});
    CHECK(compare.mode == Mode::compare);
    CHECK(compare.compare_b == "b.json");
    CHECK(compare.regression_percent == doctest::Approx(2.5));
}

TEST_CASE("knee and ramp have levels of connections, of rates, or of their own") {
    CHECK(with_url({"--find-knee"}).levels.values.empty());
    const Options knee = with_url({"--find-knee", "rate=100,200", "--connections", "9"});
    CHECK(knee.mode == Mode::knee);
    CHECK(knee.levels.of_rate);
    CHECK(knee.levels.values == std::vector<double>{100, 200});
    CHECK(knee.plan.connections == 9);
    CHECK(with_url({"--ramp", "rate=100,200"}).levels.of_rate);
    CHECK_FALSE(with_url({"--ramp", "connections=1,2"}).levels.of_rate);
}

TEST_CASE("a matrix sends its sizes where there is no place for them in the URL") {
    const Options matrix =
        with_url({"--method", "PUT", "--matrix", "sizes=0,1KiB;connections=1,64"});
    CHECK(matrix.mode == Mode::matrix);
    CHECK(matrix.plan.kinds.front().method == "PUT");
}

TEST_CASE("what is expected of a body implies how it is verified") {
    CHECK(with_url({"--expect-bytes", "5"}).plan.verification.check == BodyCheck::length);
    const Options hashed = with_url({"--expect-bytes", "5", "--expect-hash", "00000000000000ff"});
    CHECK(hashed.plan.verification.check == BodyCheck::hash);
    CHECK(hashed.plan.verification.expected_body_hash == 255);
    CHECK(with_url({"--verify", "first"}).plan.verification.check == BodyCheck::first);
    CHECK(with_url({"--expect-status", "200,301-303"}).plan.verification.expected_status ==
          std::vector<std::uint16_t>{200, 301, 302, 303});
}

TEST_CASE("a number of requests has an hour unless a duration is given") {
    CHECK(with_url({"--requests", "10"}).plan.measure == base::Duration::seconds(3600));
    CHECK(with_url({"--requests", "10", "--duration", "10s"}).plan.measure ==
          base::Duration::seconds(10));
}

TEST_CASE("a log that is sent once has no warm-up unless it is asked for") {
    const TemporaryFile log(
        "127.0.0.1 - - [20/Nov/2026:10:00:00 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n");
    const Options once = with_url({"--replay", log.path, "--replay-once"});
    CHECK(once.plan.warm_up == base::Duration{});
    REQUIRE(once.plan.replay);
    CHECK_FALSE(once.plan.replay->repeat);
    CHECK(once.plan.replay->requests.size() == 1);
    CHECK(with_url({"--replay", log.path, "--replay-once", "--warm-up", "2s"}).plan.warm_up ==
          base::Duration::seconds(2));
    CHECK(with_url({"--replay", log.path}).plan.warm_up == base::Duration::seconds(1));
}

struct Mistake {
    Words words;
    std::vector<std::string> said;  // parts of the one line
};

void check_mistakes(const std::vector<Mistake>& mistakes) {
    for (const Mistake& mistake : mistakes) {
        const std::string line = refused(mistake.words);
        for (const std::string& part : mistake.said) contains(line, part);
    }
}

TEST_CASE("a bad value is answered with flag, value and rule") {
    check_mistakes({
        {{url, "--rate", "abc"}, {"--rate: \"abc\" is not allowed: a whole number from 1 to"}},
        {{url, "--rate", "0"}, {"--rate: \"0\" is not allowed"}},
        {{url, "--connections", "-3"}, {"--connections: \"-3\"", "whole number"}},
        {{url, "--duration", "10"}, {"--duration: \"10\"", "a unit is missing: 10s or 10ms?"}},
        {{url, "--duration", "0s"}, {"--duration: \"0s\"", "from 10ms to 24h"}},
        {{url, "--timeout", "never"}, {"--timeout: \"never\"", "a duration"}},
        {{url, "--message-size", "1KB"}, {"--message-size", "1KiB?"}},
        {{url, "--verify", "hashh"}, {"--verify: \"hashh\"", "did you mean hash?"}},
        {{url, "--work", "upload "}, {"--work", "one of ping-pong, download, upload"}},
        {{url, "--progress=maybe"}, {"--progress: \"maybe\"", "on or off"}},
        {{url, "--ramp-rate", "5"}, {"--ramp-rate: \"5\"", "A..B"}},
        {{url, "--ramp-rate", "5..5"}, {"--ramp-rate: \"5..5\"", "different"}},
        {{url, "--sweep", "5,10"}, {"--sweep: \"5,10\"", "connections=N,N,..."}},
        {{url, "--sweep", "connection=1"}, {"--sweep", "did you mean connections?"}},
        {{url, "--sweep", "connections=10,5"}, {"--sweep", "larger than the one before"}},
        {{url, "--sweep", "connections=1,,2"}, {"--sweep"}},
        {{url, "--sweep="}, {"--sweep"}},
        {{url, "--find-knee", "rate=2,1"}, {"--find-knee", "larger than the one before"}},
        {{url, "--ramp", "levels=1"}, {"--ramp", "connections=N,N,... or rate=N,N,..."}},
        {{url, "--find-knee", "rate=1,2", "--rate", "5"}, {"--rate", "the suite's levels say it"}},
        {{url, "--find-knee", "--connections", "5"}, {"--connections", "levels say it"}},
        {{url, "--ramp", "--rate", "5"}, {"--rate", "closed loop"}},
        {{url, "--ramp", "rate=1,2", "--pipeline", "5"}, {"--pipeline", "levels of rates"}},
        {{url, "--matrix", "sizes=128MiB;connections=1", "--method", "POST"}, {"at most 64MiB"}},
        {{url, "--matrix", "sizes=1;connection=1"}, {"--matrix", "did you mean connections?"}},
        {{url, "--matrix", "sizes=1"}, {"--matrix", "both lists are needed"}},
        {{url, "--matrix", "sizes=1;sizes=2"}, {"--matrix"}},
        {{url, "--throttle", "rate=10"}, {"--throttle: \"rate=10\"", "from 1KiB"}},
        {{url, "--throttle", "los=1%"}, {"--throttle", "did you mean loss?"}},
        {{url, "--throttle", "loss=0.1"}, {"--throttle", "loss= takes a share"}},
        {{url, "--throttle", "delay=1ms,jitter=2ms"}, {"--throttle", "at most delay="}},
        {{url, "--throttle", "delay=1ms,delay=2ms"}, {"--throttle", "twice"}},
        {{url, "--cores", "3-1"}, {"--cores: \"3-1\"", "0,2-3"}},
        {{url, "--cores", "1,1"}, {"--cores: \"1,1\""}},
        {{url, "--cores", "1023"}, {"--cores: \"1023\"", "may not run on that core"}},
        {{url, "--watch", "4194304"}, {"--watch", "no process has this number"}},
        {{url, "--expect-status", "99"}, {"--expect-status: \"99\"", "from 100 to 599"}},
        {{url, "--expect-bytes", "5", "--expect-hash", "xyz"}, {"--expect-hash", "16 hexadecimal"}},
        {{url, "--header", "no colon"}, {"--header: \"no colon\"", "NAME: VALUE"}},
        {{url, "--header", "A: b\r\nC: d"}, {"--header", "control characters"}},
        {{url, "--header", "Content-Length: 5"}, {"--header", "writes this field", "--body"}},
        {{url, "--header", "connection: close"}, {"--header", "--new-connections"}},
        {{url, "--method", "G ET"}, {"--method: \"G ET\"", "token"}},
        {{url, "--method", "CONNECT"}, {"--method", "tunnel"}},
        {{url, "--body-file", "/nowhere/at/all"}, {"--body-file", "/nowhere/at/all", "No such"}},
        {{url, "--body-file", "/tmp"}, {"--body-file", "/tmp", "cannot be read"}},
        {{url, "--replay", "/nowhere/at/all"}, {"--replay", "/nowhere/at/all"}},
        {{url, "--replay-speed", "fast"}, {"--replay-speed: \"fast\"", "a factor"}},
        {{"compare", "a", "b", "--regression", "5"}, {"--regression: \"5\"", "5% or 2.5%"}},
        {{url, "--body", "{{uid}}"}, {"{{uid}}"}},
        {{url, "--json", ""}, {"--json", "the name of a file"}},
        {{url, "--json", "-", "--csv", "-"}, {"--json: \"-\"", "--csv goes there too"}},
    });
}

TEST_CASE("a flag that is none, has no value or stands there twice") {
    check_mistakes({
        {{url, "--conections", "5"},
         {"--conections: no flag has this name", "did you mean --connections?"}},
        {{url, "--no-progres"}, {"did you mean --no-progress?"}},
        {{url, "-c", "5"}, {"-c: no flag has this name"}},
        {{url, "--rate"}, {"--rate: a value is missing after it", "--rate N"}},
        {{url, "--rate", "--pin"}, {"--rate: a value is missing after it"}},
        {{url, "--rate", "1", "--rate", "2"}, {"--rate: \"2\"", "given twice"}},
        {{url, "--no-pin=on"}, {"--no-pin", "takes no value"}},
        {{url, "--", "--shards", "1"}, {"--: \"--shards\"", "none is started here"}},
    });
}

TEST_CASE("URLs") {
    check_mistakes({
        {{}, {"URL: it is missing"}},
        {{"--rate", "5"}, {"URL: it is missing"}},
        {{"127.0.0.1:8080"}, {"URL: \"127.0.0.1:8080\"", "http://127.0.0.1:8080?"}},
        {{"https://127.0.0.1/"}, {"https:// is not in this release"}},
        {{"ftp://127.0.0.1/"}, {"URL: \"ftp://127.0.0.1/\"", "a URL is"}},
        {{"http://127.0.0.1:99999/"}, {"not a port"}},
        {{"http://127.0.0.1:0/"}, {"port 0"}},
        {{"http://a@127.0.0.1/"}, {"user and password"}},
        {{"http://127.0.0.1/a b"}, {"visible ASCII", "%20"}},
        {{"http://127.0.0.1/#top"}, {"#"}},
        {{"http://no-such-host.invalid/"}, {"no-such-host.invalid", "has no address"}},
        {{"tcp://127.0.0.1"}, {"the port is missing"}},
        {{"tcp://127.0.0.1:5/path"}, {"no path"}},
        {{"0@http://127.0.0.1/"}, {"weight"}},
        {{"x@http://127.0.0.1/"}, {"weight"}},
        {{"http://127.0.0.1:1/", "http://127.0.0.1:2/"},
         {"http://127.0.0.1:2/", "same scheme, host"}},
        {{"http://127.0.0.1:1/", "tcp://127.0.0.1:1"}, {"same scheme, host and port"}},
        {{"tcp://127.0.0.1:1", "tcp://127.0.0.1:1"}, {"there is one URL"}},
        {{"http://127.0.0.1/bytes/{size}"}, {"filled in by --matrix"}},
        {{url, "--matrix", "sizes=1;connections=1"}, {"needs a {size}"}},
        {{"baseline", url, url}, {"baseline measures one proxy"}},
        {{"compare", "a.json"}, {"compare: it takes two reports"}},
        {{url, "--versus-direct", "nonsense"}, {"--versus-direct: \"nonsense\""}},
        {{url, "--versus-direct", "tcp://127.0.0.1:1"}, {"--versus-direct", "same scheme"}},
    });
}

TEST_CASE("contradictions") {
    check_mistakes({
        {{url, "--pipeline", "2", "--rate", "5"},
         {"--pipeline: \"2\"", "not together with --rate"}},
        {{url, "--rate", "5", "--ramp-rate", "1..9"}, {"--ramp-rate", "--rate"}},
        {{url, "--think-time", "1ms", "--rate", "5"}, {"--think-time: \"1ms\"", "--rate"}},
        {{url, "--pipeline", "2", "--new-connections"}, {"--pipeline", "--new-connections"}},
        {{url, "--events", "--rate", "5"}, {"--events: not together with --rate"}},
        {{url, "--events", "--verify", "first"}, {"--events", "--verify"}},
        {{url, "--stamped"}, {"--stamped: it needs --events"}},
        {{url, "--replay-times"}, {"--replay-times: it needs --replay"}},
        {{url, "--replay-once"}, {"--replay-once: it needs --replay"}},
        {{url, "--slice", "2s"}, {"--slice: \"2s\"", "--versus-direct"}},
        {{url, "--pause", "2s"}, {"--pause", "--sweep or --find-knee or --ramp"}},
        {{url, "--quick"}, {"--quick", "baseline"}},
        {{"--scaling", "2", "--header", "A: b"}, {"--header: \"A: b\"", "it needs a URL"}},
        {{"baseline", "--watch", "1"}, {"--watch: \"1\"", "it needs a URL"}},
        {{url, "--regression", "5%"}, {"--regression", "compare"}},
        {{url, "--body", "x", "--body-file", "y"}, {"--body", "--body-file"}},
        {{url, "--sweep", "connections=1,2", "--find-knee"}, {"--sweep", "one suite"}},
        {{url, "--ramp", "--scaling"}, {"--ramp", "one suite"}},
        {{url, "--sweep", "connections=1,2", "--connections", "5"},
         {"--connections: \"5\"", "--sweep"}},
        {{url, "--sweep", "rate=1,2", "--rate", "5"}, {"--rate: \"5\"", "--sweep"}},
        {{url, "--sweep", "rate=1,2", "--pipeline", "5"}, {"--pipeline", "levels of rates"}},
        {{url, "--find-knee", "--rate", "5"}, {"--find-knee", "closed loop"}},
        {{url, "--verify", "hash"}, {"--verify: \"hash\"", "--expect-hash"}},
        {{url, "--verify", "length"}, {"--verify", "--expect-bytes"}},
        {{url, "--verify", "first", "--expect-bytes", "5"}, {"--verify", "--expect-bytes"}},
        {{url, "--expect-hash", "00000000000000ff"}, {"--expect-hash", "--expect-bytes"}},
        {{url, "--connections", "2", "--threads", "3"}, {"--threads: \"3\"", "at most"}},
        {{url, "--cores", "0", "--threads", "2"}, {"--cores: \"0\"", "each of 2 threads"}},
        {{url, "--cores", "0", "--no-pin"}, {"--cores", "--no-pin"}},
        {{url, "--work", "upload"}, {"--work: \"upload\"", "tcp:// alone"}},
        {{"tcp://127.0.0.1:1", "--events"}, {"--events", "http:// alone"}},
        {{"tcp://127.0.0.1:1", "--header", "A: b"}, {"--header: \"A: b\"", "http:// alone"}},
        {{"tcp://127.0.0.1:1", "--work", "download", "--rate", "5"},
         {"--rate: \"5\"", "--work download"}},
        {{"tcp://127.0.0.1:1", "--work", "upload", "--find-knee"},
         {"--find-knee", "--work upload"}},
        {{"tcp://127.0.0.1:1", "--work", "upload", "--sweep", "rate=1,2"},
         {"--sweep", "connections"}},
        {{url, "--versus-direct", url, "--rounds", "5", "--duration", "5s"},
         {"--rounds: \"5\"", "--duration"}},
        {{"compare", "a", "b", "--rate", "5"}, {"--rate: \"5\"", "compare takes"}},
        {{"baseline", "--rate", "5"}, {"--rate: \"5\"", "baseline"}},
        {{"baseline", "--sweep", "rate=5,6"}, {"--sweep", "baseline"}},
        {{"baseline", "--versus-direct", url}, {"--versus-direct", "is missing"}},
    });
}

TEST_CASE("a flag that only says its default contradicts nothing") {
    CHECK(with_url({"--pipeline", "1", "--rate", "5"}).plan.rate == 5);
    CHECK(with_url({"--think-time", "0s", "--rate", "5"}).plan.rate == 5);
}

TEST_CASE("help asked for anywhere is given, and names every flag of the reference") {
    const Options options = parsed({url, "--rate", "x", "--help"});
    CHECK(options.mode == Mode::help);
    const std::string reference = markdown_reference();
    std::size_t rows = 0;
    for (std::size_t at = reference.find("\n| `--"); at != std::string::npos;
         at = reference.find("\n| `--", at + 1)) {
        const std::size_t begin = at + 4;
        const std::string usage = reference.substr(begin, reference.find('`', begin) - begin);
        contains(options.help_text, usage);
        ++rows;
    }
    CHECK(rows > 40);
    for (std::size_t begin = 0; begin < options.help_text.size();) {
        const std::size_t end = options.help_text.find('\n', begin);
        CHECK(end - begin <= 100);
        begin = end + 1;
    }
}

}  // namespace
}  // namespace ringway::bench
