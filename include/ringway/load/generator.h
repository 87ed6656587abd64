// The load generator: clients and origin of one proxy under test, on one thread that never sleeps
// while it measures, so that the proxy pays for no wake-up that real peers on other machines would
// not cost it either.
//
// Every exchange carries its connection's tag, its number and a pattern, and both ends compare
// every byte: an answer that crossed connections, lost a byte or came twice is an error, not a
// result. Owns its ring, its origin's listening socket and all connections of a run; a run leaves
// nothing open behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ringway/base/result.h"
#include "ringway/load/plan.h"

namespace ringway::load {

struct GeneratorSettings {
    std::string congestion;  // TCP_CONGESTION of all its sockets; empty: the machine's default
    std::uint64_t seed = 1;  // of the tags, so that two runs never accept each other's bytes
};

class Generator {
  public:
    // Must be called on the thread that will run it. The process ignores SIGPIPE from here on.
    static base::Result<std::unique_ptr<Generator>> open(const GeneratorSettings& settings);
    ~Generator();
    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    std::uint16_t origin_port() const;  // on 127.0.0.1: where the proxy must send connections

    LoadReport run(const ExchangePlan& plan, const WindowMarks& marks = {});
    LoadReport run(const BulkPlan& plan, const WindowMarks& marks = {});
    LoadReport run(const HttpPlan& plan, const WindowMarks& marks = {});

    // Opens plan.connections, makes one exchange on each and leaves them open and idle.
    LoadReport hold(const ExchangePlan& plan);
    LoadReport hold(const HttpPlan& plan);
    // Ends what hold() left open.
    LoadReport release();

  private:
    struct Impl;
    explicit Generator(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::load
