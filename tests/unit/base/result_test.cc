#include "ringway/base/result.h"

#include <cerrno>
#include <memory>
#include <set>
#include <string>

#include <doctest/doctest.h>

#include "death.h"
#include "ringway/base/clock.h"

using namespace ringway::base;
using ringway::test::death_of;

static_assert(sizeof(Error) == 8);

TEST_CASE("an errno becomes the code that callers decide by, and is kept") {
    struct Row {
        int number;
        ErrorCode code;
    };
    for (const Row row : {Row{ECANCELED, ErrorCode::cancelled}, Row{ECONNRESET, ErrorCode::reset},
                          Row{EPIPE, ErrorCode::reset}, Row{ECONNREFUSED, ErrorCode::refused},
                          Row{ENOENT, ErrorCode::refused}, Row{ETIMEDOUT, ErrorCode::timed_out},
                          Row{ENOMEM, ErrorCode::no_memory}, Row{ENOBUFS, ErrorCode::no_memory},
                          Row{EMFILE, ErrorCode::limit}, Row{ENFILE, ErrorCode::limit},
                          Row{EINVAL, ErrorCode::system}, Row{EHOSTUNREACH, ErrorCode::system}}) {
        const Error error = Error::from_errno(-row.number, ErrorSource::upstream);
        CHECK(error.code == row.code);
        CHECK(error.os_error == row.number);
        CHECK(error.source == ErrorSource::upstream);
    }
    CHECK(Error::from_errno(-EIO).source == ErrorSource::internal);
}

TEST_CASE("every code and every source has a name of its own") {
    std::set<std::string> names;
    for (int code = 0; code <= static_cast<int>(ErrorCode::no_memory); ++code) {
        names.insert(std::string(name_of(static_cast<ErrorCode>(code))));
    }
    CHECK(names.size() == static_cast<std::size_t>(ErrorCode::no_memory) + 1);
    CHECK(names.count("unknown") == 0);
    CHECK(name_of(ErrorSource::internal) == "internal");
    CHECK(name_of(ErrorSource::downstream) == "downstream");
    CHECK(name_of(ErrorSource::upstream) == "upstream");
}

TEST_CASE("a result holds a value or an error, also one that only moves") {
    Result<std::unique_ptr<int>> good(std::make_unique<int>(5));
    REQUIRE(good);
    CHECK(**good == 5);
    const std::unique_ptr<int> taken = std::move(*good);
    CHECK(*taken == 5);
    const Result<int> bad = unexpected(ErrorCode::limit, ErrorSource::downstream);
    CHECK_FALSE(bad.has_value());
    CHECK(bad.error() == Error{ErrorCode::limit, ErrorSource::downstream, 0});
    const Result<void> fine;
    CHECK(fine);
    const Result<void> failed = unexpected(Error::from_errno(-EPERM));
    CHECK_FALSE(failed);
    CHECK(failed.error().os_error == EPERM);
}

TEST_CASE("asking for what is not there aborts") {
    CHECK(death_of([] {
              Result<int> bad = unexpected(ErrorCode::reset);
              *bad = 1;
          }).aborted);
    CHECK(death_of([] {
              const Result<int> good(1);
              (void)good.error();
          }).aborted);
    CHECK(death_of([] {
              const Result<void> good;
              (void)good.error();
          }).aborted);
}

TEST_CASE("never and forever absorb what is added to them") {
    const Instant now{1'000'000};
    CHECK((now + Duration::forever()).is_never());
    CHECK((Instant::never() + Duration::seconds(1)).is_never());
    CHECK((now + Duration::milliseconds(2)).ns == 3'000'000);
    CHECK(now < Instant::never());
    CHECK(Duration::seconds(100'000'000) < Duration::forever());
}
