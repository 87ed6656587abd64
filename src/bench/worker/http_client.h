// HTTP requests on one connection, and the judging of what comes back.
//
// Sends what the worker's RequestSource makes, as deep as the plan's pipeline, and tells the tally
// of each request exactly once: answered, failed with a kind of error, or unfinished. Reconnects
// after errors, at once the first time and then with growing pauses. Allocates only while it grows
// to the size of its requests.
#pragma once

#include <string>
#include <vector>

#include "connection.h"
#include "response_reader.h"

namespace ringway::bench {

class HttpClient final : public Connection {
  public:
    HttpClient(Worker& worker, std::uint32_t index);

    void begin(base::Instant due) override;
    unsigned room() const override { return static_cast<unsigned>(under_way_.size()); }
    void check_timeout(base::Instant now) override;
    void give_up() override;
    void flush() override;

  private:
    struct UnderWay {
        base::Instant due{};
        base::Instant begun{};
        std::uint32_t kind = 0;
        bool is_head = false;
    };

    void opened() override;
    void received(std::string_view bytes) override;
    void sent() override;
    void peer_ended() override;
    void broke(ErrorKind kind) override;
    void closed() override;
    void wake() override;

    void prepare(UnderWay& request);
    void answer();
    void judge(const UnderWay& request);
    void after_answer();
    void fail_all(ErrorKind kind);
    void forget_unsent();
    void count_failure(const UnderWay& request, ErrorKind kind);
    UnderWay& front() { return under_way_[first_]; }
    void pop() {
        if (++first_ == under_way_.size()) first_ = 0;
        --count_;
    }

    ResponseReader reader_;
    std::vector<UnderWay> under_way_;  // a ring: oldest at first_
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::size_t unsent_requests_ = 0;  // of a constant source
    bool room_owed_ = false;           // the answer came before the request was sent whole
    bool awaits_end_ = false;          // the answer said that the peer will close
    std::string outgoing_;             // being sent
    std::string gathering_;            // to be sent next (pipelined requests that differ)
    std::string made_;                 // the last request made
    std::string_view next_;            // to be sent next (one at a time)
};

}  // namespace ringway::bench
