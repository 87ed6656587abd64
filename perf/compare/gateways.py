"""The candidates as HTTP gateways: what each adds to heads, how it is configured and started."""

import os

from . import machine
from .proxies import PEERS, HAProxy, Nginx, Proxy, Ringway, by_name

# What ringway adds to heads unless told otherwise, in the words of the others.
HAPROXY_FIELDS = """
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(host)]
    http-request set-header X-Forwarded-Port %[dst_port]
    unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
    unique-id-header X-Request-ID
    http-response set-header X-Request-ID %[unique-id]
    http-request add-header Via "1.1 haproxy"
    http-response add-header Via "1.1 haproxy"
"""
NGINX_FIELDS = """
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Port $server_port;
            proxy_set_header X-Request-ID $request_id;
            proxy_set_header Via "1.1 nginx";
            add_header X-Request-ID $request_id;
            add_header Via "1.1 nginx";
"""


class HttpRingway(Ringway):
    def command(self):
        added = ["--forwarded", "off", "--no-via", "--request-id", "off"] if self.bare else []
        return [self.binary, "--listen", f"http://127.0.0.1:{self.port}",
                "--upstream", f"http://127.0.0.1:{self.origin_port}", "--pool-max", "2048",
                "--shards", str(self.shards), "--control", self.control, *added,
                *self.extra_flags]


class RingwayRelay(Ringway):
    """ringway's own TCP relay on the same traffic: what HTTP costs on top of moving bytes."""

    name = "relay"


class HttpHAProxy(HAProxy):
    splice_options = ""

    def command(self):
        per_connection = 2.7 if self.splice_options else 2.1
        most = min(9000, int(machine.read_file_limit() / per_connection) - 200)
        path = self.write("haproxy_http.cfg", {
            "connections_max": most, "splice_options": self.splice_options,
            "pipe_size": self.pipe_size, "fields": "" if self.bare else HAPROXY_FIELDS})
        return ["haproxy", "-db", "-f", path]


class HttpHAProxySplice(HttpHAProxy):
    name = "haproxy-splice"
    bulk_only = True
    splice_options = "    option splice-request\n    option splice-response"
    pipe_size = "    tune.pipesize 1048576"


class HttpNginx(Nginx):
    buffers = ""
    streams = False

    def command(self):
        path = self.write("nginx_http.conf", {
            "fields": "" if self.bare else NGINX_FIELDS, "buffers": self.buffers,
            "buffering": "            proxy_buffering off;" if self.streams else ""})
        os.chmod(self.folder, 0o755)
        return ["nginx", "-p", self.folder, "-c", path]


class HttpNginxLarge(HttpNginx):
    name = "nginx-256k"
    bulk_only = True
    buffers = ("            proxy_buffer_size 64k;\n            proxy_buffers 8 256k;\n"
               "            proxy_busy_buffers_size 512k;\n"
               "            proxy_max_temp_file_size 0;")


class HttpNginxUnbuffered(HttpNginx):
    """For event streams: nothing is to wait for a buffer to fill."""

    streams = True


# h2o and nghttpx can make no request id without a script: theirs is always the same.
REQUEST_ID = "8f14e45f-ceea-467a-9538-2b6f0c1d7e02"
H2O_FIELDS = f"""
        proxy.header.add: "X-Forwarded-Host: bench.test"
        proxy.header.add: "X-Forwarded-Port: 80"
        proxy.header.add: "X-Request-ID: {REQUEST_ID}"
        header.add: "X-Request-ID: {REQUEST_ID}"
        header.add: "Via: 1.1 h2o"
"""
H2O_BARE = """
proxy.emit-x-forwarded-headers: OFF
proxy.emit-via-header: OFF
"""
NGHTTPX_FIELDS = f"""
add-x-forwarded-for=yes
add-request-header=X-Forwarded-Host: bench.test
add-request-header=X-Forwarded-Port: 80
add-request-header=X-Request-ID: {REQUEST_ID}
add-response-header=X-Request-ID: {REQUEST_ID}
"""
NGHTTPX_BARE = """
no-add-x-forwarded-proto=yes
no-via=yes
"""


class H2o(Proxy):
    name = "h2o"

    def command(self):
        path = self.write("h2o.yaml", {"fields": H2O_BARE if self.bare else H2O_FIELDS})
        return ["h2o", "-c", path]

    def pids(self):
        """Without the script that waits to print a backtrace, should h2o crash."""
        return super().pids()[:1]

    @classmethod
    def version(cls):
        return machine.first_line_of(["h2o", "--version"])


class Nghttpx(Proxy):
    name = "nghttpx"
    processes = 2  # the one that listens, and its worker

    def command(self):
        path = self.write("nghttpx.conf",
                          {"fields": NGHTTPX_BARE if self.bare else NGHTTPX_FIELDS})
        return ["nghttpx", f"--conf={path}"]

    @classmethod
    def version(cls):
        return machine.first_line_of(["nghttpx", "--version"])


class Node(Proxy):
    name = "node"
    program = "node"
    script = "gateway.node.js"
    own_threads_compete = True
    warm_up_ms_min = 1500

    def command(self):
        return [self.program, os.path.join(PEERS, self.script), str(self.port),
                str(self.origin_port), *(["bare"] if self.bare else [])]

    @classmethod
    def version(cls):
        said = machine.first_line_of([cls.program, "--version"])
        return said if said == machine.NOT_INSTALLED else f"{cls.name} {said}"


class Bun(Node):
    name = "bun"
    program = "build/perf/bun/node_modules/.bin/bun"
    script = "gateway.bun.js"
    environment = {"BUN_CONFIG_MAX_HTTP_REQUESTS": "2048"}  # its own limit of 256 is too low


HTTP = by_name(HttpRingway, RingwayRelay, HttpHAProxy, HttpHAProxySplice, HttpNginx,
               HttpNginxLarge, Nghttpx, H2o, Bun, Node)
# Which only perf/peers/compare takes unless --candidates asks for them.
PEERS_ONLY = (Nghttpx.name, H2o.name, Bun.name, Node.name)
