"""Addresses of every kind, and what the kernel is told about sockets."""

import os
import signal
import socket
import stat
import threading
import time

from harness.base import Folder, contains, equal, eventually, expect, timeout_of
from harness.process import need, run
from harness.ringway import Ringway, refused, serve_pair
from harness.sockets import (Origin, Server, ask, connect, free_port, named, pattern,
                             receive_exactly, url_of, who_serves)


def test_ipv6_on_both_sides():
    with Server(address=("::1", 0)) as echo:
        with Ringway("--listen", "tcp://[::1]:0", "--upstream", echo.url) as ringway:
            equal(ringway.address()[0], "::1", "the address shown")
            with ringway.connect() as client:
                ask(client)


def test_unix_sockets_on_both_sides():
    with Folder() as folder:
        with Server(address=folder.file("behind")) as echo:
            with Ringway("--listen", f"tcp+unix:{folder.file('front')}", "--upstream",
                         echo.url) as ringway:
                equal(ringway.address(), folder.file("front"), "the address shown")
                clients = [ringway.connect() for _ in range(20)]
                for index, client in enumerate(clients):
                    ask(client, b"over two unix sockets %d" % index)
                expect(all(shard.accepted or shard.active for shard in ringway.stats().shards),
                       "connections of a Unix listener are dealt out to all shards")
                for client in clients:
                    client.close()
                equal(ringway.settled(sessions=20).closed("finished"), 20, "finished sessions")


def test_bulk_passes_through_unix_sockets_unchanged():
    data = pattern(20_000_000)
    with Folder() as folder, Server(address=folder.file("behind")) as echo:
        for mode in ("copy", "splice", "auto"):
            with Ringway("--listen", f"tcp+unix:{folder.file(mode)}", "--upstream", echo.url,
                         "--relay", mode) as ringway:
                with ringway.connect() as client:
                    sender = threading.Thread(target=client.sendall, args=(data,))
                    sender.start()
                    expect(receive_exactly(client, len(data)) == data, f"differs under {mode}")
                    sender.join()


def test_abstract_unix_sockets_on_both_sides():
    front, behind = f"rw-front-{os.getpid()}", f"rw-behind-{os.getpid()}"
    with Server(address="\0" + behind):
        with Ringway("--listen", f"tcp+unix:@{front}", "--upstream",
                     f"tcp+unix:@{behind}") as ringway:
            equal(ringway.address(), "\0" + front, "the address shown")
            with ringway.connect() as client:
                ask(client)


def test_a_unix_listener_has_the_mode_that_was_asked_for():
    with Folder() as folder, Server() as echo:
        path = folder.file("front")
        with Ringway("--listen", f"tcp+unix:{path}?unix-mode=0606", "--upstream", echo.url):
            equal(stat.S_IMODE(os.stat(path).st_mode), 0o606, "mode")
        expect(not os.path.exists(path), "the file is removed at the end")


def test_a_stale_unix_socket_is_replaced():
    with Folder() as folder, Server() as echo:
        path = folder.file("front")
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(path)
        stale.close()
        with Ringway("--listen", f"tcp+unix:{path}", "--upstream", echo.url) as ringway:
            with ringway.connect() as client:
                ask(client)


def test_a_unix_socket_on_which_somebody_answers_is_left_alone():
    with Folder() as folder, Server(named("first"), address=folder.file("taken")) as owner:
        line = refused("--listen", owner.url, "--upstream", "tcp://127.0.0.1:1", "--shards", 1,
                       "--control", folder.file("control"), code=1)
        contains(line, folder.file("taken"))
        equal(who_serves(owner.address), "first")


def test_a_file_that_is_no_socket_is_never_replaced():
    with Folder() as folder:
        path = folder.write("precious", "data")
        line = refused("--listen", f"tcp+unix:{path}", "--upstream", "tcp://127.0.0.1:1",
                       "--control", folder.file("control"), code=1)
        contains(line, path)
        with open(path) as precious:
            equal(precious.read(), "data", "what is in the file")


def test_a_listener_and_its_upstream_may_be_of_different_families():
    with Folder() as folder, Server(address=("::1", 0)) as echo:
        with Ringway("--listen", "tcp://127.0.0.1:0", "--listen",
                     f"tcp+unix:{folder.file('front')}", "--upstream", echo.url) as ringway:
            for address in (ringway.address(), folder.file("front")):
                with connect(address) as client:
                    ask(client)


# ---- ports -----------------------------------------------------------------------------------


def test_a_port_in_use_is_refused_with_one_line():
    with Folder() as folder, Origin() as taken:
        line = refused("--listen", taken.url, "--upstream", "tcp://127.0.0.1:1", "--control",
                       folder.file("control"), code=1)
        contains(line, str(taken.port))


def test_a_port_of_another_ringway_is_refused_with_one_line():
    with Folder() as folder, Server() as echo, serve_pair(echo) as ringway:
        address = ringway.address()
        line = refused("--listen", url_of(address), "--upstream", echo.url, "--control",
                       folder.file("control"), code=1)
        contains(line, str(address[1]))
        with ringway.connect() as client:
            ask(client)


