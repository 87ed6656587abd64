// A gateway on node's http: bodies are piped both ways, connections to the origin are kept.
//
//   node gateway.node.js LISTEN_PORT ORIGIN_PORT [bare]
//
// One process, one JavaScript thread. With `bare` it adds nothing to heads; otherwise what the others
// add: X-Forwarded-*, Via, and a request id both ways.
"use strict";
const http = require("node:http");
const { randomUUID } = require("node:crypto");

const [listenPort, originPort, mode] = process.argv.slice(2);
const bare = mode === "bare";
const agent = new http.Agent({ keepAlive: true, maxFreeSockets: 2048, scheduling: "lifo" });
const hopByHop = ["connection", "keep-alive", "proxy-connection", "te", "upgrade"];

function forwarded(request, requestId) {
  const headers = { ...request.headers };
  for (const name of hopByHop) delete headers[name];
  if (bare) return headers;
  const address = request.socket.remoteAddress;
  const before = headers["x-forwarded-for"];
  headers["x-forwarded-for"] = before ? `${before}, ${address}` : address;
  headers["x-forwarded-proto"] = "http";
  headers["x-forwarded-host"] = headers.host;
  headers["x-forwarded-port"] = listenPort;
  headers["x-request-id"] = requestId;
  headers.via = "1.1 node";
  return headers;
}

const server = http.createServer((request, response) => {
  const requestId = bare ? undefined : randomUUID();
  const toOrigin = http.request({
    agent,
    host: "127.0.0.1",
    port: originPort,
    method: request.method,
    path: request.url,
    headers: forwarded(request, requestId),
  });
  toOrigin.on("response", (answer) => {
    const headers = { ...answer.headers };
    for (const name of hopByHop) delete headers[name];
    if (!bare) {
      headers["x-request-id"] = requestId;
      headers.via = "1.1 node";
    }
    response.writeHead(answer.statusCode, answer.statusMessage, headers);
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  toOrigin.on("error", () => {
    if (response.headersSent) return response.destroy();
    response.writeHead(502, { "content-type": "text/plain" });
    response.end("the origin does not answer\n");
  });
  response.on("close", () => {
    if (!response.writableFinished) toOrigin.destroy();
  });
  if (request.headers["content-length"] || request.headers["transfer-encoding"]) {
    request.pipe(toOrigin);
  } else {
    toOrigin.end();
  }
});
server.keepAliveTimeout = 300_000;
server.requestTimeout = 0;
server.listen({ host: "127.0.0.1", port: Number(listenPort), backlog: 4096 });
