"""`ringway mock`, the built-in origin, as a process."""

from harness.base import Failure, binary, eventually
from harness.process import Process
from harness.ringway import address_of


class Mock:
    """One origin in the given mode; `address` is where it listens."""

    def __init__(self, mode, url=None, options=""):
        scheme = "http" if mode == "http" else "tcp"
        url = url or f"{scheme}://127.0.0.1:0?mode={mode}{options}"
        self.process = Process([binary(), "mock", "--listen", url])

        def ready():
            if not self.process.running():
                raise Failure(f"mock ended: {self.process.output()}")
            lines = [line.split() for line in self.process.stdout().splitlines()]
            found = [words[1] for words in lines if words and words[0] == "listening"]
            return found[0] if found else None

        self.url = eventually(ready, "the mock is ready")
        if self.url.startswith("tcp+unix:"):
            self.address = address_of(self.url)
        else:
            self.url = "tcp://" + self.url.split("://")[1]
            self.address = address_of(self.url)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        code = self.process.stop()
        self.process.check_sanitizers()
        if kind is None and code != 0:
            raise Failure(f"mock ended with {code}: {self.process.output()}")
