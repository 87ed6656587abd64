// One run of exchanges: its clients, its origin's connections and what both ends count.
#pragma once

#include <array>

#include "engine.h"
#include "message.h"
#include "peer.h"

namespace ringway::load {

class ExchangeClient;
class ExchangeOrigin;

class ExchangeRun {
  public:
    // `hold` stops every connection after one exchange and leaves it open.
    ExchangeRun(Engine& engine, const ExchangePlan& plan, std::uint32_t run_number, bool hold);
    ~ExchangeRun();
    ExchangeRun(const ExchangeRun&) = delete;
    ExchangeRun& operator=(const ExchangeRun&) = delete;

    void measure(const WindowMarks& marks);
    void open_and_hold();
    void finish();  // ends all connections and completes the report
    const LoadReport& report() const { return report_; }

  private:
    friend class ExchangeClient;
    friend class ExchangeOrigin;
    enum class Fault : std::uint8_t { connect, reset, early_end, wrong_bytes };

    void accept(int fd);
    void open_more();
    void turn();
    bool hopeless() const;
    void count(Fault fault);
    void count_end(int os_error, bool in_exchange);
    void exchange_done(base::Instant started);
    void client_gone(bool in_order);

    Engine& engine_;
    ExchangePlan plan_;
    std::uint64_t tag_base_;
    bool hold_;
    bool running_ = true;  // false: connections that end are not replaced
    bool measuring_ = false;
    unsigned open_ = 0;      // clients alive
    unsigned opening_ = 0;   // of these, without an answer yet
    unsigned answered_ = 0;  // connections whose first exchange is complete
    std::uint64_t opened_ = 0;
    base::Instant progress_at_{0};
    LoadReport report_;
    std::unique_ptr<stats::Histogram> latency_;
};

}  // namespace ringway::load
