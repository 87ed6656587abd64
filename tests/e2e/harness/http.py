"""HTTP/1.1 messages as tests see them: exact bytes out, strictly parsed messages in.

Shares nothing with the proxy: a mistake that both made would pass unseen.
"""

import re

from harness.base import Failure, equal
from harness.sockets import BLOCK, connect

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.([01])\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)\Z")
CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}\Z")


class Malformed(Failure):
    """What arrived is no message that a strict reader accepts."""


class Cut(Failure):
    """The stream ended within a message; `how` is "end" or "reset"."""

    def __init__(self, how, got=b""):
        super().__init__(f"the stream ended ({how}) within a message, after {bytes(got)[-200:]!r}")
        self.how = how


def as_bytes(text):
    return text.encode("latin-1") if isinstance(text, str) else bytes(text)


class Fields(list):
    """(name, value) pairs of bytes in their order."""

    def all(self, name):
        wanted = as_bytes(name).lower()
        return [value.decode("latin-1") for given, value in self if given.lower() == wanted]

    def get(self, name, default=None):
        """The only value of this name; a repeated field is a failure."""
        values = self.all(name)
        if len(values) > 1:
            raise Failure(f"{name} came {len(values)} times: {values}")
        return values[0] if values else default

    def has(self, name):
        return bool(self.all(name))

    def names(self):
        return [name.decode("latin-1") for name, _ in self]

    def lists(self, name):
        """The elements of a list-valued field, over all its lines."""
        return [part.strip() for value in self.all(name) for part in value.split(",")]


class Stream:
    """Bytes of a socket, taken line by line or counted. Everything taken off the socket is kept in
    `transcript` when one is given."""

    def __init__(self, sock, transcript=None):
        self.sock = sock
        self.held = bytearray()
        self.transcript = transcript

    def fill(self):
        """Receives once; False at the end of the stream."""
        try:
            piece = self.sock.recv(1 << 16)
        except ConnectionError:
            raise Cut("reset", self.held) from None
        if self.transcript is not None:
            self.transcript += piece
        self.held += piece
        return bool(piece)

    def need_more(self):
        if not self.fill():
            raise Cut("end", self.held)

    def take(self, count):
        piece = bytes(self.held[:count])
        del self.held[:count]
        return piece

    def line(self):
        """A line without its CRLF; a bare CR or LF is a failure."""
        searched = 0
        while (end := self.held.find(b"\n", searched)) < 0:
            searched = len(self.held)
            if searched > 1 << 20:
                raise Malformed("a line without an end")
            self.need_more()
        line = self.take(end + 1)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Malformed(f"a line that does not end in CRLF: {line!r}")
        return line[:-2]

    def some(self):
        """Whatever is there, at least a byte; empty at the end."""
        if not self.held and not self.fill():
            return b""
        return self.take(len(self.held))

    def exactly(self, count):
        while len(self.held) < count:
            self.need_more()
        return self.take(count)

    def at_end(self):
        """True when the stream ends here in order."""
        return not self.held and not self.fill()

    def fields(self):
        found = Fields()
        while line := self.line():
            name, colon, value = line.partition(b":")
            if not colon or not TOKEN.match(name):
                raise Malformed(f"not a field line: {line!r}")
            value = value.strip(b" \t")
            if not VALUE.match(value):
                raise Malformed(f"not a field value: {line!r}")
            found.append((name, value))
        return found


def framing_of(fields):
    """("chunked", 0), ("length", N) or (None, 0), refusing whatever is ambiguous."""
    codings = fields.lists("Transfer-Encoding")
    lengths = fields.all("Content-Length")
    if codings and lengths:
        raise Malformed(f"both a coding and a length: {codings} {lengths}")
    if codings:
        if [coding.lower() for coding in codings] != ["chunked"]:
            raise Malformed(f"codings: {codings}")
        return "chunked", 0
    if lengths:
        if len(lengths) > 1 or not re.fullmatch("[0-9]+", lengths[0]):
            raise Malformed(f"lengths: {lengths}")
        return "length", int(lengths[0])
    return None, 0


class Message:
    """What requests and responses have in common."""

    def __init__(self, fields):
        self.fields = fields
        self.body = b""
        self.chunks = []  # sizes, where the body is chunked
        self.trailers = Fields()
        self.framing = None

    def read_chunk(self, stream):
        """The data of the next chunk; after the last one, b"" and the trailers are read."""
        line = stream.line()
        size, semicolon, extension = line.partition(b";")
        if not CHUNK_SIZE.match(size):
            raise Malformed(f"not a chunk's size: {line!r}")
        self.chunks.append(int(size, 16))
        if not self.chunks[-1]:
            self.trailers = stream.fields()
            return b""
        data = stream.exactly(self.chunks[-1])
        if stream.exactly(2) != b"\r\n":
            raise Malformed("a chunk that does not end where it should")
        return data

    def read_chunked(self, stream, body):
        while piece := self.read_chunk(stream):
            body += piece

    def text(self):
        return self.body.decode("latin-1")


class Request(Message):
    def __init__(self, method, target, minor, fields):
        super().__init__(fields)
        self.method = method
        self.target = target
        self.minor = minor
        self.framing, self.length = framing_of(fields)

    def read_body(self, stream):
        body = bytearray()
        try:
            if self.framing == "chunked":
                self.read_chunked(stream, body)
            elif self.framing == "length":
                while len(body) < self.length:
                    if not stream.held:
                        stream.need_more()
                    body += stream.take(self.length - len(body))
        finally:
            self.body = bytes(body)
        return self.body


