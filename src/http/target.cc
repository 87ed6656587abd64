#include "ringway/http/target.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>

#include "chars.h"
#include "ringway/base/assert.h"

namespace ringway::http {
namespace {

// The byte that the escape at text[at] stands for, or -1 when it is none.
int escaped_byte(std::string_view text, std::size_t at) {
    if (text.size() - at < 3) return -1;
    const int high = hex_value(text[at + 1]);
    const int low = hex_value(text[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool is_registered_name(std::string_view host) {
    for (std::size_t i = 0; i < host.size(); ++i) {
        if (is_class(host[i], host_char)) continue;
        if (host[i] != '%' || escaped_byte(host, i) <= 0) return false;
        i += 2;
    }
    return !host.empty();
}

bool is_ipv6_address(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size()) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    in6_addr address{};
    return inet_pton(AF_INET6, terminated.data(), &address) == 1;
}

bool is_port(std::string_view digits) {
    constexpr unsigned port_max = 65535;
    unsigned port = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return false;
        port = port * 10 + static_cast<unsigned>(c - '0');
        if (port > port_max) return false;
    }
    return true;
}

struct Authority {
    bool valid = false;
    std::string_view host;
    std::string_view port;  // empty: none
};

Authority split_authority(std::string_view text) {
    std::size_t host_bytes = text.find(':');
    if (!text.empty() && text.front() == '[') {
        const std::size_t bracket = text.find(']');
        if (bracket == std::string_view::npos) return {};
        if (!is_ipv6_address(text.substr(1, bracket - 1))) return {};
        host_bytes = bracket + 1;
    } else if (!is_registered_name(text.substr(0, host_bytes))) {
        return {};
    }
    Authority authority{.valid = true, .host = text.substr(0, host_bytes), .port = {}};
    text.remove_prefix(authority.host.size());
    if (text.empty()) return authority;
    authority.port = text.substr(1);
    authority.valid = text.front() == ':' && is_port(authority.port);
    return authority;
}

TargetResult failed(Fault fault) { return {.target = {}, .fault = fault}; }

// Sets the authority from the Host field and checks how often there is one.
Fault read_host(const RequestHead& head, Target& target) {
    const Field* host = nullptr;
    for (const Field& field : head.fields()) {
        if (field.id != FieldName::host) continue;
        if (host != nullptr) return Fault::host_repeated;
        host = &field;
    }
    if (host == nullptr) return head.version_minor >= 1 ? Fault::host_missing : Fault::none;
    const Authority authority = split_authority(head.value(*host));
    if (!authority.valid) return Fault::bad_host;
    target.authority = head.value(*host);
    target.host = authority.host;
    return Fault::none;
}

void split_path(std::string_view text, Target& target) {
    const std::size_t question = text.find('?');
    target.path_and_query = text;
    target.path = text.substr(0, question);
    target.query = question == std::string_view::npos ? "" : text.substr(question);
}

// The scheme of an absolute target with "://" behind it, or nothing.
std::string_view scheme_of(std::string_view text) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (equals_ignoring_case(text.substr(0, scheme.size()), scheme)) {
            return text.substr(0, scheme.size() - 3);
        }
    }
    return {};
}

TargetResult read_absolute(Target target, std::string_view text, Method method,
                           std::span<char> scratch) {
    target.form = TargetForm::absolute;
    target.scheme = scheme_of(text);
    if (target.scheme.empty()) return failed(Fault::bad_target);
    text.remove_prefix(target.scheme.size() + 3);
    target.authority = text.substr(0, text.find_first_of("/?"));
    const Authority authority = split_authority(target.authority);
    if (!authority.valid) return failed(Fault::bad_host);
    target.host = authority.host;
    text.remove_prefix(target.authority.size());
    if (text.empty() && method == Method::options) {  // RFC 9112, 3.2.4
        target.form = TargetForm::asterisk;
        target.path = target.path_and_query = "*";
    } else if (text.empty()) {
        target.path = target.path_and_query = "/";
    } else if (text.front() == '/') {
        split_path(text, target);
    } else {
        if (scratch.size() <= text.size()) return failed(Fault::target_too_long);
        scratch[0] = '/';
        std::copy(text.begin(), text.end(), scratch.begin() + 1);
        split_path({scratch.data(), text.size() + 1}, target);
    }
    return {.target = target, .fault = Fault::none};
}

TargetResult read_authority(Target target, std::string_view text) {
    const Authority authority = split_authority(text);
    if (!authority.valid || authority.port.empty()) return failed(Fault::bad_target);
    target.form = TargetForm::authority;
    target.authority = text;
    target.host = authority.host;
    return {.target = target, .fault = Fault::none};
}

// Writes a path without dot segments: whole segments come in, and go again.
class SegmentWriter {
  public:
    explicit SegmentWriter(char* out) : begin_(out), segment_(out + 1), at_(out + 1) { *out = '/'; }

