#include "live_display.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ringway/stats/table.h"
#include "words.h"
#include "writers.h"

namespace ringway::bench {
namespace {

constexpr std::size_t bar_columns = 24;
constexpr auto line_pause = std::chrono::seconds(2);

const char* name_of(RunProgress::Phase phase) {
    switch (phase) {
        case RunProgress::Phase::connecting: return "connecting";
        case RunProgress::Phase::warm_up: return "warm-up";
        case RunProgress::Phase::measuring: return "measuring";
        case RunProgress::Phase::draining: return "draining";
    }
    return "";
}

std::string bar(double done, bool is_unicode) {
    const double share = std::clamp(std::isfinite(done) ? done : 0.0, 0.0, 1.0);
    const auto full = static_cast<std::size_t>(share * static_cast<double>(bar_columns));
    std::string out;
    for (std::size_t at = 0; at < bar_columns; ++at) {
        if (is_unicode) {
            out += at < full ? "\u2501" : "\u2500";
        } else {
            out += at < full ? '#' : '.';
        }
    }
    return out;
}

// Cut to so many characters, never within one.
std::string shortened(const std::string& text, std::size_t columns) {
    std::size_t seen = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool begins_one = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
        if (begins_one && seen++ == columns) return text.substr(0, at);
    }
    return text;
}

bool terminal_is_unicode() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view text(value);
        return text.find("UTF-8") != std::string_view::npos ||
               text.find("utf8") != std::string_view::npos;
    }
    return false;
}

std::size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

std::string progress_line(const std::string& label, const RunProgress& progress,
                          const LineStyle& style) {
    std::string out = stats::printable(label);
    if (!out.empty()) out += "  ";
    if (style.has_bar) out += bar(progress.done, style.is_unicode) + " ";
    out += fmt::format("{:>3.0f} % {}", std::clamp(progress.done, 0.0, 1.0) * 100,
                       name_of(progress.phase));
    if (progress.phase == RunProgress::Phase::connecting) {
        out += fmt::format(" ({} connections)", progress.connections);
    } else {
        out += fmt::format("  {}/s", rate_words(progress.rate));
        if (progress.p50_us > 0) {
            out += fmt::format("  p50 {}  p99 {}", latency_words(progress.p50_us),
                               latency_words(progress.p99_us));
        }
    }
    if (progress.errors > 0) {
        out += fmt::format("  errors {}", count_words(static_cast<double>(progress.errors)));
    }
    return shortened(out, style.columns);
}

struct LiveDisplay::Impl {
    bool enabled = false;
    bool is_terminal = false;
    bool is_drawn = false;
    LineStyle style;
    std::string label;
    std::chrono::steady_clock::time_point last_line;
};

LiveDisplay::LiveDisplay(bool enabled) : impl_(std::make_unique<Impl>()) {
    const char* term = std::getenv("TERM");
    impl_->enabled = enabled;
    impl_->is_terminal =
        isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
    impl_->style.is_unicode = terminal_is_unicode();
    impl_->style.has_bar = impl_->is_terminal;
}

LiveDisplay::~LiveDisplay() { end(); }

void LiveDisplay::begin(const std::string& label) {
    end();
    impl_->label = label;
    impl_->last_line = std::chrono::steady_clock::now();
}

void LiveDisplay::show(const RunProgress& progress) {
    if (!impl_->enabled) return;
    if (impl_->is_terminal) {
        // One column stays free: some terminals wrap a line that fills the last one.
        impl_->style.columns = std::max<std::size_t>(terminal_columns(), 2) - 1;
        fmt::print(stderr, "\r{}\x1b[K", progress_line(impl_->label, progress, impl_->style));
        std::fflush(stderr);
        impl_->is_drawn = true;
        return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - impl_->last_line < line_pause) return;
    impl_->last_line = now;
    impl_->style.columns = 200;
    fmt::print(stderr, "{}\n", progress_line(impl_->label, progress, impl_->style));
}

void LiveDisplay::end() {
    if (!impl_->is_drawn) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    impl_->is_drawn = false;
}

}  // namespace ringway::bench
