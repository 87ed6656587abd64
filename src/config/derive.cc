#include "ringway/config/derive.h"

#include <algorithm>

#include <fmt/format.h>

#include "ringway/config/limits.h"
#include "ringway/config/units.h"

namespace ringway::config {
namespace {

constexpr std::uint64_t descriptors_per_pipe = 2;

// A TCP connection is the client's and the endpoint's; an HTTP client is one, and shares what its
// upstream's pool has.
std::uint64_t descriptors_per_connection(const Settings& settings) {
    const bool tcp = std::any_of(settings.listeners.begin(), settings.listeners.end(),
                                 [](const Listener& each) { return !each.speaks_http(); });
    return tcp ? 2 : 1;
}

// Connections that the pools of HTTP upstreams may have at once.
std::uint64_t pooled_connections(const Settings& settings) {
    std::uint64_t total = 0;
    for (const Upstream& upstream : settings.upstreams) {
        if (upstream.speaks_http()) total += upstream.pool.connections_max;
    }
    return total;
}

void derive_threads(Derived& derived, const Machine& machine) {
    Settings& settings = derived.settings;
    const auto cores = static_cast<std::uint32_t>(machine.cpus.size());
    if (settings.shards == 0) {
        settings.shards = std::min(cores, static_cast<std::uint32_t>(shards_max));
        settings.derived.shards = true;
    }
    if (settings.shards > cores) {
        derived.warnings.push_back(fmt::format(
            "--shards: {} shards share {} {}: more shards than cores make nothing faster",
            settings.shards, cores, cores == 1 ? "core" : "cores"));
    }
    if (settings.pin) return;
    settings.pin = settings.shards <= cores;
    settings.derived.pin = true;
}

// Pipes make bulk cheap, connections make it a proxy: where descriptors are few, pipes give way.
void derive_pipes(Derived& derived, const Machine& machine) {
    Settings& settings = derived.settings;
    if (settings.relay == RelayMode::copy) return;
    const std::uint64_t for_pipes = machine.descriptors_hard / 4;
    const std::uint64_t fitting =
        std::max(for_pipes / (settings.shards * descriptors_per_pipe), pipes_min);
    if (settings.pipes_max <= fitting) return;
    derived.warnings.push_back(fmt::format(
        "--pipes: {} for each shard would take more than a quarter of the {} open files allowed: "
        "{} it is (hint: ulimit -n or LimitNOFILE=)",
        settings.pipes_max, machine.descriptors_hard, fitting));
    settings.pipes_max = static_cast<std::uint32_t>(fitting);
    settings.derived.pipes_max = true;
}

void derive_connections(Derived& derived, const Machine& machine) {
    Settings& settings = derived.settings;
    const std::uint64_t beside = descriptors_beside_connections(settings);
    const std::uint64_t left =
        machine.descriptors_hard > beside ? machine.descriptors_hard - beside : 0;
    // Pools as large as they may get, unless that leaves clients less than half.
    const std::uint64_t pooled = std::min(pooled_connections(settings), left / 2);
    const std::uint64_t possible = (left - pooled) / descriptors_per_connection(settings);
    if (possible == 0) {
        derived.refusal = fmt::format(
            "--max-connections: the limit of open files ({}) leaves none beside the {} that "
            "ringway "
            "needs itself (hint: ulimit -n, LimitNOFILE=, or fewer --shards)",
            machine.descriptors_hard, beside);
        return;
    }
    if (settings.connections_max == 0) {
        settings.connections_max = std::min(possible, derived_connections_max);
        settings.derived.connections_max = true;
    } else if (settings.connections_max > possible) {
        derived.warnings.push_back(fmt::format(
            "--max-connections: {} need {} open files, and the limit of {} has room for {}: "
            "accepting will pause there (hint: ulimit -n or LimitNOFILE=)",
            settings.connections_max, descriptors_needed(settings), machine.descriptors_hard,
            possible));
        return;
    }
    if (descriptors_needed(settings) <= machine.descriptors_hard) return;
    derived.warnings.push_back(fmt::format(
        "--pool-max: {} connections to upstreams and {} of clients would need {} open files, and "
        "the limit is {}: not all pools can be full at once (hint: ulimit -n or LimitNOFILE=)",
        pooled_connections(settings), settings.connections_max, descriptors_needed(settings),
        machine.descriptors_hard));
}

void warn_about_memory(Derived& derived) {
    const Settings& settings = derived.settings;
    const std::uint64_t pool = std::uint64_t{settings.buffer_bytes} * settings.buffers;
    if (settings.held_bytes_max > pool / 2) {
        derived.warnings.push_back(fmt::format(
            "--max-held-bytes: {} is more than half of a shard's {} of buffers: one slow reader "
            "may starve the others",
            format_size(settings.held_bytes_max), format_size(pool)));
    }
}

void warn_about_unused(Derived& derived) {
    const Settings& settings = derived.settings;
    for (std::size_t i = 0; i < settings.upstreams.size(); ++i) {
        const bool by_listener = std::any_of(
            settings.listeners.begin(), settings.listeners.end(),
            [&](const auto& each) { return !each.speaks_http() && each.upstream == i; });
        const bool by_route =
            std::any_of(settings.routes.begin(), settings.routes.end(), [&](const Route& each) {
                return each.action == RouteAction::forward && each.upstream == i;
            });
        if (by_listener || by_route) continue;
        derived.warnings.push_back(
            fmt::format("--upstream: {} goes to {}",
                        settings.upstreams[i].speaks_http() ? "no route" : "no listener",
                        settings.upstreams[i].name));
    }
}

}  // namespace

std::uint64_t descriptors_beside_connections(const Settings& settings) {
    const std::uint64_t pipes =
        settings.relay == RelayMode::copy ? 0 : settings.pipes_max * descriptors_per_pipe;
    const std::uint64_t per_shard = shard_descriptors + settings.listeners.size() + pipes;
    std::uint64_t checks = 0;
    for (const Upstream& upstream : settings.upstreams) {
        if (upstream.health.enabled) checks += upstream.endpoints.size();
    }
    return process_descriptors + settings.shards * per_shard + checks;
}

std::uint64_t descriptors_needed(const Settings& settings) {
    return descriptors_beside_connections(settings) + pooled_connections(settings) +
           settings.connections_max * descriptors_per_connection(settings);
}

std::string default_control_path(const Machine& machine) {
    std::string directory;
    if (!machine.runtime_directory.empty()) {
        // systemd separates several by colons; the first is as good as any.
        directory = machine.runtime_directory.substr(0, machine.runtime_directory.find(':'));
    } else if (machine.user_id == 0) {
        directory = "/run/ringway";
    } else if (!machine.user_runtime_directory.empty()) {
        directory = machine.user_runtime_directory + "/ringway";
    } else {
        directory = fmt::format("/tmp/ringway-{}", machine.user_id);
    }
    return directory + "/ringway.sock";
}

Derived derive(Settings settings, const Machine& machine) {
    Derived derived{.settings = std::move(settings), .warnings = {}, .refusal = {}};
    derive_threads(derived, machine);
    derive_pipes(derived, machine);
    derive_connections(derived, machine);
    if (derived.settings.control_path.empty()) {
        derived.settings.control_path = default_control_path(machine);
        derived.settings.derived.control_path = true;
    }
    if (derived.settings.control_path.size() > unix_path_bytes_max) {
        derived.refusal = fmt::format(
            "the runtime directory's path is too long for a socket: {} "
            "(hint: --control PATH)",
            derived.settings.control_path);
    }
    warn_about_memory(derived);
    warn_about_unused(derived);
    return derived;
}

}  // namespace ringway::config
