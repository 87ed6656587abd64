#include "ringway/config/parse.h"

#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command_line.h"
#include "ringway/config/derive.h"
#include "ringway/config/limits.h"
#include "ringway/config/reload.h"
#include "ringway/config/render.h"
#include "ringway/config/validate.h"

namespace ringway::config {
namespace {

constexpr std::size_t file_bytes_max = 16 << 20;

ParseOutcome failed(int exit_code, const std::string& problem) {
    return {.kind = ParseOutcome::Kind::failed,
            .settings = {},
            .warnings = {},
            .text = fmt::format("ringway: {}", problem),
            .exit_code = exit_code};
}

// The whole file, or an errno.
Checked<std::string, int> read_file(const std::string& path,
                                    std::size_t bytes_max = file_bytes_max) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    std::string text;
    char piece[16384];
    while (true) {
        const ssize_t bytes = read(fd, piece, sizeof piece);
        if (bytes < 0 && errno == EINTR) continue;
        const int error = bytes < 0 ? errno : text.size() > bytes_max ? EFBIG : 0;
        if (error != 0 || bytes == 0) {
            close(fd);
            if (error != 0) return error;
            return text;
        }
        text.append(piece, static_cast<std::size_t>(bytes));
    }
}

// What is said instead of ringway's own words, read while somebody looks.
std::string read_error_pages(Settings& settings) {
    for (ErrorPage& page : settings.error_pages) {
        struct stat status{};
        if (stat(page.path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
            return fmt::format("--error-page: {}: {} is not a file", page.status,
                               printable(page.path));
        }
        auto text = read_file(page.path, reply_bytes_max);
        if (!text) {
            return fmt::format("--error-page: {}: cannot read {}: {}", page.status,
                               printable(page.path), std::strerror(text.reason()));
        }
        page.body = std::move(*text);
    }
    return {};
}

// Where the file's name was given: on the command line, else in the environment.
std::optional<Raw> config_path_of(const CommandLine& line, const Layer& environment) {
    if (line.config_path) return line.config_path;
    const auto found = environment.values.find("config");
    if (found == environment.values.end()) return std::nullopt;
    return found->second.back();
}

}  // namespace

ParseOutcome parse_settings(const ParseInput& input) {
    auto line = read_command_line(input.arguments);
    if (!line) return failed(exit_wrong_settings, line.reason());
    if (line->help_asked) {
        return {.kind = ParseOutcome::Kind::help,
                .settings = {},
                .warnings = {},
                .text = help_text(input.command),
                .exit_code = 0};
    }
    auto environment = read_environment(input.environment);
    if (!environment) return failed(exit_wrong_settings, environment.reason());
    const auto config_path = config_path_of(*line, *environment);
    std::vector<Layer> layers{std::move(line->layer), std::move(*environment)};
    if (config_path) {
        auto text = read_file(config_path->text);
        if (!text) {
            return failed(exit_machine_refused,
                          fmt::format("{}: cannot read {}: {}", config_path->where,
                                      printable(config_path->text), std::strerror(text.reason())));
        }
        auto file = read_toml(*text, config_path->text);
        if (!file) return failed(exit_wrong_settings, file.reason());
        layers.push_back(std::move(*file));
    }
    if (!input.built_in.empty()) {
        auto built_in = read_toml(input.built_in, "built-in settings");
        if (!built_in) return failed(exit_wrong_settings, built_in.reason());
        layers.push_back(std::move(*built_in));
    }
    auto settings = build_settings(layers);
    if (!settings) return failed(exit_wrong_settings, settings.reason());
    if (config_path) settings->config_path = config_path->text;
    if (std::string problem = validate(*settings); !problem.empty()) {
        return failed(exit_wrong_settings, problem);
    }
    if (std::string problem = read_error_pages(*settings); !problem.empty()) {
        return failed(exit_machine_refused, problem);
    }
    Derived derived = derive(std::move(*settings), input.machine);
    if (!derived.refusal.empty()) return failed(exit_machine_refused, derived.refusal);
    assign_slots(derived.settings);
    return {.kind = ParseOutcome::Kind::settings,
            .settings = std::move(derived.settings),
            .warnings = std::move(derived.warnings),
            .text = {},
            .exit_code = 0};
}

std::vector<std::string> environment_of(char** environ_block) {
    std::vector<std::string> out;
    for (char** entry = environ_block; entry != nullptr && *entry != nullptr; ++entry) {
        out.emplace_back(*entry);
    }
    return out;
}

}  // namespace ringway::config
