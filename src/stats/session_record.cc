#include "ringway/stats/session_record.h"

#include <algorithm>

#include "field_writer.h"
#include "ringway/base/utf8.h"

namespace ringway::stats {

namespace {

// The longest line: the fixed parts are below 512 bytes (keys, two times twenty digits and so on),
// and each of the four texts grows to six times its length when every byte is escaped.
static_assert(512 + 4 * 6 * session_text_bytes_max <= session_line_bytes_max);

std::string_view cut(std::string_view text) { return base::cut_utf8(text, session_text_bytes_max); }

std::uint64_t microseconds(base::Duration span) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(span.to_us(), 0));
}

}  // namespace

std::size_t format_session_line(char* out, std::size_t room, const SessionRecord& record,
                                bool json) {
    FieldWriter line(out, room, json);
    line.time("time", record.ended_wall_us);
    line.text("event", "session");
    line.number("shard", record.shard);
    line.number("id", record.id);
    line.text_or_none("listener", cut(record.listener));
    line.text_or_none("client", cut(record.client));
    line.text_or_none("upstream", cut(record.upstream));
    line.text_or_none("endpoint", cut(record.endpoint));
    line.number("bytes_up", record.bytes_up);
    line.number("bytes_down", record.bytes_down);
    line.number("duration_us", microseconds(record.duration));
    if (record.connect.ns > 0) {
        line.number("connect_us", microseconds(record.connect));
    } else {
        line.none("connect_us");
    }
    line.text("reason", name_of(record.reason));
    return line.finish();
}

}  // namespace ringway::stats
