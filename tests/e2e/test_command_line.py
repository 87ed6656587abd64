"""Flags, environment and file; and what a mistake in them is answered with."""

from harness.base import Folder, binary, contains, equal, expect
from harness.process import run
from harness.ringway import Ringway, refused, serve_pair
from harness.sockets import Server, ask, named, who_serves

GOOD = ("--listen", "tcp://127.0.0.1:0", "--upstream", "tcp://127.0.0.1:1")


def check(*flags, code=0, env=None):
    return run([binary(), "check", *flags], code=code, env=env)


def test_help_shows_every_flag_with_default_unit_and_range():
    said = run([binary(), "--help"]).stdout
    contains(said, "--listen", "--upstream", "--shards", "--relay", "--max-connections",
             "--connect-timeout", "--idle-timeout", "--drain-timeout", "--header-timeout",
             "--allow", "--deny", "--proxy-protocol", "--accept-proxy-protocol", "--balance",
             "--health-check", "--control", "--access-log", "--log-level", "--log-format", "--user",
             "--config", "--buffers", "--buffer-size", "auto|copy|splice", "5s", "30s")
    expect(max(len(line) for line in said.splitlines()) <= 120, "lines fit a terminal")


def test_every_flag_of_help_is_accepted_or_needs_a_value():
    import re

    said = run([binary(), "--help"]).stdout
    flags = sorted(set(re.findall(r"--[a-z][a-z-]+", said)))
    expect(len(flags) > 25, f"only {len(flags)} flags")
    for flag in flags:
        done = check(*GOOD, flag, "\x01", code=None)
        expect("unknown flag" not in done.stderr.lower() or "\\x01" in done.stderr,
               f"{flag} is shown and not known: {done.stderr}")


def test_the_version_names_its_parts():
    short, long = run([binary(), "--version"]).stdout, run([binary(), "-V"]).stdout
    expect(short.startswith("ringway ") and any(letter.isdigit() for letter in short), short)
    contains(long, short.split()[1], "liburing", "ring ")
    expect(any(name in long.lower() for name in ("g++", "gcc", "clang")), long)


def test_each_subcommand_has_help():
    for command in ("serve", "check", "doctor", "ctl", "mock", "demo"):
        said = run([binary(), command, "--help"])
        expect(len(said.stdout) > 40, f"{command} --help: {said.stdout!r}")


def test_check_prints_the_effective_settings():
    said = check(*GOOD, "--shards", "2", "--idle-timeout", "7m", "--max-connections", "1234").stdout
    contains(said, "1234", "7m", "127.0.0.1", "auto")


def test_check_starts_nothing():
    with Server() as echo, serve_pair(echo) as ringway:
        host, port = ringway.address()
        check("--listen", f"tcp://{host}:{port}", "--upstream", echo.url)
        with ringway.connect() as client:
            ask(client)


# Flags that are wrong, and what the one line about them must name besides the first of them.
MISTAKES = [
    (["--no-such-flag"], ["--no-such-flag"]),
    (["--shard", "2"], ["--shard", "--shards"]),
    (["--shards", "0"], ["--shards", "0"]),
    (["--shards", "-1"], ["--shards", "-1"]),
    (["--shards", "two"], ["--shards", "two"]),
    (["--shards", "99999999"], ["--shards", "99999999"]),
    (["--shards"], ["--shards"]),
    (["--shards", ""], ["--shards"]),
    (["--relay", "fast"], ["--relay", "fast", "splice"]),
    (["--balance", "roundrobin"], ["--balance", "roundrobin", "round-robin"]),
    (["--buffer-size", "1"], ["--buffer-size", "1"]),
    (["--buffer-size", "64KB"], ["--buffer-size", "64KB", "KiB"]),
    (["--buffer-size", "5000"], ["--buffer-size", "5000", "power of two"]),
    (["--buffers", "3"], ["--buffers", "3"]),
    (["--max-connections", "0"], ["--max-connections", "0"]),
    (["--idle-timeout", "30"], ["--idle-timeout", "30", "30s"]),
    (["--idle-timeout", "-5s"], ["--idle-timeout", "-5s"]),
    (["--connect-timeout", "soon"], ["--connect-timeout", "soon"]),
    (["--connect-timeout", "999999h"], ["--connect-timeout", "999999h"]),
    (["--allow", "10.0.0.0/33"], ["--allow", "10.0.0.0/33"]),
    (["--allow", "10.0.0.1/8"], ["--allow", "10.0.0.1/8"]),
    (["--deny", "everybody"], ["--deny", "everybody"]),
    (["--accept-proxy-protocol", "300.1.2.3/8"], ["--accept-proxy-protocol", "300.1.2.3/8"]),
    (["--proxy-protocol", "v3"], ["--proxy-protocol", "v3", "v2"]),
    (["--health-check", "interval=never"], ["--health-check", "never"]),
    (["--log-level", "loud"], ["--log-level", "loud", "debug"]),
    (["--log-format", "xml"], ["--log-format", "xml", "json"]),
    (["--route", "nonsense"], ["--route", "nonsense"]),
    (["--route", "listener=nobody => x"], ["--route", "nobody"]),
    (["stray"], ["stray"]),
]


