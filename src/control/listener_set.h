// Every listening socket of every shard, opened before the first shard starts.
//
// Owns the descriptors until a shard takes its own, and the Unix socket files until the end.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "poller.h"
#include "ringway/config/settings.h"
#include "ringway/net/listening.h"
#include "ringway/stats/snapshot.h"

namespace ringway::control {

class ListenerSet {
  public:
    ListenerSet(const config::Settings& settings, Poller& poller);
    ~ListenerSet();
    ListenerSet(const ListenerSet&) = delete;
    ListenerSet& operator=(const ListenerSet&) = delete;

    // One line on failure. What systemd handed in is used where it fits; `notes` gets a line for
    // each such socket and for each that fits nothing.
    std::string open_all(std::vector<std::string>& notes);

    // The shard's own descriptors, by listener; -1 where another shard accepts. It closes them.
    std::vector<int> take_descriptors(std::size_t shard);
    std::vector<bool> hands_over(std::size_t shard) const;
    const std::vector<stats::ListenerRow>& rows() const { return rows_; }

    void remove_files();

  private:
    struct Opened {
        std::vector<int> fds;  // by shard
        bool single = false;   // one socket, accepted by shard 0 and dealt out
        net::SocketFile file;
    };
    std::string open_one(std::size_t listener);
    std::string open_tcp(std::size_t listener);
    void set_row(std::size_t listener, int fd);

    const config::Settings& settings_;
    Poller& poller_;
    std::vector<Opened> opened_;
    std::vector<stats::ListenerRow> rows_;
};

}  // namespace ringway::control
