"""Plain sockets as tests use them: clients, origins that a test drives by hand, and echo servers.

An address is a (host, port) pair or the path of a Unix socket, on both sides.
"""

import contextlib
import random
import select
import socket
import struct
import threading
import time

from harness.base import Failure, eventually, scaled

BLOCK = 1 << 20


def family_of(address):
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def connect(address, source=None, seconds=10, receive_buffer=None):
    client = socket.socket(family_of(address), socket.SOCK_STREAM)
    client.settimeout(scaled(seconds))
    if receive_buffer is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source is not None:
        client.bind((source, 0) if isinstance(source, str) else source)
    try:
        client.connect(address)
    except BaseException:
        client.close()
        raise
    if client.family != socket.AF_UNIX:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def receive_exactly(sock, count):
    data = bytearray()
    while len(data) < count:
        piece = sock.recv(min(count - len(data), BLOCK))
        if not piece:
            raise Failure(f"the stream ended after {len(data)} of {count} bytes")
        data += piece
    return bytes(data)


def receive_all(sock):
    """Everything until the other side ends its half."""
    data = bytearray()
    while True:
        piece = sock.recv(BLOCK)
        if not piece:
            return bytes(data)
        data += piece


def receive_until_reset(sock):
    """Everything until a reset arrives; an orderly end is a failure."""
    data = bytearray()
    while True:
        try:
            piece = sock.recv(BLOCK)
        except ConnectionResetError:
            return bytes(data)
        if not piece:
            raise Failure(f"the stream ended in order after {len(data)} bytes, wanted a reset")
        data += piece


def expect_end(sock):
    """The other side ended its half and sent nothing more."""
    piece = sock.recv(1)
    if piece:
        raise Failure(f"wanted the end of the stream, got {piece!r}")


def expect_gone(sock):
    """The connection is over, in order or by reset."""
    try:
        expect_end(sock)
    except ConnectionError:
        pass


def expect_turned_away(address, **options):
    """A connection to `address` ends at once, in order or by reset; even connect may tell so."""
    try:
        with connect(address, **options) as client:
            expect_gone(client)
    except ConnectionResetError:
        pass


def expect_silence(sock, seconds=0.3):
    """Nothing arrives, neither bytes nor an end."""
    ready, _, _ = select.select([sock], [], [], seconds)
    if ready:
        try:
            piece = sock.recv(100)
        except ConnectionError as error:
            piece = error
        raise Failure(f"wanted silence, got {piece!r}")


