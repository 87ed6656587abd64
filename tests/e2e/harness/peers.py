"""Real servers in front of which ringway is put, each with a configuration of the test's own.

All listen on loopback only, keep their files in a temporary folder, and say when they are ready.
"""

import os
import pwd

from harness.base import Failure, Folder, Skip, eventually
from harness.process import Process, need, run
from harness.sockets import connect, free_port


def answers(address):
    try:
        connect(address, seconds=2).close()
        return True
    except OSError:
        return False


class Peer:
    """A server process with a folder; `address` is where it listens."""

    def __init__(self, arguments, folder, address, prepare=None, stdout_ready=None):
        self.folder = folder
        self.address = address
        self.url = f"tcp://{address[0]}:{address[1]}"
        self.process = Process(arguments, prepare=prepare, cwd=folder.path)

        def ready():
            if not self.process.running():
                raise Failure(f"{self.process.name()} ended: {self.process.output()[-2000:]}")
            if stdout_ready is not None:  # where a probing connection would be taken for a client
                return stdout_ready in self.process.output()
            return answers(address)

        eventually(ready, f"{self.process.name()} is ready", 20)

    @property
    def port(self):
        return self.address[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
        self.folder.__exit__()


class Redis(Peer):
    def __init__(self):
        folder = Folder().__enter__()
        port = free_port()
        super().__init__([need("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "",
                          "--appendonly", "no", "--dir", folder.path, "--maxclients", 10000],
                         folder, ("127.0.0.1", port))

    def totals(self):
        """Connections and bytes in and out that Redis counted, without those of this question."""
        with connect(self.address) as admin:
            admin.sendall(b"INFO stats\r\n")
            head = b""
            while b"\r\n" not in head:
                head += admin.recv(1 << 16)
            size, text = head.split(b"\r\n", 1)
            while len(text) < int(size[1:]) + 2:
                text += admin.recv(1 << 16)
        figures = dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
        return {
            "connections": int(figures["total_connections_received"]) - 1,
            "in": int(figures["total_net_input_bytes"]) - len(b"INFO stats\r\n"),
            "out": int(figures["total_net_output_bytes"]),
            "own_in": len(b"INFO stats\r\n"),
            "own_out": len(size) + 2 + len(text),
        }


class Nginx(Peer):
    """Serves the files of its folder's `www`."""

    def __init__(self):
        folder = Folder().__enter__()
        port = free_port()
        os.mkdir(folder.file("www"), 0o755)
        temporary = "\n".join(f"{kind}_temp_path {folder.path}/{kind};" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        folder.write("nginx.conf", f"""
            daemon off; {user} pid {folder.path}/pid; worker_processes 1; error_log stderr;
            events {{ worker_connections 512; }}
            http {{
                access_log off; {temporary} sendfile on; default_type application/octet-stream;
                server {{ listen 127.0.0.1:{port}; root {folder.path}/www; }}
            }}""")
        super().__init__([need("nginx"), "-p", folder.path, "-c", folder.file("nginx.conf"),
                          "-e", "stderr"], folder, ("127.0.0.1", port))

    def file(self, name, data):
        return self.folder.write(f"www/{name}", data)

    @property
    def http_url(self):
        return f"http://127.0.0.1:{self.port}"


class NginxFront(Peer):
    """nginx as a proxy with kept connections, in front of `target`."""

    def __init__(self, target):
        folder = Folder().__enter__()
        port = free_port()
        temporary = "\n".join(f"{kind}_temp_path {folder.path}/{kind};" for kind in
                              ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;" if os.geteuid() == 0 else ""
        folder.write("nginx.conf", f"""
            daemon off; {user} pid {folder.path}/pid; worker_processes 1; error_log stderr;
            events {{ worker_connections 512; }}
            http {{
                access_log off; {temporary}
                upstream behind {{ server {target[0]}:{target[1]}; keepalive 8; }}
                server {{
                    listen 127.0.0.1:{port};
                    client_max_body_size 0;
                    location / {{
                        proxy_pass http://behind;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Host $http_host;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_request_buffering off;
                        proxy_buffering off;
                    }}
                }}
            }}""")
        super().__init__([need("nginx"), "-p", folder.path, "-c", folder.file("nginx.conf"),
                          "-e", "stderr"], folder, ("127.0.0.1", port))


class Postgres(Peer):
    """A fresh cluster that trusts its clients; runs as an ordinary user, as it insists."""

    def __init__(self):
        programs = postgres_programs()
        self.psql_path = os.path.join(programs, "psql")
        folder = Folder().__enter__()
        port = free_port()
        prepare = None
        if os.geteuid() == 0:
            user = unprivileged_user()
            os.chown(folder.path, user.pw_uid, user.pw_gid)
            prepare = become(user)
        data = folder.file("data")
        run([os.path.join(programs, "initdb"), "-D", data, "-U", "tester", "-A", "trust",
             "--no-sync", "--no-locale", "-E", "UTF8"], prepare=prepare, cwd=folder.path,
            seconds=60)
        super().__init__([os.path.join(programs, "postgres"), "-D", data, "-p", port,
                          "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
                          "-c", "fsync=off", "-c", "shared_buffers=16MB"],
                         folder, ("127.0.0.1", port), prepare=prepare)

    def psql(self, address, query, **options):
        return run([self.psql_path, "-X", "-At", "-h", address[0], "-p", address[1], "-U", "tester",
                    "-d", "postgres", "-c", query], **options).stdout


def postgres_programs():
    home = "/usr/lib/postgresql"
    versions = sorted(os.listdir(home)) if os.path.isdir(home) else []
    for version in reversed(versions):
        programs = os.path.join(home, version, "bin")
        if os.path.exists(os.path.join(programs, "initdb")):
            return programs
    raise Skip("PostgreSQL is not installed")


def unprivileged_user():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Skip("there is no unprivileged user")


def become(user):
    """What a child does before exec to run as somebody else."""

    def change():
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)

    return change


class Iperf3(Peer):
    def __init__(self):
        folder = Folder().__enter__()
        port = free_port()
        super().__init__([need("iperf3"), "-s", "-B", "127.0.0.1", "-p", port, "--forceflush"],
                         folder, ("127.0.0.1", port), stdout_ready="Server listening")


class Haproxy(Peer):
    """HAProxy with one frontend: what follows `bind` and the rest of it are the test's choice."""

    def __init__(self, mode, bind_options, rest):
        folder = Folder().__enter__()
        port = free_port()
        folder.write("haproxy.cfg", f"""
global
    nbthread 1
    maxconn 1000
defaults
    mode {mode}
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend in
    bind 127.0.0.1:{port} {bind_options}
    {rest}
""")
        super().__init__([need("haproxy"), "-db", "-f", folder.file("haproxy.cfg")], folder,
                         ("127.0.0.1", port))


class HaproxyFront(Haproxy):
    """HAProxy in HTTP mode with kept connections, in front of `target`."""

    def __init__(self, target):
        super().__init__("http", "", "option forwardfor\n    default_backend out\nbackend out\n"
                         "    http-reuse always\n"
                         f"    server one {target[0]}:{target[1]}")


class ProxyReporter(Haproxy):
    """Tells each client over HTTP what the PROXY preamble said: source and destination."""

    def __init__(self):
        super().__init__("http", "accept-proxy",
                         "http-request return status 200 content-type text/plain "
                         'lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"')


class ProxySender(Haproxy):
    """Passes TCP on to `target` behind a PROXY preamble (`send-proxy` or `send-proxy-v2`)."""

    def __init__(self, target, kind):
        super().__init__("tcp", "", f"default_backend out\nbackend out\n"
                         f"    server one {target[0]}:{target[1]} {kind}")
