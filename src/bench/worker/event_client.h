// Event streams (SSE over HTTP/1.1) on one connection, and what is measured of their events.
//
// A unit of work is a stream: it begins with its request and ends with its response, however that
// is delimited; then the next one begins. The plan's timeout limits silence, not a stream's length.
// A stream that is under way when the window ends is closed from here, once its first event came.
#pragma once

#include <string>

#include "event_reader.h"
#include "response_reader.h"
#include "unit_client.h"

namespace ringway::bench {

class EventClient final : public UnitClient, private BodySink {
  public:
    EventClient(Worker& worker, std::uint32_t index);
    void wind_down() override;

  private:
    void start() override;
    void forget() override;
    void received(std::string_view bytes) override;
    void sent() override {}
    void peer_ended() override;
    std::uint32_t kind() const override { return kind_; }
    void take_body(std::string_view bytes) override;

    void take_event(const StreamEvent& event);
    void count_stream();
    void count_number(std::uint64_t number);
    void count_delay(std::uint64_t stamp_ns);
    void end_stream();
    bool is_expected_status();

    ResponseReader reader_;
    EventReader events_;
    std::string outgoing_;
    std::uint32_t kind_ = 0;
    bool is_head_ = false;

    // Of this stream.
    std::uint64_t seen_ = 0;
    bool stream_is_counted_ = false;
    bool ends_here_ = false;  // enough was seen
    std::uint64_t first_ns_ = 0;
    base::Instant last_event_at_{};
    std::optional<std::uint64_t> last_number_;
};

}  // namespace ringway::bench
