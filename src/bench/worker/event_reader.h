// Takes a body apart into events as the EventSource format has them (WHATWG HTML, 9.2.6), keeping
// no more than the begin of one line.
//
// An event is what a reader would be told of: lines of which at least one is data, ended by an
// empty line. Lines end with LF, CR LF or CR. Stamps are words "n=NUMBER" and "t=NANOSECONDS" among
// the first bytes of a data line or of a comment before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::bench {

struct StreamEvent {
    std::optional<std::uint64_t> number;    // n=
    std::optional<std::uint64_t> stamp_ns;  // t=
};

class EventReader {
  public:
    // Calls `tell(const StreamEvent&)` for every event that `bytes` completes.
    template <typename Tell>
    void take(std::string_view bytes, Tell tell) {
        while (!bytes.empty()) {
            if (!take_line(bytes)) continue;
            tell(event_);
            event_ = {};
        }
    }
    // Something of an event was seen that has not ended.
    bool is_inside() const { return has_data_ || line_bytes_ > 0; }
    void reset();

  private:
    static constexpr std::size_t line_begin_max = 128;

    // Takes at most one line from the front; true when it ends an event.
    bool take_line(std::string_view& bytes);
    bool end_line(std::string_view begin_of_line);
    void read_stamps(std::string_view text);

    StreamEvent event_;
    bool has_data_ = false;
    bool is_first_line_ = true;
    bool after_cr_ = false;       // a LF that comes next belongs to it
    std::size_t line_bytes_ = 0;  // of a line that came in pieces, all of it
    std::array<char, line_begin_max> line_begin_{};
};

}  // namespace ringway::bench
