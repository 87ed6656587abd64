"""An origin that refuses connects for a while, again and again, and closes idle connections."""

import ctypes
import random
import socket
import struct
import threading

from harness.base import eventually, scaled
from harness.http_origin import HttpOrigin

SO_ATTACH_FILTER = 26
# A classic BPF program over a TCP header: a segment with SYN is dropped, everything else passes.
NO_MORE_CONNECTS = b"".join(struct.pack("HBBI", *line) for line in (
    (0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF)))


class Flapping(HttpOrigin):
    """Its listening socket closes and opens again without resetting anybody who has connected, so
    that every connect is either served or refused; idle connections end at any moment."""

    def __init__(self, answer, seed, **options):
        self.closings = self.idle_closed = 0
        self.stopping = threading.Event()
        super().__init__(answer, **options)
        self.workers = [threading.Thread(target=work, args=(random.Random(seed),), daemon=True)
                        for work in (self.flap, self.drop_idle)]
        for worker in self.workers:
            worker.start()

    def flap(self, rng):
        while not self.stopping.wait(rng.uniform(0.2, 0.6)):
            self.shut()
            self.stopping.wait(rng.uniform(0.1, 0.5))
            self.open()

    def drop_idle(self, rng):
        while not self.stopping.wait(rng.uniform(0.01, 0.15)):
            self.idle_closed += self.close_idle()

    def shut(self):
        listener = self.origin.listener
        code = ctypes.create_string_buffer(NO_MORE_CONNECTS, len(NO_MORE_CONNECTS))
        program = struct.pack("HP", len(NO_MORE_CONNECTS) // 8, ctypes.addressof(code))
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
        eventually(lambda: not self.origin.waiting(0.002), "who has connected is accepted", pause=0)
        listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(scaled(5))
        listener.close()
        self.closings += 1

    def open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self.address)
        listener.listen(1024)
        self.origin.listener = listener
        self.thread = threading.Thread(target=self.accept_all, daemon=True)
        self.thread.start()

    def close(self):
        self.stopping.set()
        for worker in self.workers:
            worker.join(scaled(10))
        super().close()
