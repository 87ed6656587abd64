// Opening the sockets that ringway listens on: TCP over IPv4 and IPv6, and Unix sockets.
//
// Start-up code: it may block for a moment (a file-system look-up, the retries of wait_until_free)
// and calls the kernel directly, so it must never run on a shard while that shard serves. Nothing
// here is owned: descriptors belong to whom they are returned to. Failures are told in one line for
// people, which names the listener, what happened and what to do about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ringway/base/clock.h"
#include "ringway/config/settings.h"
#include "ringway/net/address.h"

namespace ringway::net {

// Which file a Unix listener has made, so that nobody else's is removed at the end.
struct SocketFile {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;  // 0: none
    bool operator==(const SocketFile&) const = default;
};

// Empty `error`: it worked.
struct Listening {
    int fd = -1;
    std::string error;       // one line
    int os_error = 0;        // the errno behind it, or 0
    bool retryable = false;  // the address is in use now, and may be free in a moment
    SocketFile file;         // of a Unix listener with a path
    explicit operator bool() const { return error.empty(); }
};

// "tcp://127.0.0.1:6379", "tcp+unix:/run/x.sock": how errors name a listener.
std::string listener_url(const config::Target& target);

// The address of a TCP target whose host is a literal, or "any": "0.0.0.0", "::", or empty or "*"
// for both families at once. nullopt: the host is a name, resolve it first.
std::optional<Address> literal_address(const config::Target& target);

// Whether nobody listens there: once per listener, before its first open_listening_socket. A plain
// bind would not tell, because SO_REUSEPORT lets a second ringway of the same user share the port
// silently. Connections in TIME_WAIT are no obstacle. Port 0 is always free. For a Unix socket it
// asks whether somebody answers on the path. `address` is ignored for Unix sockets.
Listening probe_free(const config::Listener& listener, const Address& address);

// The same, tried again until `patience` runs out: the listener of a killed process stays bound for
// some milliseconds.
Listening wait_until_free(const config::Listener& listener, const Address& address,
                          base::Duration patience = base::Duration::seconds(1));

// A listening socket, non-blocking and close-on-exec, with the listener's options set so that
// accepted sockets inherit them. TCP: one per shard may be opened on the same address; with port 0
// the first one chooses (bound_port) and the others are opened on its port. An address of "::"
// takes IPv6 alone when the listener spells it out, and both families when its host is empty or
// "*". Unix: a file that nobody answers on is replaced, and the mode is set before anybody can
// connect.
Listening open_listening_socket(const config::Listener& listener, const Address& address);

// The same options for a socket that was opened by somebody else (socket activation): the
// descriptor is returned in `fd` again when it fits the listener's family.
Listening adopt_listening_socket(int fd, const config::Listener& listener);

// The port that a TCP socket is bound to; 0 for others.
std::uint16_t bound_port(int fd);

// Removes a Unix listener's file if it is still the one that was made; abstract names need nothing.
void remove_socket_file(const config::Target& target, const SocketFile& file);

// "bbr cubic reno", as the kernel lists them.
std::string available_congestion_controls();

}  // namespace ringway::net
