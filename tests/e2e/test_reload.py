"""Other settings while ringway runs: what changes, what must not, and whom nobody may notice it."""

import json
import os
import signal
import socket
import threading
import time

from harness.base import (Failure, Folder, contains, equal, eventually, expect, never,
                          not_instrumented, scaled)
from harness.endpoints import endpoints, row_of
from harness.ringway import Ringway
from harness.sockets import (Server, ask, closed_port, connect, holding, named, receive_exactly,
                             url_of, who_serves)


class Reloadable(Ringway):
    """Runs from a file that the test rewrites."""

    def __init__(self, text, *flags, **options):
        self.files = Folder().__enter__()
        self.config_path = self.files.write("ringway.toml", text)
        super().__init__("--config", self.config_path, *flags, **options)

    def rewrite(self, text):
        self.files.write("ringway.toml", text)

    def reload(self, text):
        """Has the new file taken by every shard."""
        self.rewrite(text)
        reply = self.ask("reload")
        expect(not reply.startswith("error"), f"the reply was {reply!r}")
        return reply

    def refuse(self, text):
        """The new file is refused; returns what ctl prints to standard error."""
        self.rewrite(text)
        reply = self.ask("reload")
        expect(reply.startswith("error: reload refused: "), f"the reply was {reply!r}")
        return reply

    def __exit__(self, *arguments):
        try:
            super().__exit__(*arguments)
        finally:
            self.files.__exit__()


def pool_of(*servers, name="pool", more="", options=None):
    """A file with one listener before one upstream."""
    urls = json.dumps([server.url + (options or "") for server in servers])
    return (f'[[listener]]\nname = "front"\nurl = "tcp://127.0.0.1:0"\n'
            f'[[upstream]]\nname = "{name}"\nendpoints = {urls}\n{more}')


def serves(ringway, count=12):
    """The names of those who serve."""
    address = ringway.address()
    return {who_serves(address) for _ in range(count)}


