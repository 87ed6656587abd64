// Text in aligned columns, for the answers that people read.
//
// No line of the result is empty: an empty line ends a reply on the control socket. Control
// characters in a cell are escaped, so that no name from outside can forge a line or a colour.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringway::stats {

class Table {
  public:
    enum class Align : unsigned char { left, right };

    // Columns beyond those named are aligned like the last one; at least one must be named.
    explicit Table(std::vector<Align> columns, std::size_t indent = 0)
        : columns_(std::move(columns)), indent_(indent) {}

    void row(std::vector<std::string> cells) { add(std::move(cells), false); }
    // A line of its own across all columns, without indentation.
    void heading(std::string_view title) { add({std::string(title)}, true); }

    std::string to_string() const;

  private:
    struct Row {
        std::vector<std::string> cells;
        bool is_heading = false;
    };
    static constexpr std::string_view gap = "  ";

    void add(std::vector<std::string> cells, bool is_heading);
    std::vector<std::size_t> widths() const;

    std::vector<Align> columns_;
    std::size_t indent_;
    std::vector<Row> rows_;
};

// `text` with control characters and bytes that are not UTF-8 shown as \xNN.
std::string printable(std::string_view text);

}  // namespace ringway::stats
