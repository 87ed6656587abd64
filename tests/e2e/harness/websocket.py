"""WebSocket, as little of RFC 6455 as tests need: the handshake, frames, both sides by hand.

The client masks and the server does not, as the RFC wants; a real client and server (the Debian
package python3-websockets) are run as programs where there are any.
"""

import base64
import hashlib
import os
import shutil
import struct
import subprocess
import sys

from harness.base import Failure, Skip, equal
from harness.http import Client, Stream

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def accept_key(key):
    return base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest()).decode()


def frame(opcode, payload, mask=None, final=True):
    first = (0x80 if final else 0) | opcode
    flag = 0x80 if mask else 0
    if len(payload) < 126:
        head = struct.pack("!BB", first, flag | len(payload))
    elif len(payload) < 1 << 16:
        head = struct.pack("!BBH", first, flag | 126, len(payload))
    else:
        head = struct.pack("!BBQ", first, flag | 127, len(payload))
    return head + mask + masked(payload, mask) if mask else head + payload


def masked(payload, mask):
    if not payload:
        return b""
    repeated = mask * (len(payload) // 4 + 1)
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:len(payload)], "big")
    return mixed.to_bytes(len(payload), "big")


def read_frame(stream, from_client):
    """(opcode, payload) of the next frame, its mask checked and taken off."""
    first, second = stream.exactly(2)
    if bool(second & 0x80) != from_client:
        raise Failure(f"a frame {'without' if from_client else 'with'} a mask")
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack("!H", stream.exactly(2))
    elif size == 127:
        size, = struct.unpack("!Q", stream.exactly(8))
    mask = stream.exactly(4) if from_client else None
    payload = stream.exactly(size)
    return first & 0x0f, masked(payload, mask) if mask else payload


class WebSocketClient:
    """Connects and shakes hands; then frames."""

    def __init__(self, address, target="/chat", fields=(), early=b"", **options):
        self.client = Client(address, **options)
        key = base64.b64encode(os.urandom(16)).decode()
        self.client.request("GET", target, [
            ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", key), *fields], early)
        self.answer = self.client.response()
        if self.answer.status == 101:
            equal(self.answer.fields.get("Sec-WebSocket-Accept"), accept_key(key), "the handshake")
            equal(self.answer.fields.get("Upgrade").lower(), "websocket", "the protocol")
        self.stream = self.client.stream
        self.sock = self.client.sock

    def send(self, payload, opcode=TEXT, final=True):
        self.sock.sendall(frame(opcode, payload, os.urandom(4), final))

    def receive(self):
        return read_frame(self.stream, from_client=False)

    def close(self):
        self.client.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def shake_hands(call, fields=()):
    """The origin's side of the handshake."""
    if call.request.fields.get("Upgrade", "").lower() != "websocket":
        raise Failure(f"no wish for WebSocket arrived: {call.request.fields}")
    key = call.request.fields.get("Sec-WebSocket-Key")
    call.body_taken = True
    call.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              f"Sec-WebSocket-Accept: {accept_key(key)}\r\n",
              *[f"{name}: {value}\r\n" for name, value in fields], "\r\n")


def echo_frames(call):
    """An origin's function: shakes hands and returns what it gets, until a close frame."""
    shake_hands(call)
    call.over = True
    stream = Stream(call.sock)
    stream.held = call.stream.held
    while True:
        opcode, payload = read_frame(stream, from_client=True)
        if opcode == PING:
            call.send(frame(PONG, payload))
            continue
        call.send(frame(opcode, payload))
        if opcode == CLOSE:
            call.end()
            return


def interpreter_with(module):
    """A Python that has this module: this one, or the system's."""
    for python in (sys.executable, "/usr/bin/python3", shutil.which("python3")):
        if python and subprocess.run([python, "-c", f"import {module}"], check=False,
                                     stderr=subprocess.DEVNULL).returncode == 0:
            return python
    raise Skip(f"no Python here has the module {module}")


SERVER = """
import asyncio, websockets

async def echo(socket, *_):
    async for message in socket:
        await socket.send(message)

async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, max_size=None) as server:
        print("listening", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main())
"""

CLIENT = """
import asyncio, os, sys, websockets

async def main(url):
    async with websockets.connect(url, max_size=None) as socket:
        for size in (0, 1, 125, 126, 65535, 65536, 1 << 20):
            data = os.urandom(size)
            await socket.send(data)
            assert await socket.recv() == data, size
            text = "h\\u00e9llo " * (size // 16)
            await socket.send(text)
            assert await socket.recv() == text, size
        await (await socket.ping())
    print("closed", socket.close_code)

asyncio.run(main(sys.argv[1]))
"""