class Exchanging:
    """Clients that connect, exchange and leave, over and over; counts what failed."""

    def __init__(self, address, clients=4):
        self.address = address
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.done = 0
        self.failures = []
        self.threads = [threading.Thread(target=self.work, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def work(self):
        while not self.stopping.is_set():
            try:
                with connect(self.address) as client:
                    ask(client, b"x" * 3000)
                with self.lock:
                    self.done += 1
            except (OSError, Failure) as error:
                with self.lock:
                    self.failures.append(repr(error))

    def wait_for_more(self, count):
        wanted = self.done + count
        eventually(lambda: self.done >= wanted or self.failures, "exchanges go on")

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(scaled(10))


# ---- what changes ------------------------------------------------------------------------------


def test_endpoints_come_and_go():
    with endpoints("a", "b", "c") as (a, b, c):
        with Reloadable(pool_of(a, b)) as ringway:
            equal(serves(ringway), {"a", "b"}, "who serves before")
            contains(ringway.reload(pool_of(b, c)), "generation 2")
            equal(serves(ringway), {"b", "c"}, "who serves after")
            info = ringway.info()
            equal((info["generation"], info["reloads"]["done"], info["reloads"]["last_result"]),
                  (2, 1, "ok"), "what info tells")
            # One that comes back serves again.
            ringway.reload(pool_of(a))
            equal(serves(ringway), {"a"}, "who serves in the end")
            equal(ringway.info()["generation"], 3, "the generation")


def test_the_signal_does_what_the_command_does():
    with endpoints("a", "b") as (a, b):
        with Reloadable(pool_of(a)) as ringway:
            ringway.rewrite(pool_of(b))
            ringway.signal(signal.SIGHUP)
            eventually(lambda: ringway.info()["generation"] == 2, "the new settings are there")
            eventually(lambda: "reloaded" in ringway.stderr(), "the log tells")
            equal(serves(ringway), {"b"}, "who serves")
            contains(ringway.stderr(), "why=HUP", "generation=2")


def test_a_new_upstream_takes_a_listener_over():
    with endpoints("a", "b") as (a, b):
        with Reloadable(pool_of(a, name="old")) as ringway:
            equal(serves(ringway), {"a"})
            ringway.reload(pool_of(b, name="new"))
            equal(serves(ringway), {"b"})
            equal(ringway.info()["listeners"][0]["upstream"], "new", "where the listener leads")
            ringway.reload(pool_of(a, name="old"))
            equal(serves(ringway), {"a"})


def test_limits_are_raised_and_lowered_exactly():
    with Server(holding("a")) as server:
        with Reloadable(pool_of(server, options="?max-connections=2"),
                        "--connect-timeout", "60s") as ringway:  # who waits goes on waiting
            address = ringway.address()
            held = [connect(address) for _ in range(5)]
            eventually(lambda: server.active == 2, "as many as are allowed")
            never(lambda: server.active > 2, "more than are allowed")
            ringway.reload(pool_of(server, options="?max-connections=4"))
            eventually(lambda: server.active == 4, "two more")
            never(lambda: server.active > 4, "more than are allowed")
            # Lower: nobody is cut, and nobody comes before there is room.
            ringway.reload(pool_of(server, options="?max-connections=1"))
            never(lambda: server.active != 4, "live connections are cut")
            served = served_of(held)
            equal(len(served), 4, "clients that are served")
            for client in served[:3]:
                client.close()
            eventually(lambda: server.active == 1, "they end")
            never(lambda: server.active != 1, "the fifth is served beyond the limit")
            served[3].close()
            eventually(lambda: server.accepted == 5 and server.active == 1, "then the fifth is")
            for client in held:
                client.close()
            server.idle()
            equal(server.active_peak, 4, "the most there ever were")


def served_of(clients):
    found = []
    for client in clients:
        client.settimeout(0.2)
        try:
            if client.recv(2):
                found.append(client)
        except TimeoutError:
            pass
    return found


def test_a_limit_that_is_new_counts_from_then_on_and_one_that_is_lifted_is_gone():
    with Server(holding("a")) as server:
        with Reloadable(pool_of(server)) as ringway:
            address = ringway.address()
            old = [connect(address) for _ in range(3)]
            for client in old:
                receive_exactly(client, 2)
            ringway.reload(pool_of(server, options="?max-connections=1"))
            first = connect(address)
            receive_exactly(first, 2)
            second = connect(address)
            never(lambda: server.active > 4, "the limit is ignored")
            for client in old:
                client.close()
            eventually(lambda: server.active == 1, "those from before have ended")
            never(lambda: server.active > 1, "what they leave is no permit")
            ringway.reload(pool_of(server))
            receive_exactly(second, 2)
            more = [connect(address) for _ in range(4)]
            for client in more:
                receive_exactly(client, 2)
            for client in (first, second, *more):
                client.close()
            server.idle()


def test_timeouts_hold_for_connections_that_come_later():
    with Server() as server:
        with Reloadable(pool_of(server)) as ringway:
            with connect(ringway.address()) as old:
                ask(old)
                ringway.reload('idle-timeout = "100ms"\n' + pool_of(server))
                with connect(ringway.address()) as new:
                    ask(new)
                    new.settimeout(scaled(5))
                    equal(new.recv(1), b"", "the new one ends")
                ask(old)


def test_a_log_level_from_the_file_holds_at_once():
    with Server() as server:
        with Reloadable(pool_of(server)) as ringway:
            ringway.reload('log-level = "debug"\n' + pool_of(server))
            equal(ringway.info()["log_level"], "debug")


# ---- what stays --------------------------------------------------------------------------------


def test_live_connections_notice_nothing():
    with Server() as a, Server() as b:
        with Reloadable(pool_of(a)) as ringway:
            held = [connect(ringway.address()) for _ in range(10)]
            for client in held:
                ask(client)
            for _ in range(3):
                ringway.reload(pool_of(b))
                for client in held:
                    ask(client, b"y" * 20000)
                ringway.reload(pool_of(a, b))
            equal(a.active, 10, "connections to the one that was taken out and came back")
            for client in held:
                ask(client)
                client.close()
            ringway.settled(sessions=10)


def test_exchanges_under_load_do_not_fail_while_endpoints_change():
    with Server() as a, Server() as b, Server() as c:
        with Reloadable(pool_of(a, b)) as ringway:
            load = Exchanging(ringway.address())
            for turn in range(9):
                ringway.reload(pool_of(*((b, c), (c, a), (a, b))[turn % 3]))
                load.wait_for_more(20)
            load.stop()
            equal(load.failures, [], "exchanges that failed")
            expect(min(server.accepted for server in (a, b, c)) > 20, "each of them served")
            equal(ringway.info()["generation"], 10, "the generation")
            ringway.settled(sessions=load.done)


def test_the_operators_word_holds_over_reloads():
    with endpoints("a", "b", "c") as (a, b, c):
        with Reloadable(pool_of(a, b)) as ringway:
            ringway.set_state("pool", a, "drain")
            ringway.reload(pool_of(a, b, c))
            equal(serves(ringway), {"b", "c"}, "who serves")
            equal(row_of(ringway, a)["state"], "drain")
            # One that was taken out and comes back begins anew.
            ringway.reload(pool_of(b, c))
            ringway.reload(pool_of(a, b, c))
            equal(serves(ringway), {"a", "b", "c"}, "who serves then")
            ringway.set_state("pool", c, "down")
            equal(serves(ringway), {"a", "b"}, "new endpoints listen, too")


def test_what_has_not_changed_makes_no_generation():
    with Server() as server:
        with Reloadable(pool_of(server)) as ringway:
            contains(ringway.reload(pool_of(server)), "nothing has changed")
            info = ringway.info()
            equal((info["generation"], info["reloads"]["done"]), (1, 1))


# ---- names and checks --------------------------------------------------------------------------


def test_a_new_name_is_resolved_before_traffic_goes_there():
    with Server(named("a")) as a, Server(named("b")) as b:
        by_name = pool_of(b).replace("tcp://127.0.0.1:" + str(b.port), f"tcp://localhost:{b.port}")
        with Reloadable(pool_of(a)) as ringway:
            ringway.reload(by_name)
            equal(who_serves(ringway.address()), "b", "who serves the first one after")


def test_a_name_that_does_not_exist_holds_up_nobody_for_long():
    with Server(named("a")) as a:
        text = pool_of(a).replace(a.url + '"', a.url + '", "tcp://no-such-host.invalid:1"')
        with Reloadable(pool_of(a)) as ringway:
            began = time.monotonic()
            ringway.reload(text)
            expect(time.monotonic() - began < scaled(5), "it takes long")
            equal(serves(ringway), {"a"}, "who serves")


def test_checks_begin_and_end_with_a_reload():
    with Server(named("a")) as a, Server(named("b")) as b:
        checked = 'health-check = "interval=50ms,fall=2,rise=1,timeout=50ms"\n'
        with Reloadable(pool_of(a, b)) as ringway:
            gone = url_of(closed_port())
            text = pool_of(a, b).replace(b.url, gone)
            ringway.reload(text + checked)
            eventually(lambda: "unhealthy" in {row["state"] for row in ringway.endpoints()},
                       "the checks find it")
            ringway.reload(text)
            states = {row["state"] for row in ringway.endpoints() if row["name"] in gone}
            equal(states, {"ready"}, "the state without checks")


# ---- refusals ----------------------------------------------------------------------------------


def test_a_bad_file_is_refused_in_one_line_and_the_running_one_stays():
    with endpoints("a", "b") as (a, b):
        with Reloadable(pool_of(a)) as ringway:
            for text, words in (
                    ("what is this", "ringway.toml"),
                    (pool_of(b) + 'balance = "sideways"\n', "sideways"),
                    ('idle-timeout = "soon"\n' + pool_of(b), "soon"),
                    ('buffers = 16\n' + pool_of(b), "buffers"),
                    (pool_of(b).replace("tcp://127.0.0.1:0", "tcp://127.0.0.1:1"), "front")):
                reply = ringway.refuse(text)
                contains(reply, words)
                equal(reply.count("\n"), 1, "lines of the reply")
                equal(serves(ringway, 3), {"a"}, "who serves")
            info = ringway.info()
            equal((info["generation"], info["reloads"]["refused"]), (1, 5))
            contains(info["reloads"]["last_result"], "refused: ")
            eventually(lambda: ringway.stderr().count("reload refused") == 5, "a log line each")
            ringway.reload(pool_of(b))
            equal(serves(ringway), {"b"}, "after a good one")


def test_a_file_that_is_gone_is_refused():
    with Server(named("a")) as a:
        with Reloadable(pool_of(a)) as ringway:
            os.unlink(ringway.config_path)
            contains(ringway.ask("reload"), "error: reload refused: ", "ringway.toml")
            equal(serves(ringway, 3), {"a"})


def test_while_draining_nothing_is_reloaded():
    with Server() as a, Server() as b:
        with Reloadable(pool_of(a), "--drain-timeout", "10s") as ringway:
            with connect(ringway.address()) as client:
                ask(client)
                ringway.ctl("drain")
                ringway.rewrite(pool_of(b))
                contains(ringway.ask("reload"), "draining")
                ask(client)
            equal(ringway.wait(), 0)


# ---- around it ---------------------------------------------------------------------------------


def test_a_service_manager_hears_of_it():
    with Folder() as folder, Server() as a, Server() as b:
        path = folder.file("notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(scaled(10))
            with Reloadable(pool_of(a), env={"NOTIFY_SOCKET": path}) as ringway:
                contains(manager.recv(4096).decode(), "READY=1")
                ringway.reload(pool_of(b))
                contains(manager.recv(4096).decode(), "RELOADING=1\nMONOTONIC_USEC=")
                contains(manager.recv(4096).decode(), "READY=1", "STATUS=serving generation 2")
                ringway.refuse("nonsense")
                contains(manager.recv(4096).decode(), "RELOADING=1")
                contains(manager.recv(4096).decode(), "READY=1", "refused")


def test_many_wishes_at_once_end_with_the_last_file():
    with endpoints("a", "b") as (a, b):
        with Reloadable(pool_of(a)) as ringway:
            for turn in range(40):
                ringway.rewrite(pool_of((b, a)[turn % 2]))
                ringway.signal(signal.SIGHUP)
            ringway.rewrite(pool_of(b))
            ringway.signal(signal.SIGHUP)
            eventually(lambda: serves(ringway, 2) == {"b"}, "the last file counts")
            time.sleep(0.2)
            equal(serves(ringway), {"b"}, "and stays")


def test_memory_does_not_grow_with_reloads():
    not_instrumented("a sanitizer holds back memory that was freed")
    with Server() as a, Server() as b:
        with Reloadable(pool_of(a)) as ringway:
            for turn in range(60):
                ringway.reload(pool_of((b, a)[turn % 2]))
            before = ringway.private_bytes()
            for turn in range(200):
                ringway.reload(pool_of((b, a)[turn % 2]))
            grown = ringway.private_bytes() - before
            expect(grown < 1 << 20, f"{grown} bytes more after 200 reloads")
