// A simulated HTTP client: sends requests on one connection and judges every answer.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "http_world.h"

namespace ringway::sim {

struct HttpClientPlan {
    std::uint32_t requests = 1;
    std::uint32_t depth = 1;  // requests under way at once
    std::size_t write_max = 4096;
    std::size_t read_max = 65536;
    base::Duration pause_max = base::Duration::microseconds(50);
    base::Duration think_max = base::Duration::microseconds(50);  // between answer and request
    bool http10 = false;
    bool says_close = false;   // on its last request
    bool sends_on = false;     // also after a "Connection: close"
    std::uint32_t bad_at = 0;  // its how manieth request is malformed; 0: none
    enum class Break : std::uint8_t { none, reset, close };
    Break breaks = Break::none;
    std::uint64_t break_after = 0;  // bytes moved, both ways together
    bool stalls = false;
    std::uint64_t stall_after = 0;
    base::Duration stall_time = base::Duration::milliseconds(20);
};
HttpClientPlan draw_client_plan(HttpWorld& world);

class HttpClient {
  public:
    enum class Outcome : std::uint8_t { running, connect_failed, ended, broke_off };
    HttpClient(HttpWorld& world, std::uint64_t number, const HttpClientPlan& plan);

    void connect(const AddressKey& from, const AddressKey& to, std::string ip);
    void step();
    void hurry();  // the quiet phase has begun
    std::string describe() const;

    const std::uint64_t number;
    HttpClientPlan plan;
    Socket* socket = nullptr;
    Outcome outcome = Outcome::running;

  private:
    // A place in what is to be sent.
    struct Mark {
        std::uint64_t at;
        std::uint64_t id;
    };
    void schedule(base::Duration delay);
    void finish(Outcome how);
    bool maybe_break();
    bool maybe_stall();
    void maybe_end();
    bool read_some();
    bool write_some();
    void take(const std::byte* data, std::size_t bytes);
    void take_head();
    void take_interim();
    void take_answer(HttpExchange& exchange);
    void take_body(const std::byte* data, std::size_t bytes);
    void response_complete();
    void stream_ended(bool orderly);
    void settle(HttpExchange& exchange, HttpExchange::Outcome how);
    void stop_asking();
    void make_requests();
    void make_request();
    void make_bad_request();
    HttpExchange& plan_exchange();
    void begin_exchange(HttpExchange& exchange, const std::string& text);
    std::uint64_t sendable() const;
    void open_gate(std::uint64_t id);
    HttpExchange* front();

    HttpWorld& world_;
    HttpReader reader_;
    std::string ip_;
    std::string out_;
    std::uint64_t out_base_ = 0;  // bytes of it that were sent and dropped
    std::uint64_t sent_ = 0;
    std::uint64_t received_ = 0;
    std::deque<Mark> ends_;              // where each request ends
    std::deque<Mark> gates_;             // where the client waits for 100 Continue
    std::deque<std::uint64_t> waiting_;  // for their answers, in order
    std::uint32_t made_ = 0;
    bool response_open_ = false;  // the front's head has come
    bool from_origin_ = false;
    bool closing_ = false;  // no further request: a close was announced, or something bad sent
    bool scheduled_ = false;
    bool stalled_ = false;
    bool hurried_ = false;
    base::Instant think_until_{0};
};

}  // namespace ringway::sim
