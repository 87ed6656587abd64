"""Tunnels: WebSocket and other upgrades, CONNECT; only after a real 101 or 200."""

import threading
import time

from harness.base import equal, eventually, expect, timeout_of
from harness.gateway import Configured, gateway
from harness.http import request_bytes
from harness.http_origin import END, HttpOrigin, RESET, mirror, scripted
from harness.process import Process, run
from harness.sockets import ask, expect_end, expect_gone, pattern, receive_exactly
from harness.websocket import (BINARY, CLIENT, CLOSE, PING, PONG, SERVER, TEXT, WebSocketClient,
                               echo_frames, frame, interpreter_with, shake_hands)

WISH = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]


# ---- WebSocket -------------------------------------------------------------------------------


def test_frames_go_both_ways():
    with HttpOrigin(echo_frames) as origin, gateway(origin) as ringway:
        with WebSocketClient(ringway.address()) as socket:
            equal(socket.answer.status, 101)
            for size in (0, 1, 125, 126, 65535, 65536):
                data = pattern(size, seed=size)
                socket.send(data, BINARY)
                equal(socket.receive(), (BINARY, data), f"a frame of {size} bytes")
            socket.send(b"are you there", PING)
            equal(socket.receive(), (PONG, b"are you there"))
            socket.send(b"\x03\xe8bye", CLOSE)
            equal(socket.receive(), (CLOSE, b"\x03\xe8bye"))
            socket.client.expect_end()
        request = origin.last()
        equal([option.lower() for option in request.fields.lists("Connection")], ["upgrade"])
        expect(request.fields.has("Via"), "the request passed the gateway")


def test_frames_of_many_megabytes_go_both_ways():
    data = pattern(20 << 20)
    with HttpOrigin(echo_frames) as origin, gateway(origin) as ringway:
        with WebSocketClient(ringway.address()) as socket:
            sender = threading.Thread(target=socket.send, args=(data, BINARY))
            sender.start()
            opcode, back = socket.receive()
            sender.join()
            equal((opcode, back == data), (BINARY, True), "the frame, back again")


def test_frames_that_come_with_the_101_are_not_lost():
    def eager(call):
        shake_hands(call)
        call.send(frame(TEXT, b"first words"))
        call.end()

    def in_one_piece(call):
        sent = []
        call.send = lambda *pieces: sent.extend(pieces)
        shake_hands(call)
        del call.send
        call.send(*sent, frame(TEXT, b"first words"))
        call.end()

    for answer in (eager, in_one_piece):
        with HttpOrigin(answer) as origin, gateway(origin) as ringway:
            with WebSocketClient(ringway.address()) as socket:
                equal(socket.receive(), (TEXT, b"first words"))
                socket.client.expect_end()


def test_a_tunnel_ends_one_way_at_a_time():
    def half(call):
        shake_hands(call)
        call.over = True
        while call.stream.some():
            pass
        call.send(b"all read")
        call.end()

    with HttpOrigin(half) as origin, gateway(origin) as ringway:
        with WebSocketClient(ringway.address()) as socket:
            socket.sock.sendall(b"anything")
            socket.client.end_sending()
            equal(socket.stream.exactly(8), b"all read")
            socket.client.expect_end()


def test_a_tunnel_outlives_the_timeouts_of_requests():
    with HttpOrigin(echo_frames) as origin:
        with gateway(origin, "--first-byte-timeout", "300ms", "--header-timeout",
                     "300ms") as ringway, WebSocketClient(ringway.address()) as socket:
            for turn in range(4):
                time.sleep(0.25)
                socket.send(b"%d" % turn)
                equal(socket.receive(), (TEXT, b"%d" % turn))


def test_a_tunnel_that_the_origin_resets_is_reset():
    def resets(call):
        shake_hands(call)
        call.stream.some()
        call.reset()

    with HttpOrigin(resets) as origin, gateway(origin) as ringway:
        with WebSocketClient(ringway.address()) as socket:
            socket.send(b"x")
            expect_gone(socket.sock)


def test_an_origin_that_refuses_an_upgrade_answers_as_ever():
    with HttpOrigin(lambda call: call.reply(426, body="no")) as origin, gateway(origin) as ringway:
        with ringway.client() as client:
            for _ in range(3):
                response = client.ask("GET", "/chat", WISH)
                equal((response.status, response.text()), (426, "no"))
            expect(client.ask("GET", "/plain").status == 426, "the connection serves on")


