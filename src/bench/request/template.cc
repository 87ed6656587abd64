#include "template.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "ringway/config/units.h"
#include "ringway/ring/sys.h"

namespace ringway::bench {
namespace {

constexpr std::string_view known_placeholders =
    "placeholders are {{id}}, {{seq}}, {{uuid}}, {{random:A-B}}, {{connection}}, {{thread}}, "
    "{{now}}, {{pick:A|B}}; {{open}} is \"{{\" itself";
constexpr std::size_t number_bytes_max = 20;
constexpr std::size_t id_bytes = 16;
constexpr std::size_t uuid_bytes = 36;

void put_number(std::string& out, std::uint64_t number) {
    char digits[number_bytes_max];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

// The lowest `digits` hexadecimal digits of `number`.
void put_hex(std::string& out, std::uint64_t number, unsigned digits) {
    for (unsigned left = digits; left-- > 0;) {
        out.push_back("0123456789abcdef"[(number >> (4 * left)) & 15]);
    }
}

// All 64 bits of the id are in it, around the bits that say "version 4, variant 1".
void put_uuid(std::string& out, std::uint64_t id) {
    const std::uint64_t more = scramble(~id);
    put_hex(out, id >> 32, 8);
    out.push_back('-');
    put_hex(out, id >> 16, 4);
    out.append("-4");
    put_hex(out, id >> 4, 3);
    out.push_back('-');
    put_hex(out, 8 | (id & 3), 1);
    put_hex(out, (id >> 2) & 3, 1);
    put_hex(out, more, 2);
    out.push_back('-');
    put_hex(out, more >> 8, 12);
}

config::Refusal refuse(std::string_view inside, std::string_view rule) {
    return {fmt::format("{{{{{}}}}}: {}", config::printable(inside), rule),
            std::string(known_placeholders)};
}

}  // namespace

std::uint64_t scramble(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

config::Checked<Template::Piece> Template::parse_placeholder(std::string_view inside,
                                                             Template& into) {
    struct Word {
        std::string_view name;
        Kind kind;
    };
    static constexpr Word words[] = {{"id", Kind::id},         {"seq", Kind::seq},
                                     {"uuid", Kind::uuid},     {"connection", Kind::connection},
                                     {"thread", Kind::thread}, {"now", Kind::now}};
    for (const Word& word : words) {
        if (inside == word.name) return Piece{word.kind, 0, 0};
    }
    const std::size_t colon = inside.find(':');
    const std::string_view name = inside.substr(0, colon);
    const std::string_view argument =
        colon == std::string_view::npos ? std::string_view() : inside.substr(colon + 1);
    if (name == "random") {
        const std::size_t dash = argument.find('-');
        const auto low = config::parse_count(argument.substr(0, dash));
        const auto high = dash == std::string_view::npos
                              ? std::nullopt
                              : config::parse_count(argument.substr(dash + 1));
        if (!low || !high) return refuse(inside, "random takes two whole numbers, as in 1-100");
        if (*low > *high) return refuse(inside, "the first number may not exceed the second");
        return Piece{Kind::random, *low, *high - *low + 1};
    }
    if (name == "pick") {
        if (colon == std::string_view::npos) return refuse(inside, "pick takes texts, as in a|b|c");
        const std::size_t first = into.picks_.size();
        for (std::size_t at = 0; at <= argument.size();) {
            const std::size_t bar = std::min(argument.find('|', at), argument.size());
            into.picks_.emplace_back(argument.substr(at, bar - at));
            at = bar + 1;
        }
        return Piece{Kind::pick, first, into.picks_.size() - first};
    }
    return refuse(inside, "there is no such placeholder");
}

config::Checked<Template> Template::parse(std::string_view text) {
    Template made;
    while (!text.empty()) {
        std::size_t open = text.find("{{");
        if (open == std::string_view::npos) break;
        while (open + 2 < text.size() && text[open + 2] == '{') ++open;
        made.append(text.substr(0, open));
        text.remove_prefix(open + 2);
        const std::size_t close = text.find("}}");
        if (close == std::string_view::npos) {
            return config::Refusal{"\"{{\" begins a placeholder, but no \"}}\" ends it",
                                   std::string(known_placeholders)};
        }
        const std::string_view inside = text.substr(0, close);
        text.remove_prefix(close + 2);
        if (inside == "open") {
            made.append(std::string_view("{{"));
            continue;
        }
        const auto piece = parse_placeholder(inside, made);
        if (!piece) return piece.reason();
        made.pieces_.push_back(*piece);
    }
    made.append(text);
    return made;
}

Template Template::literal(std::string_view text) {
    Template made;
    made.append(text);
    return made;
}

void Template::append(std::string_view literal_text) {
    if (literal_text.empty()) return;
    if (!pieces_.empty() && pieces_.back().kind == Kind::literal) {
        pieces_.back().count += literal_text.size();
    } else {
        pieces_.push_back({Kind::literal, text_.size(), literal_text.size()});
    }
    text_.append(literal_text);
}

void Template::append(const Template& other) {
    for (Piece piece : other.pieces_) {
        if (piece.kind == Kind::literal) {
            append(std::string_view(other.text_).substr(piece.first, piece.count));
            continue;
        }
        if (piece.kind == Kind::pick) {
            const auto from = other.picks_.begin() + static_cast<std::ptrdiff_t>(piece.first);
            piece.first = picks_.size();
            picks_.insert(picks_.end(), from, from + static_cast<std::ptrdiff_t>(piece.count));
        }
        pieces_.push_back(piece);
    }
}

bool Template::is_constant() const {
    return std::all_of(pieces_.begin(), pieces_.end(),
                       [](const Piece& piece) { return piece.kind == Kind::literal; });
}

std::size_t Template::bytes_max() const {
    std::size_t sum = text_.size();
    for (const Piece& piece : pieces_) {
        switch (piece.kind) {
            case Kind::literal: break;
            case Kind::id: sum += id_bytes; break;
            case Kind::uuid: sum += uuid_bytes; break;
            case Kind::seq:
            case Kind::random:
            case Kind::connection:
            case Kind::thread:
            case Kind::now: sum += number_bytes_max; break;
            case Kind::pick: {
                std::size_t longest = 0;
                for (std::uint64_t i = 0; i < piece.count; ++i) {
                    longest = std::max(longest, picks_[piece.first + i].size());
                }
                sum += longest;
                break;
            }
        }
    }
    return sum;
}

void Template::write(std::string& out, const PlaceholderValues& values,
                     base::Random& random) const {
    for (const Piece& piece : pieces_) {
        switch (piece.kind) {
            case Kind::literal: out.append(text_, piece.first, piece.count); break;
            case Kind::id: put_hex(out, values.id, id_bytes); break;
            case Kind::seq: put_number(out, values.seq); break;
            case Kind::uuid: put_uuid(out, values.id); break;
            case Kind::random:
                put_number(out, piece.count == 0 ? random.next()
                                                 : piece.first + random.below(piece.count));
                break;
            case Kind::connection: put_number(out, values.connection); break;
            case Kind::thread: put_number(out, values.thread); break;
            case Kind::now: put_number(out, static_cast<std::uint64_t>(ring::sys::now().ns)); break;
            case Kind::pick: out.append(picks_[piece.first + random.below(piece.count)]); break;
        }
    }
}

}  // namespace ringway::bench
