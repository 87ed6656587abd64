"""Thousands of connections from one thread: an echo origin and a client, both on epoll."""

import select
import socket
import time

from harness.base import Failure, scaled
from harness.sockets import connect


def echo_until_quiet(listener, wanted, seconds=60):
    """Serves echoes until `wanted` connections have come and gone; returns what it saw.

    Meant to run in a process of its own.
    """
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    listener.setblocking(False)
    connections, seen = {}, {"accepted": 0, "peak": 0, "bytes": 0}
    end = time.monotonic() + scaled(seconds)
    while seen["accepted"] < wanted or connections:
        if time.monotonic() > end:
            seen["left"] = len(connections)
            return seen
        for number, _ in poll.poll(0.5):
            if number == listener.fileno():
                accept_all(listener, connections, poll, seen)
                continue
            taken = connections[number]
            try:
                piece = taken.recv(1 << 16)
            except ConnectionError:
                piece = b""
            if piece:
                seen["bytes"] += len(piece)
                taken.send(piece)
            else:
                poll.unregister(number)
                del connections[number]
                taken.close()
    return seen


def accept_all(listener, connections, poll, seen):
    while True:
        try:
            taken, _ = listener.accept()
        except BlockingIOError:
            return
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connections[taken.fileno()] = taken
        poll.register(taken, select.EPOLLIN)
        seen["accepted"] += 1
        seen["peak"] = max(seen["peak"], len(connections))


def open_many(address, count, **options):
    return [connect(address, seconds=30, **options) for _ in range(count)]


def exchange_with_all(clients, message):
    """Sends to all, then takes all answers: every connection is alive at once."""
    for client in clients:
        client.sendall(message)
    for number, client in enumerate(clients):
        answer = b""
        while len(answer) < len(message):
            piece = client.recv(len(message) - len(answer))
            if not piece:
                raise Failure(f"connection {number} ended instead of answering")
            answer += piece
        if answer != message:
            raise Failure(f"connection {number} answered {answer!r}")


def close_all(clients):
    for client in clients:
        client.close()