def reset(sock):
    """Closes with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def pattern(count, seed=1):
    """Bytes that do not repeat in any way a mistake could hide in."""
    return random.Random(seed).randbytes(count)


def ask(sock, message=b"ping"):
    """One exchange with an echo server."""
    sock.sendall(message)
    answer = receive_exactly(sock, len(message))
    if answer != message:
        raise Failure(f"asked {message!r}, got {answer!r}")


def fill(sock, limit=1 << 30, quiet_seconds=0.5):
    """Sends until nothing more fits for a while; returns what was sent, as a count."""
    sock.setblocking(False)
    block = bytes(1 << 16)
    sent = 0
    quiet_since = time.monotonic()
    while sent < limit and time.monotonic() - quiet_since < quiet_seconds:
        try:
            sent += sock.send(block)
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    sock.settimeout(scaled(10))
    return sent


class Origin:
    """A listening socket whose connections the test takes and drives itself."""

    def __init__(self, address=("127.0.0.1", 0), backlog=1024, receive_buffer=None):
        self.listener = socket.socket(family_of(address), socket.SOCK_STREAM)
        if self.listener.family != socket.AF_UNIX:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if receive_buffer is not None:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.listener.bind(address)
        self.listener.listen(backlog)
        self.listener.settimeout(scaled(10))
        name = self.listener.getsockname()
        if isinstance(name, bytes):
            name = name.decode()  # an abstract Unix socket
        self.address = name if isinstance(name, str) else name[:2]
        self.taken = []

    @property
    def port(self):
        return self.address[1]

    @property
    def url(self):
        return url_of(self.address)

    def accept(self, seconds=10):
        self.listener.settimeout(scaled(seconds))
        try:
            taken, _ = self.listener.accept()
        except TimeoutError:
            raise Failure(f"nobody connected to {self.url} in time") from None
        taken.settimeout(scaled(10))
        if taken.family != socket.AF_UNIX:
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.taken.append(taken)
        return taken

    def waiting(self, seconds=0.0):
        """True when a connection waits to be accepted."""
        return bool(select.select([self.listener], [], [], seconds)[0])

    def close(self):
        for taken in self.taken:
            taken.close()
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def is_open(sock):
    """True while neither side has ended the connection, as the kernel knows it."""
    try:
        state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    except OSError:
        return False
    return state == 1  # TCP_ESTABLISHED


def url_of(address):
    if isinstance(address, str):
        return f"tcp+unix:{address}".replace("\0", "@")
    host, port = address
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def free_port(host="127.0.0.1"):
    """A port that nobody uses now, for programs that cannot let the kernel choose."""
    with socket.socket(family_of((host, 0)), socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, 0))
        return probe.getsockname()[1]


def closed_port(host="127.0.0.1"):
    """An address that refuses connections."""
    return (host, free_port(host))


@contextlib.contextmanager
def stuck_address():
    """An address where connects neither succeed nor fail: a listener whose queue is full."""
    listener = socket.socket()
    fillers = []
    try:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        time.sleep(0.1)
        yield listener.getsockname()
    finally:
        for filler in fillers:
            filler.close()
        listener.close()


class Server:
    """An origin with a thread per connection that runs `serve(self, connection)`.

    Counts what arrived and left, so that ringway's figures can be held against it.
    """

    def __init__(self, serve=None, address=("127.0.0.1", 0), backlog=1024):
        self.origin = Origin(address, backlog)
        self.address = self.origin.address
        self.url = self.origin.url
        self.serve = serve or type(self).echo
        self.accepted = 0
        self.active = 0
        self.active_peak = 0  # as threads saw it, which hear of an end a little late
        self.open_peak = 0  # as the kernel knew whenever one more had come
        self.bytes_in = 0
        self.bytes_out = 0
        self.peers = []
        self.lock = threading.Lock()
        self.connections = set()
        self.closing = False
        self.thread = threading.Thread(target=self.accept_all, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.address[1]

    def accept_all(self):
        while True:
            try:
                self.origin.listener.settimeout(None)
                taken, peer = self.origin.listener.accept()
            except OSError:
                return
            with self.lock:
                if self.closing:
                    taken.close()
                    return
                self.accepted += 1
                self.active += 1
                self.active_peak = max(self.active_peak, self.active)
                self.open_peak = max(self.open_peak, 1 + sum(map(is_open, self.connections)))
                self.peers.append(peer)
                self.connections.add(taken)
            threading.Thread(target=self.serve_one, args=(taken,), daemon=True).start()

    def serve_one(self, taken):
        try:
            if taken.family != socket.AF_UNIX:
                taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.serve(self, taken)
        except OSError:
            pass
        finally:
            with self.lock:
                self.active -= 1
                self.connections.discard(taken)
            taken.close()

    def count(self, received=0, sent=0):
        with self.lock:
            self.bytes_in += received
            self.bytes_out += sent

    def echo(self, taken):
        while True:
            piece = taken.recv(1 << 16)
            if not piece:
                return
            self.count(received=len(piece))
            taken.sendall(piece)
            self.count(sent=len(piece))

    def close(self):
        with self.lock:
            self.closing = True
            left = list(self.connections)
        with contextlib.suppress(OSError):
            self.origin.listener.shutdown(socket.SHUT_RDWR)
        self.origin.close()
        for taken in left:
            with contextlib.suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
        self.thread.join(scaled(5))

    def idle(self):
        eventually(lambda: self.active == 0, "the origin's connections ended")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def named(name):
    """A server that says its name at once and ends; which endpoint served is then plain to see."""

    def serve(server, taken):
        taken.sendall(name.encode())
        server.count(sent=len(name))
        taken.shutdown(socket.SHUT_WR)
        while taken.recv(1 << 16):
            pass

    return serve


def holding(name):
    """A server that says its name and keeps the connection until the client ends it."""

    def serve(server, taken):
        taken.sendall(name.encode() + b"\n")
        while taken.recv(1 << 16):
            pass

    return serve


def who_serves(address, source=None):
    """The name that a `named` server behind `address` says; empty when nobody does."""
    try:
        with connect(address, source=source) as client:
            return receive_all(client).decode()
    except ConnectionError:
        return ""
