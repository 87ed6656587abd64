"""Upstreams made of servers that say who they are."""

import collections
import contextlib

from harness.base import Failure
from harness.sockets import Server, named, who_serves

LISTEN = ("--listen", "tcp://127.0.0.1:0")


@contextlib.contextmanager
def endpoints(*names, serve=named):
    """Servers that say their names; yields them in order."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Server(serve(name))) for name in names]


def upstream_of(servers, options=None, name="pool"):
    urls = [server.url + (options[index] if options else "")
            for index, server in enumerate(servers)]
    return ("--upstream", f"{name}=" + ",".join(urls))


def tally(ringway, count, **options):
    address = ringway.address()
    return collections.Counter(who_serves(address, **options) for _ in range(count))


def row_of(ringway, server):
    """What `ctl upstreams` says about the endpoint at this server's port."""
    for row in ringway.endpoints():
        if row["address"].endswith(f":{server.port}"):
            return row
    raise Failure(f"no endpoint at {server.port} in {ringway.endpoints()}")
