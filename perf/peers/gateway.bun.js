// A gateway on Bun.serve and fetch: bodies stream both ways, connections to the origin are kept.
//
//   bun gateway.bun.js LISTEN_PORT ORIGIN_PORT [bare]
//
// One process, one JavaScript thread. With `bare` it adds nothing to heads; otherwise what the others
// add: X-Forwarded-*, Via, and a request id both ways. BUN_CONFIG_MAX_HTTP_REQUESTS must allow as
// many requests at once as there are connections (Bun's own limit is 256).
const [listenPort, originPort, mode] = process.argv.slice(2);
const origin = `http://127.0.0.1:${originPort}`;
const bare = mode === "bare";
// Plain fetch() keeps 64 idle connections and closes the rest; a session keeps as many as it is told.
const session = Bun.FetchSession
  ? new Bun.FetchSession({ keepAlive: { idleTimeout: 300, maxIdleSockets: 2048 } })
  : undefined;
const hopByHop = ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade"];

function forwarded(request, address) {
  const headers = new Headers(request.headers);
  for (const name of hopByHop) headers.delete(name);
  if (bare) return headers;
  const host = headers.get("host") ?? "";
  headers.append("x-forwarded-for", address);
  headers.set("x-forwarded-proto", "http");
  headers.set("x-forwarded-host", host);
  headers.set("x-forwarded-port", listenPort);
  headers.set("x-request-id", crypto.randomUUID());
  headers.append("via", "1.1 bun");
  return headers;
}

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(listenPort),
  idleTimeout: 255,
  development: false,
  async fetch(request, server) {
    const pathAt = request.url.indexOf("/", 8);
    const headers = forwarded(request, bare ? "" : server.requestIP(request).address);
    const answer = await fetch(origin + request.url.slice(pathAt), {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      decompress: false,
      session,
      signal: request.signal,
    });
    const back = new Headers(answer.headers);
    for (const name of hopByHop) back.delete(name);
    if (!bare) {
      back.set("x-request-id", headers.get("x-request-id"));
      back.append("via", "1.1 bun");
    }
    return new Response(answer.body, {
      status: answer.status,
      statusText: answer.statusText,
      headers: back,
    });
  },
  error() {
    return new Response("the origin does not answer\n", { status: 502 });
  },
});
