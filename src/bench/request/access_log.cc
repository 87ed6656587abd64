#include "access_log.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>

#include <fmt/format.h>

#include "../sort_stably.h"
#include "log_lines.h"

namespace ringway::bench {
namespace {

// More than that in one log does not fit into a generator's memory comfortably.
constexpr std::size_t requests_max = 5'000'000;

constexpr LogFormat formats[] = {LogFormat::json, LogFormat::haproxy, LogFormat::combined};

struct Reader {
    std::optional<LogFormat> format;
    std::vector<LoggedRequest> found;
    std::uint64_t lines_skipped = 0;

    void take(std::string_view line) {
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.empty()) return;
        std::optional<LoggedRequest> request;
        if (format) {
            request = read_log_line(*format, line);
        } else {
            for (const LogFormat candidate : formats) {
                request = read_log_line(candidate, line);
                if (!request) continue;
                format = candidate;
                break;
            }
        }
        if (request) {
            found.push_back(std::move(*request));
        } else {
            ++lines_skipped;
        }
    }
};

// Logs are written when a request ends, and replayed as they began. The combined format knows whole
// seconds only: the requests of one second are spread over it evenly, because all of them at once
// would be a burst that never was.
void put_in_order(std::vector<LoggedRequest>& requests, bool whole_seconds) {
    sort_stably(requests, [](const LoggedRequest& a, const LoggedRequest& b) {
        return a.begun_us < b.begun_us;
    });
    if (!whole_seconds) return;
    for (std::size_t begin = 0; begin < requests.size();) {
        std::size_t end = begin;
        while (end < requests.size() && requests[end].begun_us == requests[begin].begun_us) ++end;
        const auto count = static_cast<std::int64_t>(end - begin);
        for (std::size_t i = begin; i < end; ++i) {
            requests[i].begun_us += static_cast<std::int64_t>(i - begin) * 1'000'000 / count;
        }
        begin = end;
    }
}

}  // namespace

config::Checked<AccessLog> read_access_log(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return config::Refusal{fmt::format("the file cannot be read: {}", std::strerror(errno)),
                               ""};
    }
    Reader reader;
    for (std::string line; std::getline(file, line);) {
        reader.take(line);
        if (reader.found.size() > requests_max) {
            return config::Refusal{fmt::format("at most {} requests are replayed", requests_max),
                                   "give a part of the log"};
        }
    }
    if (file.bad()) return config::Refusal{"the file cannot be read to its end", ""};
    if (reader.found.empty()) {
        return config::Refusal{
            fmt::format("none of its {} lines is a request in the combined format, in ringway's "
                        "JSON or in HAProxy's HTTP format",
                        reader.lines_skipped),
            ""};
    }
    put_in_order(reader.found, reader.format == LogFormat::combined);
    AccessLog log;
    log.format = name_of(*reader.format);
    log.lines_skipped = reader.lines_skipped;
    const std::int64_t first_us = reader.found.front().begun_us;
    log.requests.reserve(reader.found.size());
    for (LoggedRequest& logged : reader.found) {
        log.requests.push_back(
            {std::move(logged.request), base::Duration::microseconds(logged.begun_us - first_us)});
    }
    return log;
}

}  // namespace ringway::bench