def test_a_mistake_in_a_flag_is_one_line_and_exit_code_2():
    for flags, words in MISTAKES:
        line = refused(*GOOD, *flags)
        contains(line, *words)


MISTAKEN_PLACES = [
    (["--listen", "tcp://127.0.0.1"], ["--listen", "tcp://127.0.0.1"]),
    (["--listen", "127.0.0.1:80"], ["--listen", "127.0.0.1:80", "tcp://"]),
    (["--listen", "tcp://127.0.0.1:70000"], ["--listen", "70000"]),
    (["--listen", "tcp://[::1:80"], ["--listen", "[::1:80"]),
    (["--listen", "ftp://127.0.0.1:21"], ["--listen", "ftp"]),
    (["--listen", "https://127.0.0.1:443"], ["--listen", "https"]),
    (["--listen", "tcp+unix:relative"], ["--listen", "relative"]),
    (["--listen", "tcp+unix:/" + "x" * 200], ["--listen"]),
    (["--listen", "tcp://127.0.0.1:1?weight=3"], ["--listen", "weight"]),
    (["--listen", "tcp://127.0.0.1:1?backlog=0"], ["--listen", "backlog", "0"]),
    (["--listen", "tcp://127.0.0.1:1/path"], ["--listen", "/path"]),
    (["--listen", ""], ["--listen"]),
    (["--upstream", "tcp://127.0.0.1:0"], ["--upstream", "127.0.0.1:0"]),
    (["--upstream", "tcp://127.0.0.1:80?weight=many"], ["--upstream", "weight", "many"]),
    (["--upstream", "tcp://127.0.0.1:80?colour=red"], ["--upstream", "colour"]),
    (["--upstream", "tcp://bad host:80"], ["--upstream", "bad host"]),
    (["--upstream", "tcp://a:1,b:2"], ["--upstream", "b:2"]),
]


def test_a_mistake_in_a_url_is_one_line_and_exit_code_2():
    rest = {"--listen": ["--upstream", "tcp://127.0.0.1:1"],
            "--upstream": ["--listen", "tcp://127.0.0.1:0"]}
    for flags, words in MISTAKEN_PLACES:
        line = refused(*flags, *rest[flags[0]])
        contains(line, *words)


def test_two_listeners_on_one_address_are_a_mistake():
    for one, two in (("tcp://127.0.0.1:7001", "tcp://127.0.0.1:7001"),
                     ("tcp+unix:/tmp/x", "tcp+unix:/tmp/x"),
                     ("a=tcp://127.0.0.1:7001", "b=tcp://127.0.0.1:7001")):
        line = refused("--listen", one, "--listen", two, "--upstream", "tcp://127.0.0.1:1")
        contains(line, "--listen", two.split("/", 1)[1].lstrip("/"))


def test_two_objects_of_one_name_are_a_mistake():
    line = refused("--listen", "a=tcp://127.0.0.1:7001", "--listen", "a=tcp://127.0.0.1:7002",
                   "--upstream", "tcp://127.0.0.1:1")
    contains(line, "--listen", "a")
    line = refused("--listen", "tcp://127.0.0.1:7001", "--upstream", "u=tcp://127.0.0.1:1",
                   "--upstream", "u=tcp://127.0.0.1:2")
    contains(line, "--upstream", "u")


def test_no_listener_or_no_upstream_is_a_mistake():
    contains(refused("--upstream", "tcp://127.0.0.1:1"), "--listen")
    contains(refused("--listen", "tcp://127.0.0.1:0"), "--upstream")


def test_an_ambiguous_upstream_is_a_mistake():
    line = refused("--listen", "tcp://127.0.0.1:0", "--upstream", "a=tcp://127.0.0.1:1",
                   "--upstream", "b=tcp://127.0.0.1:2")
    contains(line, "--route")