def test_a_port_that_becomes_free_within_a_second_is_taken():
    with Server() as echo:
        origin = Origin()
        ringway = Ringway("--listen", origin.url, "--upstream", echo.url, wait=False)
        with ringway:
            time.sleep(0.3)
            origin.close()
            ringway.wait_until_ready()
            with ringway.connect() as client:
                ask(client)


def test_after_kill_9_it_binds_again_at_once():
    port = free_port()
    with Server() as echo, Folder() as folder:
        flags = ("--listen", f"tcp://127.0.0.1:{port}", "--upstream", echo.url, "--listen",
                 f"tcp+unix:{folder.file('front')}", "--control", folder.file("control"))
        first = Ringway(*flags, control=False, wait=False)
        first.control_path = folder.file("control")
        first.wait_until_ready()
        clients = [connect(("127.0.0.1", port)) for _ in range(10)]
        for client in clients:
            ask(client)
        first.kill()
        began = time.monotonic()
        with Ringway(*flags, control=False, wait=False) as second:
            second.control_path = folder.file("control")
            second.wait_until_ready()
            for address in (("127.0.0.1", port), folder.file("front")):
                with connect(address) as client:
                    ask(client)
            expect(time.monotonic() - began < 15, "it took long")
        for client in clients:
            client.close()


# ---- socket options --------------------------------------------------------------------------


def sockets_of(port, side):
    """`ss` on established connections whose local (sport) or remote (dport) port is this one."""
    return run([need("ss"), "-tinoH", "state", "established", f"( {side} = :{port} )"]).stdout


def test_the_congestion_control_of_each_side_is_as_asked():
    with Origin() as origin:
        with Ringway("--listen", "tcp://127.0.0.1:0?congestion=reno", "--upstream",
                     f"{origin.url}?congestion=cubic") as ringway:
            with ringway.connect() as client:
                origin.accept()
                client.sendall(b"x")
                contains(sockets_of(ringway.address()[1], "sport"), " reno ")
                contains(sockets_of(origin.port, "dport"), " cubic ")


def test_an_unknown_congestion_control_is_refused():
    with Folder() as folder:
        line = refused("--listen", "tcp://127.0.0.1:0?congestion=nonsense", "--upstream",
                       "tcp://127.0.0.1:1", "--control", folder.file("control"), code=1)
        contains(line, "nonsense")


def test_keepalive_is_off_unless_asked_for():
    with Origin() as origin:
        for query, wanted in (("", False), ("?keepalive=on&keepalive-idle=77s", True)):
            with Ringway("--listen", f"tcp://127.0.0.1:0{query}", "--upstream",
                         f"{origin.url}{query}") as ringway:
                with ringway.connect() as client:
                    server = origin.accept()
                    client.sendall(b"x")
                    receive_exactly(server, 1)
                    for said in (sockets_of(ringway.address()[1], "sport"),
                                 sockets_of(origin.port, "dport")):
                        equal("timer:(keepalive,1min" in said, wanted, said)
                    server.close()


def descriptor_copies(pid):
    """The sockets of a process, as copies (pidfd_getfd)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(pid)
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
                continue
        except FileNotFoundError:
            continue
        copy = libc.syscall(438, pidfd, int(name), 0)
        if copy >= 0:
            yield socket.socket(fileno=copy)
    os.close(pidfd)


def test_small_packets_are_not_held_back_on_either_side():
    with Origin() as origin, serve_pair(origin) as ringway:
        with ringway.connect():
            origin.accept()
            found = 0
            for copy in descriptor_copies(ringway.pid):
                with copy:
                    try:
                        copy.getpeername()
                        no_delay = copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
                    except OSError:
                        continue
                    equal(no_delay, 1, "TCP_NODELAY")
                    found += 1
            equal(found, 2, "connected TCP sockets of ringway")


@timeout_of(60)
def test_a_listening_socket_belongs_to_each_shard():
    with Server() as echo, serve_pair(echo) as ringway:
        port = ringway.address()[1]
        lines = run([need("ss"), "-ltnH", f"sport = :{port}"]).stdout.splitlines()
        equal(len(lines), 2, "listening sockets of two shards")
        eventually(lambda: spread(ringway), "both shards accept")


def spread(ringway):
    for _ in range(20):
        with ringway.connect() as client:
            ask(client)
    return all(shard.accepted > 0 for shard in ringway.stats().shards)


def test_a_signal_with_nothing_to_do_is_logged():
    with Server() as echo, serve_pair(echo) as ringway:
        for number, word in ((signal.SIGHUP, "HUP"), (signal.SIGUSR1, "USR1")):
            ringway.signal(number)
            eventually(lambda: word in ringway.output(), f"the log speaks of {word}")
        with ringway.connect() as client:
            ask(client)
