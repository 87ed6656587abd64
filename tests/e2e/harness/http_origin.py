"""An HTTP origin that does exactly what a test tells it, and records exactly what it received.

A test gives a function that is called with each request (a Call) once its head is there; it may
answer well, badly, late, in part, or with a reset. Every byte that arrives is kept, by connection.
"""

import contextlib
import socket
import threading
import time

from harness.base import Failure, eventually
from harness.http import (Cut, LAST_CHUNK, Malformed, Stream, as_bytes, chunk, read_request_head,
                          response_bytes)
from harness.sockets import Server, reset

RESET, END, BODY = "reset", "end", "body"  # steps of a script


class Call:
    """One request as the origin's function sees it, and the means to answer it."""

    def __init__(self, origin, stream, request, connection, number):
        self.origin = origin
        self.stream = stream
        self.sock = stream.sock
        self.request = request
        self.connection = connection  # 0, 1, ... in the order of accepting
        self.number = number  # 1, 2, ... on its connection
        self.over = False  # the connection serves nothing more
        self.body_taken = False

    @property
    def target(self):
        return self.request.target

    @property
    def method(self):
        return self.request.method

    @property
    def path(self):
        return self.request.target.split("?")[0]

    def read_body(self):
        self.body_taken = True
        return self.request.read_body(self.stream)

    def send(self, *pieces):
        self.sock.sendall(b"".join(as_bytes(piece) for piece in pieces))

    def reply(self, status=200, body=b"", fields=(), **options):
        """A whole response; a request's body that nobody took is taken first."""
        if not self.body_taken:
            self.read_body()
        body = as_bytes(body)
        data = response_bytes(status, body, fields, **options)
        self.send(data[:len(data) - len(body)] if self.method == "HEAD" else data)
        if any(as_bytes(value).lower() == b"close" for name, value in fields
               if as_bytes(name).lower() == b"connection"):
            self.end()

    def begin_chunks(self, status=200, fields=()):
        self.send(response_bytes(status, b"", [*fields, ("Transfer-Encoding", "chunked")],
                                 length=False))

    def chunk(self, data):
        self.send(chunk(as_bytes(data)))

    def end_chunks(self):
        self.send(LAST_CHUNK)

    def end(self):
        """Ends the connection in order after what was sent."""
        self.over = True
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Aborts the connection."""
        self.over = True
        reset(self.sock)

    def run(self, steps):
        """Bytes are sent, numbers are pauses in seconds, the words above do what they say."""
        for step in steps:
            if step == RESET:
                self.reset()
            elif step == END:
                self.end()
            elif step == BODY:
                self.read_body()
            elif isinstance(step, (int, float)):
                time.sleep(step)
            else:
                self.send(step)


def answer_ok(call):
    call.reply(body=b"served\n")


def mirror(call):
    """Answers with the request's body, or its target where it has none."""
    body = call.read_body()
    call.reply(body=body or as_bytes(call.target))


def naming(name, **options):
    """An answer that says which origin gave it."""

    def answer(call):
        call.reply(body=as_bytes(name), **options)

    return answer


def scripted(*steps):
    """Every request is answered by the same steps."""

    def answer(call):
        call.run(steps)

    return answer


class Slowly:
    """Answers after a while, and counts how many requests it had at one time. They count until just
    before their answer: once it is sent, the next one may come."""

    def __init__(self, seconds, answer=answer_ok):
        self.seconds, self.answer = seconds, answer
        self.now = self.peak = 0
        self.lock = threading.Lock()

    def __call__(self, call):
        with self.lock:
            self.now += 1
            self.peak = max(self.peak, self.now)
        call.read_body()
        time.sleep(self.seconds)
        with self.lock:
            self.now -= 1
        self.answer(call)