    void put(char c) { *at_++ = c; }
    // Ends the segment that was put. False when the path leaves the root.
    bool end_segment(bool is_last) {
        const std::string_view segment{segment_, static_cast<std::size_t>(at_ - segment_)};
        if (segment == "..") {
            if (segment_ == begin_ + 1) return false;
            do --segment_;
            while (segment_[-1] != '/');
            at_ = segment_;
        } else if (segment == ".") {
            at_ = segment_;
        } else if (!is_last) {
            put('/');
            segment_ = at_;
        }
        return true;
    }
    std::string_view path() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

  private:
    char* begin_;
    char* segment_;  // after the last '/'
    char* at_;
};

void put_escape(SegmentWriter& out, int byte) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto value = static_cast<unsigned>(byte);
    const char c = static_cast<char>(value);
    if (is_class(c, unreserved_char)) return out.put(c);
    out.put('%');
    out.put(digits[value >> 4]);
    out.put(digits[value & 15]);
}

}  // namespace

bool is_valid_authority(std::string_view authority) { return split_authority(authority).valid; }

TargetResult read_target(const RequestHead& head, std::span<char> scratch) {
    Target target;
    const Fault fault = read_host(head, target);
    if (fault != Fault::none) return failed(fault);
    const std::string_view text = head.text(head.target);
    if (text.empty()) return failed(Fault::bad_target);
    if (head.method == Method::connect) return read_authority(target, text);
    if (text.front() == '/') {
        split_path(text, target);
        return {.target = target, .fault = Fault::none};
    }
    if (text != "*") return read_absolute(target, text, head.method, scratch);
    if (head.method != Method::options) return failed(Fault::bad_target);
    target.form = TargetForm::asterisk;
    target.path = target.path_and_query = text;
    return {.target = target, .fault = Fault::none};
}

NormalPath normalize_path(std::string_view path, std::span<char> out) {
    RW_ASSERT(out.size() >= path.size());
    if (path.empty()) return {};
    const bool is_asterisk = path == "*";
    if (!is_asterisk && path.front() != '/') return {.fault = Fault::bad_path};
    if (is_asterisk ||
        (path.find('%') == std::string_view::npos && path.find("/.") == std::string_view::npos)) {
        std::memcpy(out.data(), path.data(), path.size());
        return {.path = {out.data(), path.size()}};
    }
    SegmentWriter writer(out.data());
    for (std::size_t i = 1; i < path.size(); ++i) {
        if (path[i] == '/') {
            if (!writer.end_segment(false)) return {.fault = Fault::bad_path};
        } else if (path[i] == '%') {
            const int byte = escaped_byte(path, i);
            if (byte <= 0) return {.fault = Fault::bad_path};
            put_escape(writer, byte);
            i += 2;
        } else {
            writer.put(path[i]);
        }
    }
    if (!writer.end_segment(true)) return {.fault = Fault::bad_path};
    return {.path = writer.path()};
}

}  // namespace ringway::http
