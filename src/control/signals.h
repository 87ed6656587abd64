// Signals as something to read: blocked in every thread (block_signals() in serve.h), taken from a
// descriptor by the coordinator.
#pragma once

namespace ringway::control {

// A descriptor that becomes readable when one of them arrives. -1 when the kernel has none left.
int open_signal_fd();
// The next one, or 0.
int next_signal(int signal_fd);

}  // namespace ringway::control
