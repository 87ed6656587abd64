"""Server-sent events: an origin that stamps each event with the time it was sent, and readers that
tell how long each took."""

import threading
import time

from harness.base import Failure


def event(number):
    return b"id: %d\ndata: %d\n\n" % (number, time.monotonic_ns())


def events(count, pause, chunked=True):
    """An origin's function that sends `count` events, one every `pause` seconds."""

    def answer(call):
        call.read_body()
        fields = [("Content-Type", "text/event-stream"), ("Cache-Control", "no-cache")]
        if chunked:
            call.begin_chunks(fields=fields)
        else:
            call.send("HTTP/1.1 200 OK\r\n", *[f"{name}: {value}\r\n" for name, value in fields],
                      "Connection: close\r\n\r\n")
        due = time.monotonic()
        for number in range(count):
            due += pause
            time.sleep(max(0, due - time.monotonic()))
            call.chunk(event(number)) if chunked else call.send(event(number))
        if chunked:
            call.end_chunks()
        else:
            call.end()

    return answer


class Reader(threading.Thread):
    """Reads events on a client's connection and notes the delay of each in milliseconds."""

    def __init__(self, client, target="/events"):
        super().__init__(daemon=True)
        self.client = client
        self.delays_ms = []
        self.failure = None
        client.request("GET", target, [("Accept", "text/event-stream")])
        self.start()

    def run(self):
        try:
            response = self.client.head()
            if response.status != 200:
                raise Failure(f"status {response.status}")
            if response.fields.get("Transfer-Encoding") == "chunked":
                while data := response.read_chunk(self.client.stream):
                    self.take(data)
            else:
                while data := self.client.stream.some():
                    self.take(data)
        except BaseException as failure:
            self.failure = failure

    def take(self, data):
        """Events are whole in what arrives: each is one write of the origin."""
        now = time.monotonic_ns()
        for line in data.split(b"\n"):
            if line.startswith(b"data: "):
                self.delays_ms.append((now - int(line[6:])) / 1e6)

    def finish(self, seconds=30):
        self.join(seconds)
        if self.is_alive():
            raise Failure(f"the stream did not end; {len(self.delays_ms)} events came")
        if self.failure:
            raise self.failure
        return self.delays_ms


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
