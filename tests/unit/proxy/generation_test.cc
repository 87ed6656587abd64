#include "ringway/proxy/generation.h"

#include <utility>

#include <doctest/doctest.h>

using namespace ringway;
using namespace ringway::proxy;

namespace {

std::shared_ptr<const config::Settings> some_settings(std::uint32_t shards) {
    config::Settings settings;
    settings.shards = shards;
    return std::make_shared<const config::Settings>(std::move(settings));
}

}  // namespace

TEST_CASE("a generation that is pinned stays until it is let go, and no longer") {
    std::weak_ptr<const config::Settings> first;
    {
        const auto made = some_settings(1);
        first = made;
        Generations generations(made);
    }
    CHECK(first.expired());

    auto made = some_settings(1);
    first = made;
    Generations generations(std::exchange(made, nullptr));
    Generation& held = generations.current();
    generations.pin(held);
    generations.replace(2, some_settings(2));
    CHECK(generations.settings().shards == 2);
    CHECK(held.settings->shards == 1);
    CHECK(generations.kept() == 1);
    generations.unpin(held);
    CHECK(generations.kept() == 0);
    CHECK(first.expired());
    CHECK(generations.current().number == 2);
}

TEST_CASE("a generation that nobody uses goes when it is replaced") {
    Generations generations(some_settings(1));
    Generation& passing = generations.current();
    generations.pin(passing);
    generations.unpin(passing);
    generations.replace(2, some_settings(2));
    CHECK(generations.kept() == 0);
}
