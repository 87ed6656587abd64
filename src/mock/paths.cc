#include "paths.h"

#include <charconv>

namespace ringway::mock {
namespace {

struct Known {
    std::string_view path;
    PathKind kind;
    bool numbered;  // a number follows
};
constexpr Known known_paths[] = {
    {"/bytes/", PathKind::bytes, true},
    {"/status/", PathKind::status, true},
    {"/slow/", PathKind::slow, true},
    {"/events/", PathKind::events, true},
    {"/events", PathKind::events, false},
    {"/echo", PathKind::echo, false},
    {"/mirror", PathKind::mirror, false},
    {"/v1/messages", PathKind::messages, false},
    {"/v1/chat/completions", PathKind::completions, false},
    {"/mock/stats", PathKind::stats, false},
    {"/mock/reset", PathKind::reset, false},
};

// From "http://host/path" as proxies may be asked: what follows the authority.
std::string_view without_origin(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos) return target;
    const std::size_t path = target.find('/', scheme + 3);
    return path == std::string_view::npos ? std::string_view{} : target.substr(path);
}

bool read_number(std::string_view text, std::uint64_t& number) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc{} && end == text.data() + text.size();
}

}  // namespace

std::string_view name_of(PathKind kind) {
    constexpr std::string_view names[path_kinds] = {"other",       "bytes",  "status", "slow",
                                                    "echo",        "mirror", "events", "messages",
                                                    "completions", "stats",  "reset"};
    return names[static_cast<std::size_t>(kind)];
}

Path classify(std::string_view target) {
    Path found;
    if (!target.starts_with('/')) target = without_origin(target);
    const std::size_t question = target.find('?');
    const std::string_view path = target.substr(0, question);
    if (question != std::string_view::npos) found.query = target.substr(question + 1);
    if (path.size() < 2) return found;
    for (const Known& known : known_paths) {
        if (path[1] != known.path[1] || !path.starts_with(known.path)) continue;
        const std::string_view rest = path.substr(known.path.size());
        if (known.numbered ? !read_number(rest, found.number) : !rest.empty()) continue;
        found.kind = known.kind;
        found.has_number = known.numbered;
        break;
    }
    return found;
}

}  // namespace ringway::mock
