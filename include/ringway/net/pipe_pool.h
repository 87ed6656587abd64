// The shard's pipes for splice(2): bounded, and empty whenever nobody holds them.
//
// A connection borrows a pipe only while bulk flows. A pipe that comes back with bytes in it is
// closed, never lent again: nobody may see another connection's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ringway::net {

struct Pipe {
    int read_fd = -1;
    int write_fd = -1;
    std::uint32_t capacity_bytes = 0;
    std::uint32_t held_bytes = 0;  // in the pipe now; the holder counts them
};

class PipePool {
  public:
    PipePool(std::size_t pipes_max, std::size_t pipe_bytes);
    ~PipePool();
    PipePool(const PipePool&) = delete;
    PipePool& operator=(const PipePool&) = delete;

    Pipe* borrow();  // nullptr when all are lent, or no descriptor is left
    void give_back(Pipe* pipe);

    std::size_t lent() const { return lent_; }
    std::size_t open() const { return idle_.size() + lent_; }

  private:
    std::size_t pipes_max_;
    std::size_t pipe_bytes_;
    std::size_t lent_ = 0;
    std::vector<Pipe> pipes_;    // all slots; fixed size, so pointers hold
    std::vector<Pipe*> idle_;    // open, empty
    std::vector<Pipe*> closed_;  // slots without a pipe
};

}  // namespace ringway::net
