// One source of settings - command line, environment or file - before anything is interpreted.
//
// Every value remembers where it was written, for messages. Layers are merged by precedence: a flag
// given in a higher one hides all its values in lower ones; listeners, upstreams and routes are
// hidden kind by kind, not one by one.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ringway/config/checked.h"
#include "ringway/config/flags.h"

namespace ringway::config {

struct Raw {
    std::string text;
    std::string where;  // "--shards", "RINGWAY_SHARDS", "ringway.toml:3:1: shards"
};

struct RawOption {
    std::string key;
    Raw value;
};

// A listener, or an endpoint: a URL and options that stand beside it (those in it are parsed
// later).
struct RawPlace {
    std::string name;
    Raw url;
    std::vector<RawOption> options;
};

struct RawUpstream {
    std::string name;
    std::string where;
    std::vector<RawPlace> endpoints;
    std::vector<RawOption> options;
};

// The keys of a [[route]], be it written as one or as a flag.
struct RawRoute {
    std::string where;
    std::vector<RawOption> options;
};

struct Layer {
    std::map<std::string_view, std::vector<Raw>> values;  // by flag name
    std::vector<RawPlace> listeners;
    std::vector<RawUpstream> upstreams;
    std::vector<RawRoute> routes;

    // Any flag but --config. The complaint concerns only how objects are written; other values are
    // judged when they are applied.
    Complaint add(const Flag& flag, Raw value);
};

// Everything below gives back a whole line for standard error instead of a Refusal.
using Problem = std::string;

Checked<Layer, Problem> read_environment(std::span<const std::string> environment);
Checked<Layer, Problem> read_toml(std::string_view text, std::string_view file_name);

// "listener=web => backend"; one route, or several in a row.
Checked<std::vector<RawRoute>> parse_routes(std::string_view text, std::string_view where);

// Interprets the layers, first one wins, and builds the objects. What a higher layer hides must be
// right as well: a mistake does not wait until somebody leaves a flag out.
Checked<Settings, Problem> build_settings(std::span<const Layer> layers);

}  // namespace ringway::config
