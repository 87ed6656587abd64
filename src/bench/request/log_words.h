// The small pieces of log lines: words, quoted texts with their escapes, and times.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::bench {

// Walks along a line from left to right; blanks between the parts are skipped.
class WordReader {
  public:
    explicit WordReader(std::string_view line) : rest_(line) {}

    std::string_view rest() const { return rest_; }
    void skip(std::size_t bytes) { rest_.remove_prefix(bytes); }
    std::string_view word();  // up to the next blank; empty at the end
    // What stands between `open`, which must come next, and `close`; otherwise empty.
    std::string_view enclosed(char open, char close);
    // A text in double quotes, its escapes undone: \" \\ \xHH after '\\', #HH after '#'. Nothing
    // when none begins here, or when it does not end.
    std::optional<std::string> quoted(char escape);

  private:
    void skip_blanks();

    std::string_view rest_;
};

bool is_number(std::string_view text);  // digits alone, at least one

// "20/Nov/2025:15:33:13", then optionally ".068", then optionally " +0100"; microseconds of the
// wall clock.
std::optional<std::int64_t> read_clf_time(std::string_view text);
// "2025-11-20T15:33:13.068123Z", any number of decimals.
std::optional<std::int64_t> read_rfc3339(std::string_view text);

}  // namespace ringway::bench
