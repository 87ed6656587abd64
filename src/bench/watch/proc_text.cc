#include "proc_text.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <memory>

namespace ringway::bench {
namespace {

// The next number after blanks; `text` loses both. Nothing when there is none.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    if (read.ec != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    return number;
}

// The next line, without its end; `text` loses both.
std::string_view take_line(std::string_view& text) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
}

// The number after "NAME:" at the begin of a line.
std::optional<std::uint64_t> number_after(std::string_view text, std::string_view name) {
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (!line.starts_with(name)) continue;
        line.remove_prefix(name.size());
        if (!line.starts_with(':')) continue;
        line.remove_prefix(1);
        return take_number(line);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> contents_of(const std::string& path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                               &std::fclose);
    if (file == nullptr) return std::nullopt;
    std::string text;
    char block[4096];
    std::size_t got = 0;
    while ((got = std::fread(block, 1, sizeof block, file.get())) > 0) text.append(block, got);
    if (std::ferror(file.get()) != 0) return std::nullopt;
    return text;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
    // The name stands in parentheses and may hold anything, parentheses too; fields are counted
    // from the state on, which is the third.
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string_view::npos || name_end + 2 >= text.size()) return std::nullopt;
    text.remove_prefix(name_end + 2);
    ProcessStat stat;
    stat.state = text.front();
    constexpr int user_field = 14, system_field = 15, start_field = 22;
    for (int field = 3; field <= start_field; ++field) {
        const std::size_t blank = text.find(' ');
        std::string_view word = text.substr(0, blank);
        if (field == user_field || field == system_field || field == start_field) {
            const auto number = take_number(word);
            if (!number) return std::nullopt;
            if (field == user_field) stat.user_ticks = *number;
            if (field == system_field) stat.system_ticks = *number;
            if (field == start_field) stat.start_ticks = *number;
        }
        if (blank == std::string_view::npos && field != start_field) return std::nullopt;
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    return stat;
}

std::optional<MemoryUse> parse_smaps_rollup(std::string_view text) {
    const auto resident = number_after(text, "Rss");
    const auto clean = number_after(text, "Private_Clean");
    const auto dirty = number_after(text, "Private_Dirty");
    if (!resident || !clean || !dirty) return std::nullopt;
    return MemoryUse{(*clean + *dirty) * 1024, *resident * 1024};
}

std::optional<ThreadTime> parse_schedstat(std::string_view text) {
    const auto run = take_number(text);
    const auto delay = take_number(text);
    if (!run || !delay) return std::nullopt;
    return ThreadTime{*run, *delay};
}

std::optional<std::uint64_t> parse_sleeps(std::string_view text) {
    return number_after(text, "voluntary_ctxt_switches");
}

std::vector<CoreTicks> parse_core_ticks(std::string_view text) {
    std::vector<CoreTicks> cores;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (!line.starts_with("cpu") || line.starts_with("cpu ")) continue;
        line.remove_prefix(3);
        const auto cpu = take_number(line);
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are counted as user.
        std::array<std::uint64_t, 8> ticks{};
        bool complete = cpu.has_value();
        for (std::uint64_t& count : ticks) {
            const auto number = take_number(line);
            complete = complete && number.has_value();
            count = number.value_or(0);
        }
        if (!complete) continue;
        cores.push_back({static_cast<int>(*cpu),
                         ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6], ticks[7]});
    }
    return cores;
}

}  // namespace ringway::bench
