#include "html_axes.h"

#include <cmath>

#include <fmt/format.h>

#include "words.h"

namespace ringway::bench {
std::string latency_tick(double us) {
    if (us >= 1e6) return fmt::format("{:.4g} s", us / 1e6);
    if (us >= 1e3) return fmt::format("{:.4g} ms", us / 1e3);
    return fmt::format("{:.3g} us", us);
}

std::string rate_tick(double value) {
    if (value >= 1e6) return fmt::format("{:.4g}M", value / 1e6);
    if (value >= 1e4) return fmt::format("{:.4g}k", value / 1e3);
    return fmt::format("{:.4g}", value);
}

std::string plain_tick(double value) { return fmt::format("{:.4g}", value); }

Axis latency_axis(std::string title) {
    return {.scale = Scale::log,
            .title = std::move(title),
            .tick_text = latency_tick,
            .value_text = latency_words};
}

Axis rate_axis() {
    return {.scale = Scale::linear,
            .title = "per second",
            .tick_text = rate_tick,
            .value_text = [](double value) { return rate_words(value) + "/s"; }};
}

std::string categorical(std::size_t at) { return fmt::format("var(--s{})", at % curves_max + 1); }

std::string sequential(std::size_t at, std::size_t count) {
    const double share = count < 2 ? 1 : static_cast<double>(at) / static_cast<double>(count - 1);
    return fmt::format("color-mix(in oklab, var(--high) {:.0f}%, var(--low))", share * 100);
}

}  // namespace ringway::bench
