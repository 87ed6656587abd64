"""Real servers and clients that do not know that ringway is between them."""

import hashlib
import json

from harness.base import between, contains, equal, expect, slow_binary, timeout_of
from harness.peers import Iperf3, Nginx, Postgres, Redis
from harness.process import need, run
from harness.ringway import serve_pair
from harness.sockets import pattern


@timeout_of(60)
def test_redis_benchmark_runs_and_both_count_the_same_bytes():
    benchmark = need("redis-benchmark")
    requests = 2000 if slow_binary() else 20000
    with Redis() as redis, serve_pair(redis) as ringway:
        before = redis.totals()
        host, port = ringway.address()
        done = run([benchmark, "-h", host, "-p", port, "-n", requests, "-c", 50, "-P", 4, "-t",
                    "ping,set,get,lrange_100", "--csv"])
        expect("rps" in done.stdout and "SET" in done.stdout, done.stdout[-500:])
        stats = ringway.settled()
        after = redis.totals()
        equal(stats.accepted, after["connections"] - before["connections"] - 1, "connections")
        equal(stats.up.bytes, after["in"] - before["in"] - before["own_in"], "bytes to Redis")
        equal(stats.down.bytes, after["out"] - before["out"] - before["own_out"],
              "bytes from Redis")


def test_redis_answers_a_client_through_ringway():
    client = need("redis-cli")
    with Redis() as redis, serve_pair(redis) as ringway:
        host, port = ringway.address()
        run([client, "-h", host, "-p", port, "set", "colour", "green"])
        equal(run([client, "-h", host, "-p", port, "get", "colour"]).stdout, "green\n")


@timeout_of(60)
def test_postgresql_answers_queries_through_ringway():
    with Postgres() as postgres, serve_pair(postgres) as ringway:
        address = ringway.address()
        equal(postgres.psql(address, "select 6 * 7"), "42\n")
        wanted = "".join(f"{number}\n" for number in range(1, 50001))
        equal(postgres.psql(address, "select generate_series(1, 50000)"), wanted)
        equal(postgres.psql(address, "select length(repeat('x', 30000000))"), "30000000\n")
        size = len(postgres.psql(address, "select repeat('y', 20000000)"))
        equal(size, 20000001, "characters of one long value")


def test_nginx_serves_a_large_file_through_ringway():
    curl = need("curl")
    data = pattern(64 << 20)
    with Nginx() as nginx, serve_pair(nginx) as ringway:
        nginx.file("large", data)
        host, port = ringway.address()
        target = nginx.folder.file("fetched")
        for _ in range(2):
            run([curl, "-sS", "--fail", "-o", target, f"http://{host}:{port}/large"])
            with open(target, "rb") as fetched:
                equal(hashlib.sha256(fetched.read()).hexdigest(),
                      hashlib.sha256(data).hexdigest(), "SHA-256 of the download")


def test_curl_reuses_its_connection_through_ringway():
    curl = need("curl")
    with Nginx() as nginx, serve_pair(nginx) as ringway:
        nginx.file("small", b"s" * 1000)
        host, port = ringway.address()
        url = f"http://{host}:{port}/small"
        done = run([curl, "-sS", "--fail", "-w", "%{num_connects}\n", "-o", "/dev/null", url,
                    "-o", "/dev/null", url, "-o", "/dev/null", url])
        equal(done.stdout.split(), ["1", "0", "0"], "connections that curl made")


def iperf(iperf3, ringway, *flags):
    host, port = ringway.address()
    done = run([need("iperf3"), "-c", host, "-p", port, "-t", 2, "-J", *flags], seconds=20)
    figures = json.loads(done.stdout)
    expect("error" not in figures, figures.get("error"))
    return figures["end"]


@timeout_of(60)
def test_iperf3_measures_a_stream_up_through_ringway():
    with Iperf3() as iperf3, serve_pair(iperf3) as ringway:
        end = iperf(iperf3, ringway)
        moved = end["sum_received"]["bytes"]
        expect(moved > 50 << 20, f"only {moved} bytes went up")
        between(ringway.settled().up.bytes, moved, end["sum_sent"]["bytes"] + (1 << 20),
                "bytes counted up")


@timeout_of(60)
def test_iperf3_measures_four_streams_down_through_ringway():
    with Iperf3() as iperf3, serve_pair(iperf3) as ringway:
        end = iperf(iperf3, ringway, "-R", "-P", 4)
        moved = end["sum_received"]["bytes"]
        expect(moved > 50 << 20, f"only {moved} bytes came down")
        expect(ringway.settled().down.bytes >= moved, "all of them were counted")


def test_curl_reads_the_answer_of_the_built_in_origin():
    from harness.mock import Mock

    curl = need("curl")
    with Mock("http") as mock, serve_pair(mock) as ringway:
        host, port = ringway.address()
        done = run([curl, "-sS", "--fail", "-i", f"http://{host}:{port}/"])
        contains(done.stdout, "HTTP/1.1 200")