def read_request_head(stream):
    """The next request's head, or None at an orderly end before it."""
    if not stream.held and not stream.fill():
        return None
    line = stream.line()
    found = REQUEST_LINE.match(line)
    if not found:
        raise Malformed(f"not a request line: {line!r}")
    fields = stream.fields()
    request = Request(found[1].decode(), found[2].decode(), int(found[3]), fields)
    if request.minor == 1 and len(fields.all("Host")) != 1:
        raise Malformed(f"Host came {len(fields.all('Host'))} times")
    return request


class Response(Message):
    def __init__(self, status, reason, minor, fields):
        super().__init__(fields)
        self.status = status
        self.reason = reason
        self.minor = minor
        self.interim = []  # the 1xx responses before it
        self.cut = None  # "end" or "reset": how it ended too early

    def keeps_alive(self):
        options = [option.lower() for option in self.fields.lists("Connection")]
        return "keep-alive" in options if self.minor == 0 else "close" not in options

    def read_body(self, stream, method):
        self.framing, length = framing_of(self.fields)
        if method == "HEAD" or self.status in (101, 204, 304) or self.status < 200:
            self.framing = None
            return
        body = bytearray()
        try:
            if self.framing == "chunked":
                self.read_chunked(stream, body)
            elif self.framing == "length":
                while len(body) < length:
                    if not stream.held:
                        stream.need_more()
                    body += stream.take(length - len(body))
            else:
                self.framing = "close"
                while piece := stream.some():
                    body += piece
        except Cut as cut:
            self.cut = cut.how
        finally:
            self.body = bytes(body)


def read_response_head(stream):
    line = stream.line()
    found = STATUS_LINE.match(line)
    if not found:
        raise Malformed(f"not a status line: {line!r}")
    return Response(int(found[2]), found[3].decode("latin-1"), int(found[1]), stream.fields())


def read_response(stream, method="GET", whole=True):
    """The final response with the interim ones before it; with `whole` it must be complete."""
    interim = []
    while True:
        response = read_response_head(stream)
        if response.status >= 200 or response.status == 101:
            break
        interim.append(response)
    response.interim = interim
    response.read_body(stream, method)
    if whole and response.cut:
        raise Failure(f"the {response.status} was cut ({response.cut}) after "
                      f"{len(response.body)} bytes")
    return response


def request_bytes(method="GET", target="/", fields=(), body=b"", host="gateway.test", minor=1):
    """A well-formed request; a body without a length of the caller's own gets one."""
    lines = [f"{method} {target} HTTP/1.{minor}".encode("latin-1")]
    fields = [(as_bytes(name), as_bytes(value)) for name, value in fields]
    if host is not None:
        lines.append(b"Host: " + as_bytes(host))
    lines += [name + b": " + value for name, value in fields]
    framed = {name.lower() for name, _ in fields} & {b"content-length", b"transfer-encoding"}
    if not framed and (body or method in ("POST", "PUT", "PATCH")):
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunk(data):
    return b"%x\r\n" % len(data) + data + b"\r\n"


LAST_CHUNK = b"0\r\n\r\n"


def chunked(*pieces):
    return b"".join(chunk(piece) for piece in pieces) + LAST_CHUNK


def response_bytes(status=200, body=b"", fields=(), reason=None, length=True):
    """A well-formed response with a Content-Length unless `length` is False."""
    reasons = {200: "OK", 204: "No Content", 304: "Not Modified", 404: "Not Found"}
    lines = [f"HTTP/1.1 {status} {reason or reasons.get(status, 'Whatever')}".encode()]
    lines += [as_bytes(name) + b": " + as_bytes(value) for name, value in fields]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Client:
    """A client's connection: what a test sends goes out as it is, responses come back parsed."""

    def __init__(self, address, **options):
        self.sock = connect(address, **options)
        self.stream = Stream(self.sock)

    def send(self, *pieces):
        self.sock.sendall(b"".join(as_bytes(piece) for piece in pieces))

    def send_bytewise(self, data):
        """Each byte in a segment of its own; an end of the connection stops it quietly."""
        try:
            for index in range(len(data)):
                self.sock.send(data[index:index + 1])
        except ConnectionError:
            pass

    def request(self, *arguments, **options):
        self.send(request_bytes(*arguments, **options))

    def response(self, method="GET", whole=True):
        return read_response(self.stream, method, whole)

    def ask(self, method="GET", *arguments, whole=True, **options):
        self.request(method, *arguments, **options)
        return self.response(method, whole)

    def head(self):
        """A response's head alone; its body stays in the stream."""
        return read_response_head(self.stream)

    def expect_end(self):
        """The server ended in order and sent nothing more."""
        try:
            left = self.stream.some()
        except Cut as cut:
            raise Failure(f"wanted an orderly end, got a {cut.how}") from None
        equal(left, b"", "bytes before the end")

    def expect_gone(self):
        """The server ended, in order or by reset, and sent nothing more."""
        try:
            equal(self.stream.some(), b"", "bytes before the end")
        except Cut:
            pass

    def end_sending(self):
        import socket

        self.sock.shutdown(socket.SHUT_WR)

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def ask_once(address, *arguments, **options):
    """One request on a connection of its own."""
    with Client(address) as client:
        return client.ask(*arguments, **options)


def receive_body(stream, count, sink):
    """Moves `count` bytes of a body to `sink` without keeping them."""
    left = count
    if stream.held:
        piece = stream.take(min(left, len(stream.held)))
        sink(piece)
        left -= len(piece)
    room = memoryview(bytearray(BLOCK))
    while left:
        got = stream.sock.recv_into(room[:min(left, BLOCK)])
        if not got:
            raise Cut("end")
        sink(room[:got])
        left -= got
