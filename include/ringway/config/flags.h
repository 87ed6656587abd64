// Every flag of the server, its twin in the environment, and its key in the file: one list.
//
// Made from the option tables (options.h) and the few flags that are no setting of one object:
// --listen, --upstream, --route and --config.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/options.h"

namespace ringway::config {

// What flags fill in: settings of the process, and what objects do that do not say otherwise.
struct Draft {
    Settings settings;
    Listener listener;
    Upstream upstream;
};

struct Flag {
    enum class Scope : std::uint8_t {
        process,        // one value for all
        listener,       // a default for listeners, and an option of each
        upstream,       // likewise for upstreams
        http_upstream,  // likewise for HTTP upstreams
        socket,         // likewise for listeners and upstreams
        object,         // --listen, --upstream, --route: makes an object
        file,           // --config
    };

    std::string_view name;
    Group group = Group::objects;
    Scope scope = Scope::process;
    std::string_view placeholder;
    ValueRule rule;
    std::string_view help;
    std::string_view hint;
    std::string default_text;
    bool repeat = false;
    bool fixed = false;  // a reload cannot change it
    // Not of the scopes object and file.
    std::function<Complaint(Draft&, std::string_view)> apply{};
    std::function<std::string(const Draft&)> show{};

    bool is_switch() const { return rule.kind == ValueKind::toggle; }
    std::string environment_name() const;  // RINGWAY_IDLE_TIMEOUT
    // "--shards N", "--[no-]pin".
    std::string usage() const;
};

const std::vector<Flag>& all_flags();
const Flag* find_flag(std::string_view name);

// A name list for suggestions: "--shards", "--pin", "--no-pin", ...
std::vector<std::string> flag_spellings();

}  // namespace ringway::config