def test_flags_of_later_releases_are_unknown():
    for flag in ("--tls-cert", "--admin", "--pool-max", "--profile", "--trusted-proxies"):
        contains(refused(*GOOD, flag, "x"), flag)


def test_check_answers_mistakes_as_serve_does():
    done = check(*GOOD, "--shards", "0", code=2)
    equal(len(done.stderr.strip().splitlines()), 1, "lines on standard error")
    contains(done.stderr, "--shards", "0")


# ---- environment and file --------------------------------------------------------------------


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default():
    with Folder() as folder:
        path = folder.write("ringway.toml", 'idle-timeout = "11m"\nconnect-timeout = "3s"\n'
                            'max-connections = 111\n')
        env = {"RINGWAY_IDLE_TIMEOUT": "22m", "RINGWAY_CONNECT_TIMEOUT": "4s"}
        said = check(*GOOD, "--config", path, "--idle-timeout", "33m", env=env).stdout
        settings = dict_of(said)
        equal(settings["idle-timeout"], "33m", "the flag's")
        equal(settings["connect-timeout"], "4s", "the environment's")
        equal(settings["max-connections"], "111", "the file's")
        equal(settings["drain-timeout"], "30s", "the default")


def dict_of(text):
    """What `check` prints as pairs: KEY = VALUE or KEY VALUE, quotes and flags' dashes aside."""
    pairs = {}
    for line in text.splitlines():
        words = line.replace("=", " ", 1).split(None, 1)
        if len(words) == 2:
            value = words[1].split(" #")[0].strip().strip('"')
            pairs.setdefault(words[0].removeprefix("--"), value.split()[0].strip('"'))
    return pairs


def test_everything_may_stand_in_a_file():
    with Folder() as folder, Server(named("one")) as one, Server(named("two")) as two:
        path = folder.write("ringway.toml", f"""
shards = 1
balance = "round-robin"
log-level = "warn"
drain-timeout = "100ms"
control = "{folder.file('control')}"

[[listener]]
name = "front"
url = "tcp://127.0.0.1:0"
backlog = 77
deny = ["127.0.0.9", "127.0.0.10/32"]

[[listener]]
name = "other"
url = "tcp://127.0.0.1:0"

[[upstream]]
name = "back"
endpoints = ["{one.url}?weight=3", {{ url = "{two.url}", weight = 1 }}]

[[route]]
upstream = "back"
""")
        with Ringway("--config", path, control=folder.file("control"), shards=None) as ringway:
            served = [who_serves(ringway.address("front")) for _ in range(8)]
            equal((served.count("one"), served.count("two")), (6, 2), "who served")
            equal(who_serves(ringway.address("front"), source="127.0.0.9"), "")
            expect(who_serves(ringway.address("other")) in ("one", "two"), "the other listener")
            equal(ringway.info()["shards"], 1, "shards")


def test_everything_may_stand_in_the_environment():
    with Server(named("here")) as server:
        env = {"RINGWAY_LISTEN": "tcp://127.0.0.1:0", "RINGWAY_UPSTREAM": server.url,
               "RINGWAY_SHARDS": "1", "RINGWAY_LOG_LEVEL": "warn"}
        with Ringway(env=env, shards=None) as ringway:
            equal(who_serves(ringway.address()), "here")
            equal(ringway.info()["shards"], 1, "shards")


def test_a_mistake_in_the_environment_names_the_variable():
    line = refused(*GOOD, env={"RINGWAY_SHARDS": "zero"})
    contains(line, "RINGWAY_SHARDS", "zero")


def test_a_mistake_in_the_file_names_file_line_and_key():
    cases = [
        ("shards = 0\n", ":1:", "shards"),
        ("\nidle-timeout = 5\n", ":2:", "idle-timeout"),
        ("colour = 1\n", ":1:", "colour"),
        ("shards = \n", ":1:", ""),
        ("[[listener]]\nname = \"x\"\n", "", "url"),
        ("[[listener]]\nurl = \"tcp://127.0.0.1:1\"\ncolour = 3\n", ":3:", "colour"),
    ]
    with Folder() as folder:
        for text, place, key in cases:
            path = folder.write("bad.toml", text)
            line = refused("--config", path)
            contains(line, path + place, key)


def test_a_bare_start_says_what_is_missing():
    contains(refused(), "--listen")
