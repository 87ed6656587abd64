// `ctl settings`: the settings in effect, as the file that would give them.
#include "replies.h"
#include "ringway/config/flags.h"
#include "ringway/config/render.h"
#include "ringway/stats/json.h"
#include "ringway/stats/render.h"

namespace ringway::control {

std::string settings_reply(const ServerState& state, bool json) {
    const std::string file = config::render_settings(state.settings());
    if (!json) return file;
    config::Draft draft;
    draft.settings = state.settings();
    std::string out;
    stats::JsonWriter writer(out);
    writer.begin_object().number("schema", stats::json_schema_version).begin_object("settings");
    for (const config::Flag& flag : config::all_flags()) {
        if (flag.scope == config::Flag::Scope::process && flag.show) {
            writer.text(flag.name, flag.show(draft));
        }
    }
    writer.end_object().text("file", file).end_object();
    return out;
}

}  // namespace ringway::control
