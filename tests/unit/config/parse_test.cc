#include "ringway/config/parse.h"

#include <cstdio>
#include <fstream>

#include <doctest/doctest.h>
#include <unistd.h>

#include "support.h"

namespace ringway::config::test {
namespace {

// A file that lasts as long as the test.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text)
        : path_("config_test." + std::to_string(getpid()) + ".toml") {
        std::ofstream(path_) << text;
    }
    ~TemporaryFile() { std::remove(path_.c_str()); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

TEST_CASE("the shortest useful command line gives the documented defaults") {
    const auto outcome = parse_with_places({});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    const Settings& settings = outcome.settings;
    CHECK(settings.listeners.size() == 1);
    CHECK(settings.listeners[0].name == "listener1");
    CHECK(settings.upstreams[0].name == "upstream1");
    CHECK(settings.upstreams[0].endpoints[0].name == "127.0.0.1:81");
    CHECK(settings.shards == 4);
    CHECK(settings.pin == true);
    CHECK(settings.connect_timeout == base::Duration::seconds(5));
    CHECK(settings.header_timeout == base::Duration::seconds(10));
    CHECK(settings.idle_timeout == base::Duration::seconds(3600));
    CHECK(settings.drain_timeout == base::Duration::seconds(30));
    CHECK(settings.control_path == "/run/user/1000/ringway/ringway.sock");
    CHECK(outcome.warnings.empty());
}

TEST_CASE("a flag beats the environment, which beats the file, which beats the default") {
    const TemporaryFile file("shards = 2\nbuffers = 128\nidle-timeout = \"2m\"\n");
    const auto outcome =
        parse_with_places({"--config", file.path(), "--shards", "4"},
                          {"RINGWAY_SHARDS=3", "RINGWAY_BUFFERS=256", "PATH=/bin"});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    CHECK(outcome.settings.shards == 4);
    CHECK(outcome.settings.buffers == 256);
    CHECK(outcome.settings.idle_timeout == base::Duration::seconds(120));
    CHECK(outcome.settings.pipes_max == Settings{}.pipes_max);
    CHECK(outcome.settings.config_path == file.path());
}

TEST_CASE("the file may be named by the environment, and a flag names another") {
    const TemporaryFile file("shards = 2\n");
    const auto by_environment = parse_with_places({}, {"RINGWAY_CONFIG=" + file.path()});
    CHECK(by_environment.settings.shards == 2);
    const auto by_flag =
        parse_with_places({"--config", file.path()}, {"RINGWAY_CONFIG=/nowhere/at/all.toml"});
    CHECK(by_flag.settings.shards == 2);
}

TEST_CASE("listeners of a higher source replace those of a lower one, kind by kind") {
    const TemporaryFile file("listen = \"tcp://127.0.0.1:1\"\nupstream = \"tcp://127.0.0.1:2\"\n");
    const auto outcome =
        parse({{"--config", file.path(), "--listen", "tcp://127.0.0.1:3"}, {}, {}});
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    REQUIRE(outcome.settings.listeners.size() == 1);
    CHECK(outcome.settings.listeners[0].target.port == 3);
    CHECK(outcome.settings.upstreams[0].endpoints[0].target.port == 2);
}

TEST_CASE("repeatable settings stand in one variable with blanks between") {
    const auto outcome = parse(
        {{},
         {"RINGWAY_LISTEN=a=tcp://127.0.0.1:1 \t b=tcp://127.0.0.1:2",
          "RINGWAY_UPSTREAM=x=tcp://127.0.0.1:3 y=tcp://127.0.0.1:4",
          "RINGWAY_ROUTE=listener=a => y listener=b => x", "RINGWAY_ALLOW=10.0.0.0/8 fd00::/8"},
         {}});
    CAPTURE(outcome.text);
    REQUIRE(outcome.kind == ParseOutcome::Kind::settings);
    REQUIRE(outcome.settings.listeners.size() == 2);
    CHECK(outcome.settings.listeners[0].upstream == 1);
    CHECK(outcome.settings.listeners[1].upstream == 0);
    CHECK(outcome.settings.listeners[1].allow.size() == 2);
}

TEST_CASE("what a higher source hides must be right all the same") {
    CHECK(contains(parse_with_places({"--shards", "2"}, {"RINGWAY_SHARDS=0"}).text,
                   "RINGWAY_SHARDS: \"0\" is not allowed"));
    CHECK(contains(parse_with_places({}, {}, "listen = \"tcp://127.0.0.1:1?colour=3\"").text,
                   "built-in settings:1:1: listen tcp://127.0.0.1:1: colour"));
    CHECK(contains(parse_with_places({}, {"RINGWAY_UPSTREAM=tcp://h:0"}).text,
                   "an endpoint has a port from 1 to 65535"));
}

TEST_CASE("the last of a flag given twice counts, and the last of --pin and --no-pin") {
    CHECK(parse_with_places({"--shards", "2", "--shards", "3"}).settings.shards == 3);
    CHECK(parse_with_places({"--pin", "--no-pin"}).settings.pin == false);
    CHECK(parse_with_places({"--no-pin", "--pin"}).settings.pin == true);
    CHECK(parse_with_places({"--pin=off"}).settings.pin == false);
}

TEST_CASE("an empty variable is as good as none") {
    CHECK(parse_with_places({}, {"RINGWAY_SHARDS="}).settings.shards == 4);
}

struct Mistake {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::string line;
};

const std::vector<Mistake>& mistakes() {
    static const std::vector<Mistake> rows{
        {{"--shards", "0"},
         {},
         "ringway: --shards: \"0\" is not allowed: a whole number from 1 to 1024 (hint: leave it "
         "out for one per core)"},
        {{"--idle-timeout", "5"},
         {},
         "ringway: --idle-timeout: \"5\" is not allowed: a duration such as 250ms, 30s, 5m or 1h "
         "from 1ms to 720h, or off (hint: a unit is missing: 5s or 5ms?)"},
        {{"--buffer-size", "64KB"},
         {},
         "ringway: --buffer-size: \"64KB\" is not allowed: a size such as 4096, 64KiB or 1GiB, a "
         "power of two, from 4KiB to 1MiB (hint: sizes count in 1024s: 64KiB?)"},
        {{"--buffers", "100"},
         {},
         "ringway: --buffers: \"100\" is not allowed: a whole number, a power of two, from 4 to "
         "32768 (hint: the nearest are 64 and 128)"},
        {{"--relay", "spice"},
         {},
         "ringway: --relay: \"spice\" is not allowed: one of auto, copy, splice (hint: did you "
         "mean splice?)"},
        {{"--shard", "2"},
         {},
         "ringway: --shard: no flag has this name (hint: did you mean --shards?)"},
        {{"--tls-cert", "x"},
         {},
         "ringway: --tls-cert: no flag has this name (hint: ringway --help lists them)"},
        {{"--pool-max=0"},
         {},
         "ringway: --pool-max: \"0\" is not allowed: a whole number from 1 to 65536"},
        {{"--idle_timeout", "5s"},
         {},
         "ringway: --idle_timeout: no flag has this name (hint: did you mean --idle-timeout?)"},
        {{"stray"},
         {},
         "ringway: argument: \"stray\" is not allowed: only flags may follow here (hint: ringway "
         "--help lists them)"},
        {{},
         {"RINGWAY_SHARDZ=2"},
         "ringway: RINGWAY_SHARDZ: no setting has this name in the environment (hint: did you mean "
         "RINGWAY_SHARDS?)"},
        {{},
         {"RINGWAY_SHARDS=0"},
         "ringway: RINGWAY_SHARDS: \"0\" is not allowed: a whole number from 1 to 1024 (hint: "
         "leave it out for one per core)"},
        {{"--log-level", "a\nb"},
         {},
         "ringway: --log-level: \"a\\x0ab\" is not allowed: one of error, warn, info, debug"},
        {{"--allow", "10.0.0.1/8"},
         {},
         "ringway: --allow: \"10.0.0.1/8\" is not allowed: an address or a range such as "
         "10.0.0.0/8, 192.0.2.7, fd00::/8, with no bits set beyond the prefix; several with "
         "commas"},
        {{"--access-log", "/x/\xff"},
         {},
         "ringway: --access-log: \"/x/\\xff\" is not allowed: it is not text: it must be UTF-8"},
        {{"--control", ""},
         {},
         "ringway: --control: \"\" is not allowed: the path of a Unix socket, 1 to 107 bytes long"},
    };
    return rows;
}

TEST_CASE("mistakes get one line and exit 2") {
    for (const Mistake& row : mistakes()) {
        const auto outcome = parse_with_places(row.arguments, row.environment);
        REQUIRE(outcome.kind == ParseOutcome::Kind::failed);
        CHECK(outcome.text == row.line);
        CHECK(outcome.exit_code == 2);
    }
}

TEST_CASE("a flag without its value is named") {
    const auto outcome = parse({{"--listen", "tcp://127.0.0.1:1", "--shards"}, {}, {}});
    CHECK(outcome.text == "ringway: --shards: a value is missing after it");
    CHECK(outcome.exit_code == 2);
}

TEST_CASE("a file that cannot be read is the machine's fault, exit 1") {
    const auto outcome = parse_with_places({"--config", "/nowhere/at/all.toml"});
    CHECK(outcome.text ==
          "ringway: --config: cannot read /nowhere/at/all.toml: No such file or directory");
    CHECK(outcome.exit_code == 1);
    const auto directory = parse_with_places({"--config", "/"});
    CHECK(directory.exit_code == 1);
}

TEST_CASE("asking for help wins over everything else on the command line") {
    for (const char* word : {"--help", "-h"}) {
        const auto outcome = parse({{"--shards", "0", word}, {}, {}});
        CHECK(outcome.kind == ParseOutcome::Kind::help);
        CHECK(outcome.exit_code == 0);
        CHECK(contains(outcome.text, "--shards N"));
    }
}

}  // namespace
}  // namespace ringway::config::test