def test_a_request_with_an_upgrade_may_be_answered_200():
    with HttpOrigin(mirror) as origin, gateway(origin) as ringway, ringway.client() as client:
        equal(client.ask("GET", "/a", WISH).text(), "/a")
        equal(client.ask("GET", "/b").text(), "/b")


def test_bytes_behind_a_wish_are_no_tunnel_before_the_101():
    # They would reach the origin as if they had been agreed on.
    with HttpOrigin(mirror) as origin, gateway(origin, shards=1) as ringway:
        with ringway.client() as client:
            client.send(request_bytes("GET", "/wish", WISH), request_bytes("GET", "/next"))
            equal(client.response().text(), "/wish")
            equal(client.response().text(), "/next")
        equal(origin.targets(), ["/wish", "/next"], "requests at the origin, as requests")


def test_a_101_to_another_protocol_than_was_asked_for_is_a_502():
    other = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n"
    with HttpOrigin(scripted(other, 0.05, END)) as origin, gateway(origin) as ringway:
        equal(ringway.get("/chat", WISH).status, 502)


def test_a_101_without_its_upgrade_field_is_a_502():
    bare = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    with HttpOrigin(scripted(bare, 0.05, END)) as origin, gateway(origin) as ringway:
        equal(ringway.get("/chat", WISH).status, 502)


def test_a_wish_that_dies_unanswered_is_a_502():
    with HttpOrigin(scripted(RESET)) as origin, gateway(origin) as ringway:
        equal(ringway.get("/chat", WISH).status, 502)
        equal(len(origin.requests), 1, "times that it was sent")


@timeout_of(60)
def test_a_real_websocket_client_talks_to_a_real_server():
    python = interpreter_with("websockets")
    with Process([python, "-u", "-c", SERVER]) as server:
        eventually(lambda: "listening" in server.stdout(), "the server listens", 10)
        port = int(server.stdout().split()[1])
        origin = type("Url", (), {"url": f"http://127.0.0.1:{port}"})
        with gateway(origin) as ringway:
            host, listen = ringway.address()
            done = run([python, "-c", CLIENT, f"ws://{host}:{listen}/echo"], seconds=30)
            equal(done.stdout, "closed 1000\n", "how the client's connection ended")


def test_tunnels_are_counted():
    with HttpOrigin(echo_frames) as origin, gateway(origin) as ringway:
        with WebSocketClient(ringway.address()) as socket:
            socket.send(b"x", CLOSE)
            socket.receive()
        eventually(lambda: ringway.stats().ended("tunnelled") == 1, "a tunnel is counted")


# ---- CONNECT ---------------------------------------------------------------------------------


def test_connect_is_refused():
    with HttpOrigin() as origin, gateway(origin) as ringway:
        for target in ("example.com:443", "127.0.0.1:22"):
            with ringway.client() as client:
                client.request("CONNECT", target, host=target)
                response = client.response()
                expect(response.status in (403, 405, 501), f"status {response.status}")
        equal(len(origin.requests), 0, "requests at the origin")


def test_connect_is_a_tunnel_where_a_route_allows_it():
    def tunnel(call):
        equal(call.target, "anything.test:99", "whom the upstream is asked for")
        call.send("HTTP/1.1 200 Connected\r\n\r\n")
        call.over = True
        while piece := call.stream.some():
            call.send(piece)
        call.end()

    with HttpOrigin(tunnel) as origin:
        with Configured(f"""
            [[listener]]
            url = "http://127.0.0.1:0"
            [[upstream]]
            name = "proxy"
            endpoints = ["{origin.url}"]
            [[route]]
            method = "CONNECT"
            upstream = "proxy"
            connect = true
            """) as ringway, ringway.client() as client:
            client.request("CONNECT", "anything.test:99", host="anything.test:99")
            response = client.head()
            equal(response.status, 200)
            expect(not response.fields.has("Content-Length"), "a tunnel has no length")
            for turn in range(3):
                ask(client.sock, b"turn %d" % turn)
            data = pattern(1 << 20)
            sender = threading.Thread(target=client.sock.sendall, args=(data,))
            sender.start()
            equal(receive_exactly(client.sock, len(data)) == data, True, "a mebibyte of echo")
            sender.join()
            client.end_sending()
            expect_end(client.sock)
