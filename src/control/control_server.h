// The control socket's clients: lines in, replies out, nobody waited for.
//
// Owns the listening descriptor and the clients. A command is handed to `execute`, which answers
// with reply() or refuse(), at once or later; a client's next command is looked at only when its
// last reply has left, so what a client can make us hold is one reply. Must never block on a
// client.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "command_parser.h"
#include "poller.h"
#include "ringway/base/clock.h"

namespace ringway::control {

// Names a client for as long as it is there; a reply to one that has gone is dropped.
struct ClientId {
    std::size_t slot = 0;
    std::uint32_t generation = 0;
    bool operator==(const ClientId&) const = default;
};

class ControlServer {
  public:
    using Execute = std::function<void(ClientId client, const Request& request)>;

    // Takes the listening descriptor over.
    ControlServer(Poller& poller, int listener_fd, Execute execute);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

    // Exactly one of them for every command.
    void reply(ClientId client, std::string_view body);
    void refuse(ClientId client, std::string_view sentence);

    // Closes clients that have not taken their reply for a long time.
    void tick(base::Instant now);
    base::Instant next_due() const;

    std::size_t client_count() const;

    static constexpr std::size_t clients_max = 32;
    static constexpr base::Duration stall_timeout = base::Duration::seconds(30);

  private:
    struct Client {
        int fd = -1;
        std::uint32_t generation = 0;
        std::uint32_t interest = 0;  // events that the poller watches
        std::string input;
        bool skipping = false;   // within a line that was too long
        bool executing = false;  // a command waits for its reply
        bool input_ended = false;
        bool quitting = false;  // to be closed when the output has left
        bool pumping = false;
        std::string output;
        std::size_t sent = 0;
        base::Instant stalled_at = base::Instant::never();
        bool output_pending() const { return sent < output.size(); }
    };

    void accept_clients();
    void on_event(std::size_t slot, std::uint32_t events);
    void read_input(Client& client);
    void pump(std::size_t slot);
    bool execute_next_line(std::size_t slot);
    void execute_line(std::size_t slot, std::string_view line);
    void send_output(std::size_t slot);
    void update_interest(std::size_t slot);
    void append_reply(std::size_t slot, std::string_view body);
    Client* find(ClientId client);
    void close_client(std::size_t slot);

    Poller& poller_;
    int listener_fd_;
    Execute execute_;
    std::vector<Client> clients_;
};

// A reply as it goes over the socket: empty lines within it get a space, since an empty one ends
// it.
std::string framed_reply(std::string_view body);

}  // namespace ringway::control
