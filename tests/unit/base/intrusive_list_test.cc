#include "ringway/base/intrusive_list.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include "death.h"
#include "ringway/base/random.h"

using namespace ringway::base;
using ringway::test::death_of;

namespace {

struct Item {
    explicit Item(int number) : value(number) {}
    int value;
    ListLink link;
    int after = 0;  // so that the link is not the last member
    ListLink other;
};
using List = IntrusiveList<Item, &Item::link>;
using OtherList = IntrusiveList<Item, &Item::other>;

template <typename Any>
std::vector<int> values_of(Any& list) {
    std::vector<int> values;
    list.for_each([&](Item& item) { values.push_back(item.value); });
    return values;
}

}  // namespace

TEST_CASE("elements come out in the order in which they were put in") {
    Item one(1), two(2), three(3);
    List list;
    CHECK(list.empty());
    CHECK(list.first() == nullptr);
    list.push_back(two);
    list.push_back(three);
    list.push_front(one);
    CHECK(values_of(list) == std::vector<int>{1, 2, 3});
    CHECK(&list.front() == &one);
    CHECK(list.next(one) == &two);
    CHECK(list.next(three) == nullptr);
    CHECK(&list.pop_front() == &one);
    CHECK_FALSE(one.link.is_linked());
    two.link.unlink();
    two.link.unlink();  // a second time does nothing
    CHECK(values_of(list) == std::vector<int>{3});
    list.pop_front();
    CHECK(list.empty());
}

TEST_CASE("an element may be on one list per link, and moves freely between lists of one link") {
    Item item(7);
    List first;
    List second;
    OtherList other;
    first.push_back(item);
    other.push_back(item);
    CHECK(&other.front() == &item);
    item.link.unlink();
    second.push_back(item);
    CHECK(first.empty());
    CHECK(values_of(second) == std::vector<int>{7});
    CHECK(values_of(other) == std::vector<int>{7});
    item.link.unlink();
    item.other.unlink();
    CHECK(second.empty());
    CHECK(other.empty());
}

TEST_CASE("an element that is destroyed leaves its list") {
    List list;
    Item stays(1);
    list.push_back(stays);
    {
        Item goes(2);
        list.push_back(goes);
    }
    CHECK(values_of(list) == std::vector<int>{1});
    list.pop_front();
}

TEST_CASE("a visited element may unlink itself, or go to the end of another list") {
    std::deque<Item> items;
    for (int i = 0; i < 10; ++i) items.emplace_back(i);
    List list;
    List odd;
    for (Item& item : items) list.push_back(item);
    list.for_each([&](Item& item) {
        if (item.value % 2 == 0) return;
        item.link.unlink();
        odd.push_back(item);
    });
    CHECK(values_of(list) == std::vector<int>{0, 2, 4, 6, 8});
    CHECK(values_of(odd) == std::vector<int>{1, 3, 5, 7, 9});
    while (!list.empty()) list.pop_front();
    while (!odd.empty()) odd.pop_front();
}

TEST_CASE("linking twice and leaving a list with elements are caught") {
    CHECK(death_of([] {
              Item item(1);
              List list;
              list.push_back(item);
              list.push_back(item);
          }).aborted);
    CHECK(death_of([] {
              auto* item = new Item(1);
              List list;
              list.push_back(*item);
          }).aborted);
    CHECK(death_of([] {
              List list;
              list.front();
          }).aborted);
}

TEST_CASE("a random life agrees with a plain vector") {
    Random random(11);
    std::deque<Item> items;
    for (int i = 0; i < 50; ++i) items.emplace_back(i);
    List list;
    std::vector<int> model;
    for (int step = 0; step < 20'000; ++step) {
        const auto which = static_cast<std::size_t>(random.below(items.size()));
        Item& item = items[which];
        if (item.link.is_linked()) {
            item.link.unlink();
            model.erase(std::find(model.begin(), model.end(), item.value));
        } else if (random.chance(1, 2)) {
            list.push_back(item);
            model.push_back(item.value);
        } else {
            list.push_front(item);
            model.insert(model.begin(), item.value);
        }
        if (step % 97 == 0) REQUIRE(values_of(list) == model);
    }
    while (!list.empty()) list.pop_front();
}
