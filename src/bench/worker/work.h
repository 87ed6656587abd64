// What a worker's connections are for: one class for each kind of work.
#pragma once

#include <cstdint>
#include <memory>

#include "connection.h"

namespace ringway::bench {

std::unique_ptr<Connection> make_connection(Worker& worker, std::uint32_t index);

}  // namespace ringway::bench
