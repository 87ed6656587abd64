#include "ringway/stats/table.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "ringway/base/assert.h"
#include "ringway/base/utf8.h"

namespace ringway::stats {

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = base::printable_length(text);
        if (length == 0) {
            const auto byte = static_cast<unsigned char>(text.front());
            fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

namespace {

// Characters, not bytes: what a terminal puts side by side.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
    }));
}

}  // namespace

void Table::add(std::vector<std::string> cells, bool is_heading) {
    RW_ASSERT(!cells.empty());
    for (std::string& cell : cells) cell = printable(cell);
    rows_.push_back({std::move(cells), is_heading});
}

std::vector<std::size_t> Table::widths() const {
    std::vector<std::size_t> result;
    for (const Row& row : rows_) {
        if (row.is_heading) continue;
        result.resize(std::max(result.size(), row.cells.size()));
        for (std::size_t column = 0; column < row.cells.size(); ++column) {
            result[column] = std::max(result[column], width_of(row.cells[column]));
        }
    }
    return result;
}

std::string Table::to_string() const {
    const std::vector<std::size_t> width = widths();
    std::string out;
    for (const Row& row : rows_) {
        const std::size_t line_start = out.size();
        if (row.is_heading) {
            out += row.cells.front();
        } else {
            out.append(indent_, ' ');
            for (std::size_t column = 0; column < row.cells.size(); ++column) {
                if (column != 0) out += gap;
                const std::string& cell = row.cells[column];
                const Align align = columns_[std::min(column, columns_.size() - 1)];
                const std::size_t padding = width[column] - width_of(cell);
                if (align == Align::right) out.append(padding, ' ');
                out += cell;
                if (align == Align::left) out.append(padding, ' ');
            }
        }
        while (out.size() > line_start && out.back() == ' ') out.pop_back();
        // A row of empty cells is left out: an empty line would end the reply.
        if (out.size() > line_start) out += '\n';
    }
    return out;
}

}  // namespace ringway::stats
