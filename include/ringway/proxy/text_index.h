// A map from (space, text) to a number that is filled once and asked often, without allocating.
//
// Open addressing; texts are kept in one string. Belongs to who compiles it (the route table) and
// never changes after that. Knows nothing of what the texts mean.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::proxy {

class TextIndex {
  public:
    enum class Case : std::uint8_t { exact, ignored };
    explicit TextIndex(Case letters) : ignores_case_(letters == Case::ignored) {}

    // `space` keeps apart what is asked for apart. The first value of a text stays.
    void add(std::uint32_t space, std::string_view text, std::uint32_t value);
    std::optional<std::uint32_t> find(std::uint32_t space, std::string_view text) const;
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t space = 0;
        std::uint32_t text_at = 0;
        std::uint32_t text_bytes = 0;
        std::uint32_t value = 0;
    };
    std::string_view text_of(const Entry& entry) const {
        return {texts_.data() + entry.text_at, entry.text_bytes};
    }
    bool equals(std::string_view a, std::string_view b) const;
    void rebuild();

    bool ignores_case_;
    std::string texts_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> slots_;  // entry number + 1, 0 for a free one; a power of two
};

}  // namespace ringway::proxy
