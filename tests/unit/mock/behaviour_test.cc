#include "ringway/mock/behaviour.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace ringway::mock;
using ringway::base::Duration;
using ringway::base::Random;

namespace {

// Sorted milliseconds.
std::vector<double> samples_of(std::string_view text, int count) {
    const auto latency = Latency::parse(text);
    REQUIRE(latency);
    Random random(7);
    std::vector<double> samples;
    for (int i = 0; i < count; ++i) {
        samples.push_back(static_cast<double>(latency->sample(random).ns) / 1e6);
    }
    std::sort(samples.begin(), samples.end());
    return samples;
}

double mean_of(const std::vector<double>& samples) {
    double sum = 0;
    for (const double sample : samples) sum += sample;
    return sum / static_cast<double>(samples.size());
}

}  // namespace

TEST_CASE("a fixed latency is what it says") {
    const auto samples = samples_of("5ms", 10);
    CHECK(samples.front() == 5);
    CHECK(samples.back() == 5);
    CHECK(Latency::parse("0ms")->is_none());
    CHECK_FALSE(Latency::parse("1us")->is_none());
    CHECK(Latency().is_none());
}

TEST_CASE("a uniform latency fills its range evenly") {
    const auto samples = samples_of("1ms-5ms", 20000);
    CHECK(samples.front() >= 1);
    CHECK(samples.back() <= 5);
    CHECK(mean_of(samples) == doctest::Approx(3).epsilon(0.02));
    CHECK(samples[samples.size() / 4] == doctest::Approx(2).epsilon(0.03));
}

TEST_CASE("an exponential latency has its mean and its tail") {
    const auto samples = samples_of("exp:5ms", 50000);
    CHECK(mean_of(samples) == doctest::Approx(5).epsilon(0.03));
    CHECK(samples[samples.size() / 2] == doctest::Approx(3.466).epsilon(0.03));
    CHECK(samples[samples.size() * 99 / 100] == doctest::Approx(23.03).epsilon(0.06));
}

TEST_CASE("a table of percentiles is met at each of them") {
    const auto samples = samples_of("table:50=1ms,90=4ms,99=20ms,100=80ms", 100000);
    CHECK(samples.front() == 1);
    CHECK(samples[40000] == 1);
    CHECK(samples[70000] == doctest::Approx(2.5).epsilon(0.05));
    CHECK(samples[90000] == doctest::Approx(4).epsilon(0.05));
    CHECK(samples[99000] == doctest::Approx(20).epsilon(0.1));
    CHECK(samples.back() <= 80);
    CHECK(samples.back() > 70);
}

TEST_CASE("every latency that cannot be is refused") {
    for (const char* text : {"", "5", "ms", "5ms-", "5ms-1ms", "exp:", "exp:1ms-2ms", "table:",
                             "table:50=1ms", "table:50=1ms,40=2ms,100=3ms", "table:50=2ms,100=1ms",
                             "table:101=1ms", "2h", "table:x=1ms,100=2ms", "table:50,100=1ms"}) {
        CAPTURE(text);
        CHECK_FALSE(Latency::parse(text));
    }
}

TEST_CASE("all keys are understood, encoded or not, the last one counts") {
    Behaviour behaviour;
    std::string problem;
    REQUIRE(
        apply_keys("bytes=4KiB&chunked=1KiB&status=201&type=text%2Fx%20y&latency=1ms-2ms&"
                   "errors=2%&error-status=503&cut=0.5%25&cut-after=10&corrupt=100%&rate=1MiB&"
                   "close=on&seed=9&interval=5ms&jitter=1ms&ttft=3ms&tokens=5&token-rate=2.5&"
                   "stamps=on&&status=202",
                   UnknownKeys::refuse, behaviour, problem));
    CHECK(behaviour.bytes == 4096);
    CHECK(behaviour.chunked == 1024);
    CHECK(behaviour.status == 202);
    CHECK(behaviour.type.view() == "text/x y");
    CHECK_FALSE(behaviour.latency.is_none());
    CHECK(behaviour.errors == doctest::Approx(0.02));
    CHECK(behaviour.error_status == 503);
    CHECK(behaviour.cut == doctest::Approx(0.005));
    CHECK(behaviour.cut_after == 10);
    CHECK(behaviour.corrupt == 1);
    CHECK(behaviour.rate == 1 << 20);
    CHECK(behaviour.close);
    CHECK(behaviour.seed == 9);
    CHECK(behaviour.interval == Duration::milliseconds(5));
    CHECK(behaviour.jitter == Duration::milliseconds(1));
    CHECK(behaviour.ttft == Duration::milliseconds(3));
    CHECK(behaviour.tokens == 5);
    CHECK(behaviour.token_rate == 2.5);
    CHECK(behaviour.stamps);
    CHECK(apply_keys("chunked=off&rate=off&errors=off", UnknownKeys::refuse, behaviour, problem));
    CHECK(behaviour.chunked == 0);
    CHECK(behaviour.rate == 0);
    CHECK(behaviour.errors == 0);
}

TEST_CASE("a value that breaks its rule is named with it") {
    constexpr std::array<std::pair<const char*, const char*>, 17> bad = {{
        {"bytes=x", "a size"},
        {"bytes=2TiB", "1TiB"},
        {"chunked=1GiB", "16MiB"},
        {"status=100", "200 to 599"},
        {"status=", "200 to 599"},
        {"type=", "media type"},
        {"type=a%0d%0ab", "printable"},
        {"latency=soon", "table:50=1ms"},
        {"errors=2", "share"},
        {"errors=101%", "share"},
        {"error-status=200", "400 to 599"},
        {"cut=-1%", "share"},
        {"close=maybe", "on or off"},
        {"interval=0ms", "10us"},
        {"tokens=0", "1000000"},
        {"token-rate=x", "tokens per second"},
        {"colour=red", "known are bytes"},
    }};
    for (const auto& [text, rule] : bad) {
        CAPTURE(text);
        Behaviour behaviour;
        std::string problem;
        CHECK_FALSE(apply_keys(text, UnknownKeys::refuse, behaviour, problem));
        CAPTURE(problem);
        CHECK(problem.find(rule) != std::string::npos);
    }
    Behaviour behaviour;
    std::string problem;
    CHECK(apply_keys("colour=red&x&status=204", UnknownKeys::ignore, behaviour, problem));
    CHECK(behaviour.status == 204);
    CHECK_FALSE(
        apply_keys("type=" + std::string(600, '%'), UnknownKeys::ignore, behaviour, problem));
}
