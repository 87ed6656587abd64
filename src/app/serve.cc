// `ringway serve` and `ringway check`: the same settings, run or only looked at.
#include "ringway/control/serve.h"

#include <cstdio>

#include <fmt/format.h>

#include "commands.h"
#include "ringway/config/render.h"
#include "settings_from.h"

namespace ringway::app {

int run_serve(Arguments arguments) {
    int exit_code = 0;
    auto loaded = load_settings(arguments, "serve", exit_code);
    if (!loaded) return exit_code;
    return control::serve(loaded->settings, {.warnings = std::move(loaded->warnings),
                                             .on_ready = {},
                                             .reread = std::move(loaded->reread)});
}

int run_check(Arguments arguments) {
    int exit_code = 0;
    const auto loaded = load_settings(arguments, "check", exit_code);
    if (!loaded) return exit_code;
    for (const std::string& warning : loaded->warnings) {
        fmt::print(stderr, "ringway: warning: {}\n", warning);
    }
    std::fputs(config::render_settings(loaded->settings).c_str(), stdout);
    return 0;
}

}  // namespace ringway::app
