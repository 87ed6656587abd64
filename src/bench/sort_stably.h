// A sort that keeps equal items in their order.
//
// std::stable_sort of g++ 12's library asks for std::get_temporary_buffer, which is deprecated, and
// clang 19 says so in whoever uses it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace ringway::bench {

template <typename T, typename Before>
void sort_stably(std::vector<T>& items, Before before) {
    std::vector<std::size_t> order(items.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        if (before(items[a], items[b])) return true;
        return !before(items[b], items[a]) && a < b;
    });
    std::vector<T> sorted;
    sorted.reserve(items.size());
    for (const std::size_t index : order) sorted.push_back(std::move(items[index]));
    items = std::move(sorted);
}

}  // namespace ringway::bench
