#include "ringway/http/writer.h"

#include <array>
#include <charconv>

namespace ringway::http {

std::string_view reason_of(int status) {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 103: return "Early Hints";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 203: return "Non-Authoritative Information";
        case 204: return "No Content";
        case 205: return "Reset Content";
        case 206: return "Partial Content";
        case 300: return "Multiple Choices";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 305: return "Use Proxy";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 402: return "Payment Required";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 407: return "Proxy Authentication Required";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 416: return "Range Not Satisfiable";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 425: return "Too Early";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 451: return "Unavailable For Legal Reasons";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 511: return "Network Authentication Required";
        default: return "Unknown";
    }
}

void HeadWriter::request_line(std::string_view method, std::string_view target) {
    constexpr std::string_view rest = " HTTP/1.1\r\n";
    if (!has_room(method.size() + 1 + target.size() + rest.size())) return;
    append(method);
    *at_++ = ' ';
    append(target);
    append(rest);
}

void HeadWriter::status_line(int status, std::string_view reason) {
    raw("HTTP/1.1 ");
    number(static_cast<std::uint64_t>(status));
    raw(" ");
    raw(reason);
    raw("\r\n");
}

void HeadWriter::field(std::string_view name, std::string_view value) {
    if (!has_room(name.size() + value.size() + 4)) return;
    append(name);
    *at_++ = ':';
    *at_++ = ' ';
    append(value);
    *at_++ = '\r';
    *at_++ = '\n';
}

void HeadWriter::field(std::string_view name, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    field(name, {digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
}

void HeadWriter::number(std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    raw({digits.data(), static_cast<std::size_t>(end.ptr - digits.data())});
}

std::size_t write_chunk_line(char* out, std::uint64_t data_bytes) {
    char* end = std::to_chars(out, out + chunk_line_bytes_max - 2, data_bytes, 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    return static_cast<std::size_t>(end - out);
}

}  // namespace ringway::http
