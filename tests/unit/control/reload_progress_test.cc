#include "reload_progress.h"

#include <doctest/doctest.h>

namespace ringway::control {
namespace {

using base::Instant;

TEST_CASE("a reload is complete when every shard that was asked has taken it or is gone") {
    ReloadProgress progress(3);
    CHECK_FALSE(progress.running());
    CHECK_FALSE(progress.complete());
    progress.begin(2, {0, 1, 2}, Instant{5}, Instant{100});
    CHECK(progress.due() == Instant{100});
    progress.taken(0, 2);
    progress.taken(1, 1);  // a late word about the one before
    CHECK_FALSE(progress.complete());
    CHECK(progress.missing() == std::vector<std::size_t>{1, 2});
    progress.taken(1, 2);
    progress.shard_gone(2);
    CHECK(progress.complete());
    CHECK(progress.generation() == 2);
    CHECK(progress.began() == Instant{5});
    progress.finish();
    CHECK_FALSE(progress.running());
    CHECK(progress.due().is_never());
}

TEST_CASE("patience ends once, and the reload goes on") {
    ReloadProgress progress(1);
    progress.begin(2, {0}, Instant{0}, Instant{10});
    progress.patience_is_over();
    CHECK(progress.due().is_never());
    CHECK(progress.running());
    progress.taken(0, 2);
    CHECK(progress.complete());
}

}  // namespace
}  // namespace ringway::control
