#include "http_head.h"

namespace ringway::mock {
namespace {

std::string_view reason_of(int status) {
    switch (status) {
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 304: return "Not Modified";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 413: return "Content Too Large";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 529: return "Overloaded";
        default: return "As Asked";
    }
}

}  // namespace

void write_head(const HeadParts& parts, Output& out) {
    out.append("HTTP/1.1 ");
    out.append_number(static_cast<std::uint64_t>(parts.status));
    out.append(" ");
    out.append(reason_of(parts.status));
    out.append("\r\nContent-Type: ");
    out.append(parts.type);
    if (parts.framing == BodyFraming::length) {
        out.append("\r\nContent-Length: ");
        out.append_number(parts.body_bytes);
    } else if (parts.framing == BodyFraming::chunked) {
        out.append("\r\nTransfer-Encoding: chunked");
    }
    out.append("\r\n");
    out.append(parts.more);
    out.append(parts.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

}  // namespace ringway::mock