class HttpOrigin(Server):
    """Serves each connection in a thread of its own; `requests` and `transcripts` are kept."""

    def __init__(self, answer=answer_ok, strict=True, **options):
        self.answer = answer
        self.strict = strict  # what is no well-formed request is a failure of the test
        self.requests = []  # heads complete, in their order
        self.transcripts = []  # bytes received, by connection
        self.malformed = []
        self.failures = []
        self.in_flight = 0
        self.cut_requests = 0  # the proxy went away within a request
        self.idle_connections = set()  # between two requests now
        self.record = threading.Lock()
        super().__init__(HttpOrigin.converse, **options)
        self.tcp_url = self.url
        self.url = self.url.replace("tcp+unix:", "http+unix:").replace("tcp://", "http://")

    def converse(self, taken):
        transcript = bytearray()
        with self.record:
            connection = len(self.transcripts)
            self.transcripts.append(transcript)
        stream = Stream(taken, transcript)
        number = 0
        try:
            while (request := read_request_head(stream)) is not None:
                # Who takes a connection out of the set first has it: close_idle(), or we.
                try:
                    self.idle_connections.remove(taken)
                except KeyError:
                    if number > 0:
                        break  # closed for being idle: whatever came is not answered
                number += 1
                if not self.serve_request(Call(self, stream, request, connection, number)):
                    break
                self.idle_connections.add(taken)
            self.linger(taken, transcript)
        except Cut:
            with self.record:
                self.cut_requests += 1
        except Malformed as complaint:
            with self.record:
                self.malformed.append(f"{complaint}; received: {bytes(transcript)!r}")
        except (OSError, ValueError):
            pass  # the proxy went away, or the test ended the connection from another thread
        except BaseException as failure:
            with self.record:
                self.failures.append(failure)
            raise

    def serve_request(self, call):
        with self.record:
            self.requests.append(call.request)
            self.in_flight += 1
        try:
            self.answer(call)
            if not call.over and not call.body_taken:
                call.read_body()
        finally:
            with self.record:
                self.in_flight -= 1
        return not call.over

    @staticmethod
    def linger(taken, transcript):
        """What arrives after the last answer is recorded, too."""
        if taken.fileno() >= 0:
            taken.settimeout(5)
            while piece := taken.recv(1 << 16):
                transcript += piece

    def close_idle(self):
        """Closes the connections that are between two requests, as servers do after a while; says
        how many."""
        idle = list(self.idle_connections)
        closed = 0
        for taken in idle:
            try:
                self.idle_connections.remove(taken)
            except KeyError:
                continue  # a request has come meanwhile
            closed += 1
            with contextlib.suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
        return closed

    def retire(self):
        """Goes away as a careful server does: refuses connects, lets requests finish, closes
        connections while they are idle."""
        eventually(lambda: not self.origin.waiting(), "nobody waits to be accepted", pause=0.001)
        with contextlib.suppress(OSError):
            self.origin.listener.shutdown(socket.SHUT_RDWR)
        end = time.monotonic() + 1
        while self.connections and time.monotonic() < end:
            self.close_idle()
            time.sleep(0.005)
        self.close()

    def targets(self):
        return [request.target for request in list(self.requests)]

    def last(self):
        if not self.requests:
            raise Failure("the origin received no request")
        return self.requests[-1]

    def received(self):
        """Everything received, connection after connection; empty ones (probes) left out."""
        return [bytes(transcript) for transcript in self.transcripts if transcript]

    def wait_for(self, count, seconds=10):
        """Until `count` requests' heads have come."""
        eventually(lambda: len(self.requests) >= count, f"{count} requests reached the origin",
                   seconds)

    def __exit__(self, kind, *rest):
        self.close()
        if kind is None and self.failures:
            raise Failure(f"the origin failed: {self.failures[0]!r}")
        if kind is None and self.strict and self.malformed:
            raise Failure(f"the origin received what is no request: {self.malformed[0]}")


class Gate:
    """Holds answers back until the test opens it."""

    def __init__(self, answer=answer_ok):
        self.answer = answer
        self.opened = threading.Event()
        self.waiting = 0
        self.lock = threading.Lock()

    def __call__(self, call):
        with self.lock:
            self.waiting += 1
        try:
            if not self.opened.wait(30):
                raise Failure("the test never opened the gate")
        finally:
            with self.lock:
                self.waiting -= 1
        self.answer(call)

    def open(self):
        self.opened.set()
