// Text in aligned columns, for the answers that people read.
//
// No line of the result is empty: an empty line ends a reply on the control socket. Control
// characters in a cell are escaped, so that no name from outside can forge a line or a colour.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ringway::stats {

class Table {
  public:
    enum class Align : unsigned char { left, right };

    // Columns beyond those named are aligned like the last one.
    explicit Table(std::vector<Align> columns, std::size_t indent = 0)
        : columns_(std::move(columns)), indent_(indent) {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    void row(std::initializer_list<std::string_view> cells) {
        rows_.emplace_back(cells.begin(), cells.end());
    }
    // A line of its own across all columns, without indentation.
    void heading(std::string_view title);

    std::string to_string() const;

  private:
    static constexpr std::string_view gap = "  ";

    std::vector<std::size_t> widths() const;

    std::vector<Align> columns_;
    std::size_t indent_;
    std::vector<std::vector<std::string>> rows_;
    std::vector<bool> is_heading_;
};

// `text` with control characters and bytes that are not UTF-8 shown as \xNN.
std::string printable(std::string_view text);

}  // namespace ringway::stats
