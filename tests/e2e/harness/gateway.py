"""ringway as an HTTP gateway: in front of origins, by flags or by a file that a test rewrites."""

import contextlib
import signal
import threading

from harness.base import Failure, Folder, eventually
from harness.http import Client, ask_once
from harness.http_origin import HttpOrigin, naming
from harness.process import need, run
from harness.ringway import Ringway

HTTP_LISTEN = ("--listen", "http://127.0.0.1:0")


class Gateway(Ringway):
    """A Ringway whose clients speak HTTP."""

    def client(self, name=None, **options):
        return Client(self.address(name), **options)

    def get(self, target="/", fields=(), **options):
        """One GET on a connection of its own."""
        return ask_once(self.address(), "GET", target, fields, **options)

    def request(self, *arguments, **options):
        return ask_once(self.address(), *arguments, **options)

    def url(self, path="/", name=None):
        host, port = self.address(name)
        return f"http://{host}:{port}{path}"


def gateway(origin, *flags, listen=HTTP_LISTEN, **options):
    """ringway on a port of the kernel's choice, in front of one origin."""
    return Gateway(*listen, "--upstream", http_url(origin), *flags, **options)


def http_url(origin):
    """The URL of any kind of origin, as one that speaks HTTP."""
    return origin.url.replace("tcp+unix:", "http+unix:").replace("tcp://", "http://")


def upstream(origins, options=None, name="pool"):
    """The flags of one upstream with these endpoints; `options` are URL queries by endpoint."""
    if options is None:
        options = [""] * len(origins)
    elif isinstance(options, str):
        options = [options] + [""] * (len(origins) - 1)
    urls = [http_url(origin) + option for origin, option in zip(origins, options)]
    return ("--upstream", f"{name}=" + ",".join(urls))


@contextlib.contextmanager
def named_origins(*names):
    """Origins that answer with their names."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(HttpOrigin(naming(name))) for name in names]


class Configured(Gateway):
    """A gateway run from a file, which the test may rewrite and have reloaded."""

    def __init__(self, text, *flags, **options):
        self.file_folder = Folder().__enter__()
        self.config_path = self.file_folder.write("ringway.toml", text)
        super().__init__("--config", self.config_path, *flags, **options)

    def reload(self, text):
        """Rewrites the file, sends HUP and waits until the log tells the outcome."""
        said = len(self.output())
        self.file_folder.write("ringway.toml", text)
        self.signal(signal.SIGHUP)

        def told():
            lines = self.output()[said:].splitlines()
            return [line for line in lines if "reload" in line.lower()]

        return eventually(told, "the log tells how the reload went", 10)

    def __exit__(self, *arguments):
        try:
            super().__exit__(*arguments)
        finally:
            self.file_folder.__exit__()


def curl(*arguments, **options):
    """Runs curl, quiet but for errors, away from any proxy setting of the environment."""
    return run([need("curl"), "-q", "-sS", "--noproxy", "*", *arguments], **options)


class Load:
    """Clients that ask over and over on kept connections, until told to stop.

    Counts answers by status, and what went wrong: a connection that ends between two requests is no
    failure when the last response said that it would end.
    """

    def __init__(self, address, clients=4, target="/", method="GET", body=b""):
        self.address = address
        self.request = (method, target, (), body)
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.statuses = {}
        self.failures = []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self):
        client = None
        while not self.stopping.is_set():
            try:
                if client is None:
                    client = Client(self.address)
                response = client.ask(*self.request)
                with self.lock:
                    self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                if not response.keeps_alive():
                    client.close()
                    client = None
            except (OSError, Failure) as failure:
                with self.lock:
                    self.failures.append(repr(failure))
                if client is not None:
                    client.close()
                client = None
        if client is not None:
            client.close()

    def answers(self):
        with self.lock:
            return sum(self.statuses.values())

    def wait_for_more(self, count, seconds=20):
        wanted = self.answers() + count
        eventually(lambda: self.answers() >= wanted, f"{count} more answers", seconds)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
