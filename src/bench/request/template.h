// A text with {{placeholders}}, taken apart once and written out for every request.
//
//   {{id}}          16 hex digits, unique over all requests of all threads and runs
//   {{seq}}         the request's number, from 0; unique over the threads of a run
//   {{uuid}}        a version 4 UUID made from the id, and as unique
//   {{random:A-B}}  a whole number from A to B, both included
//   {{connection}}  the number of the connection that sends it
//   {{thread}}      the number of the thread that sends it
//   {{now}}         nanoseconds of CLOCK_MONOTONIC, when the request is written
//   {{pick:a|b|c}}  one of these texts, each as likely as any other
//   {{open}}        the two characters "{{"
//
// Of more than two opening braces in a row the last two begin a placeholder, so that
// {"n":{{seq}}} and {{{seq}}} mean what they look like; "}}" elsewhere stands for itself. id, seq
// and uuid are the same wherever they stand in one request, random and pick are drawn anew.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/base/random.h"
#include "ringway/config/checked.h"

namespace ringway::bench {

// What the placeholders of one request stand for.
struct PlaceholderValues {
    std::uint64_t id = 0;
    std::uint64_t seq = 0;
    std::uint32_t connection = 0;
    std::uint32_t thread = 0;
};

class Template {
  public:
    // Refused with the placeholder that is none, or the rule that its argument breaks.
    static config::Checked<Template> parse(std::string_view text);
    // No placeholder in it, whatever it looks like.
    static Template literal(std::string_view text);

    void append(std::string_view literal_text);
    void append(const Template& other);

    bool is_constant() const;  // literal text alone
    // Of a constant one: the text.
    std::string_view text() const { return text_; }
    std::size_t bytes_max() const;  // no writing of it is longer
    void write(std::string& out, const PlaceholderValues& values, base::Random& random) const;

  private:
    enum class Kind : std::uint8_t {
        literal,
        id,
        seq,
        uuid,
        random,
        connection,
        thread,
        now,
        pick
    };
    struct Piece {
        Kind kind = Kind::literal;
        // literal: where in text_, and how many bytes; random: lowest, and how many there are (0:
        // 2^64); pick: the first in picks_, and how many.
        std::uint64_t first = 0;
        std::uint64_t count = 0;
    };
    static config::Checked<Piece> parse_placeholder(std::string_view inside, Template& into);

    std::string text_;
    std::vector<std::string> picks_;
    std::vector<Piece> pieces_;
};

// A permutation of the 64-bit numbers that looks like chance: distinct in, distinct out.
std::uint64_t scramble(std::uint64_t value);

}  // namespace ringway::bench
