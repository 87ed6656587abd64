// Instructions that this thread executed in user space, where the machine counts them
// (perf_event_open(2)). Many virtual machines do not: then perf/micro/instructions counts them
// under valgrind instead.
#pragma once

#include <cstdint>

namespace ringway::perf {

class InstructionCounter {
  public:
    InstructionCounter();
    ~InstructionCounter();
    InstructionCounter(const InstructionCounter&) = delete;
    InstructionCounter& operator=(const InstructionCounter&) = delete;

    bool works() const { return fd_ >= 0; }
    std::uint64_t read() const;  // since it was made; 0 where it does not work

  private:
    int fd_ = -1;
};

}  // namespace ringway::perf
