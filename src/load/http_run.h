// One run of HTTP requests or event streams: its clients, its origin, and what both ends count.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "engine.h"
#include "http_text.h"
#include "peer.h"

namespace ringway::load {

class HttpClient;
class HttpOrigin;

class HttpRun {
  public:
    // `hold` stops every connection after one request and leaves it open.
    HttpRun(Engine& engine, const HttpPlan& plan, std::uint32_t run_number, bool hold);
    ~HttpRun();
    HttpRun(const HttpRun&) = delete;
    HttpRun& operator=(const HttpRun&) = delete;

    void measure(const WindowMarks& marks);
    void open_and_hold();
    void finish();  // ends all connections and completes the report
    const LoadReport& report() const { return report_; }

  private:
    friend class HttpClient;
    friend class HttpOrigin;
    enum class Fault : std::uint8_t { connect, reset, early_end, wrong_bytes };

    void accept(int fd);
    void open_more();
    void turn();
    void begin_scheduled();
    void send_events();
    bool hopeless() const { return report_.errors.total() > plan_.connections; }
    void count(Fault fault);
    void done(base::Instant started);
    void client_rests(HttpClient& client);
    void client_gone(HttpClient& client, bool in_order);

    Engine& engine_;
    HttpPlan plan_;
    std::uint32_t first_tag_;
    bool hold_;
    bool running_ = true;
    bool measuring_ = false;
    unsigned open_ = 0;
    unsigned opening_ = 0;   // of these, without an answer yet
    unsigned answered_ = 0;  // connections whose first response is complete
    std::uint32_t opened_ = 0;
    base::Instant progress_at_{0};
    // Open loop: when the next request is due, what is overdue, and who could send it.
    base::Instant due_at_{0};
    std::deque<base::Instant> overdue_;
    std::vector<HttpClient*> resting_;
    std::vector<HttpOrigin*> streams_;
    LoadReport report_;
    std::unique_ptr<stats::Histogram> latency_;
};

// The origin's side of one connection: answers each request with its id, or streams events.
class HttpOrigin final : public Peer {
  public:
    HttpOrigin(HttpRun& run, Engine& engine, int fd);
    ~HttpOrigin() override;
    void wind_up() override;  // once the clients are gone
    void send_due_events(base::Instant now);

  private:
    void on_bytes(std::span<const std::byte> bytes) override;
    void on_sent() override;
    void on_end(int os_error) override;
    bool begin_request();
    void answer();
    void begin_stream();
    void fail();

    HttpRun& run_;
    HeadCollector head_;
    BodyCheck body_;
    HttpText response_;
    std::string events_;
    std::string head_of_stream_;
    RequestId id_;
    base::Instant next_event_{0};
    std::uint32_t event_number_ = 0;
    bool in_body_ = false;
    bool waits_to_answer_ = false;
    bool streaming_ = false;
};

}  // namespace ringway::load
