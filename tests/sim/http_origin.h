// A simulated HTTP origin: answers requests by their id, as planned, well or badly.
#pragma once

#include <cstdint>
#include <string>

#include "http_world.h"

namespace ringway::sim {

// How one request is treated. Drawn anew for each attempt.
struct HttpTreatment {
    enum class Ending : std::uint8_t { keeps, closes, cuts, resets };
    bool early = false;    // answers when the head has come
    bool interim = false;  // 103 first
    bool nonsense = false;
    bool silent = false;  // nothing more, for ever
    Ending ending = Ending::keeps;
    std::size_t cut_at = 0;  // bytes of the response, of those that would be sent
    std::size_t write_max = 65536;
    base::Duration delay{0};
    base::Duration pause_max{0};
};

class HttpOriginConnection {
  public:
    HttpOriginConnection(HttpWorld& world, Socket& accepted);
    void hurry();
    bool is_open() const { return socket_ != nullptr; }
    std::string describe() const;

  private:
    void schedule(base::Duration delay);
    void step();
    void finish(bool reset);
    bool read_some();
    bool write_some();
    void take(const std::byte* data, std::size_t bytes);
    void take_head();
    void judge_head(const HttpExchange& exchange);
    void take_body(const std::byte* data, std::size_t bytes);
    void request_complete();
    void answer_later(base::Duration delay);
    void answer();
    std::string write_response();
    std::string nonsense();
    void after_response();
    HttpTreatment draw_treatment(const HttpExchange& exchange);

    HttpWorld& world_;
    Socket* socket_;
    std::uint32_t id_;
    HttpReader reader_;
    HttpExchange* exchange_ = nullptr;  // the one under way
    HttpTreatment treatment_;
    std::string out_;
    std::size_t sent_ = 0;
    std::uint64_t requests_ = 0;
    bool request_done_ = true;
    bool answered_ = false;  // what there is to say is in out_
    bool response_done_ = true;
    bool frozen_ = false;
    bool leaving_ = false;  // it has said that it closes after this response
    bool asked_to_leave_ = false;
    bool scheduled_ = false;
    bool hurried_ = false;
};

}  // namespace ringway::sim
