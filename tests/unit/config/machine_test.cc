// What is derived from the machine, for machines of every kind.
#include "ringway/config/machine.h"

#include <doctest/doctest.h>

#include "ringway/config/derive.h"
#include "ringway/config/limits.h"
#include "support.h"

namespace ringway::config::test {
namespace {

Settings with_listener() {
    Settings settings;
    settings.listeners.resize(1);
    settings.upstreams.resize(1);
    return settings;
}

TEST_CASE("there is one shard per core, pinned; more are warned of and not pinned") {
    Settings settings = with_listener();
    const Derived plain = derive(settings, some_machine());
    CHECK(plain.settings.shards == 4);
    CHECK(plain.settings.pin == true);
    CHECK(plain.warnings.empty());
    settings.shards = 5;
    const Derived crowded = derive(settings, some_machine());
    CHECK(crowded.settings.pin == false);
    REQUIRE(crowded.warnings.size() == 1);
    CHECK(contains(crowded.warnings[0], "5 shards share 4 cores"));
    settings.pin = true;
    CHECK(derive(settings, some_machine()).settings.pin == true);
}

TEST_CASE("connections are what the hard limit of open files leaves, two for each") {
    const Derived derived = derive(with_listener(), some_machine());
    const std::uint64_t beside = descriptors_beside_connections(derived.settings);
    CHECK(beside == 64 + 4 * (8 + 1 + 64 * 2));
    CHECK(derived.settings.connections_max == (20000 - beside) / 2);
    CHECK(descriptors_needed(derived.settings) <= 20000);
    CHECK(descriptors_needed(derived.settings) >= 19999);
}

TEST_CASE("pipes are not counted where none is used, and checks are where they are") {
    Settings settings = with_listener();
    settings.shards = 1;
    const std::uint64_t with_pipes = descriptors_beside_connections(settings);
    settings.relay = RelayMode::copy;
    CHECK(descriptors_beside_connections(settings) == with_pipes - 128);
    settings.upstreams[0].endpoints.resize(3);
    settings.upstreams[0].health.enabled = true;
    CHECK(descriptors_beside_connections(settings) == with_pipes - 128 + 3);
}

TEST_CASE("a huge limit gives a modest default, one that is too small is refused") {
    Machine machine = some_machine();
    machine.descriptors_hard = std::uint64_t{1} << 40;
    CHECK(derive(with_listener(), machine).settings.connections_max == derived_connections_max);
    machine.descriptors_hard = 100;
    CHECK(contains(derive(with_listener(), machine).refusal, "limit of open files (100)"));
    Settings settings = with_listener();
    settings.connections_max = 50000;
    const Derived wished = derive(settings, some_machine());
    CHECK(wished.refusal.empty());
    CHECK(wished.settings.connections_max == 50000);
    REQUIRE(wished.warnings.size() == 1);
    CHECK(contains(wished.warnings[0], "--max-connections: 50000 need"));
    settings.connections_max = 9694;
    CHECK(derive(settings, some_machine()).warnings.empty());
    settings.connections_max = 9695;
    CHECK(contains(derive(settings, some_machine()).warnings.at(0), "has room for 9694"));
}

TEST_CASE("where descriptors are few, pipes give way to connections, with a warning") {
    Machine machine = some_machine();
    machine.descriptors_hard = 1024;
    const Derived derived = derive(with_listener(), machine);
    CHECK(derived.settings.pipes_max == 32);  // 4 shards, two descriptors each: a quarter of 1024
    CHECK(derived.settings.connections_max == (1024 - 64 - 4 * (8 + 1 + 64)) / 2);
    REQUIRE(derived.warnings.size() == 1);
    CHECK(contains(derived.warnings[0], "--pipes: 64 for each shard"));
    Settings copying = with_listener();
    copying.relay = RelayMode::copy;
    CHECK(derive(copying, machine).warnings.empty());
    machine.descriptors_hard = 8192;
    CHECK(derive(with_listener(), machine).settings.pipes_max == 64);
}

TEST_CASE("the control socket stands in the runtime directory") {
    Machine machine = some_machine();
    CHECK(default_control_path(machine) == "/run/user/1000/ringway/ringway.sock");
    machine.user_runtime_directory.clear();
    CHECK(default_control_path(machine) == "/tmp/ringway-1000/ringway.sock");
    machine.user_id = 0;
    CHECK(default_control_path(machine) == "/run/ringway/ringway.sock");
    machine.runtime_directory = "/run/a:/run/b";
    CHECK(default_control_path(machine) == "/run/a/ringway.sock");
    machine.runtime_directory = "/" + std::string(120, 'x');
    CHECK(contains(derive(with_listener(), machine).refusal, "too long for a socket"));
}

TEST_CASE("an upstream that no listener goes to is warned of") {
    Settings settings = with_listener();
    settings.upstreams.resize(2);
    settings.upstreams[1].name = "spare";
    const Derived derived = derive(settings, some_machine());
    REQUIRE(derived.warnings.size() == 1);
    CHECK(derived.warnings[0] == "--upstream: no listener goes to spare");
}

TEST_CASE("the machine that runs this test has a core and descriptors") {
    const Machine machine = Machine::read();
    CHECK_FALSE(machine.cpus.empty());
    CHECK(machine.descriptors_hard >= machine.descriptors_soft);
    CHECK(machine.descriptors_soft > 0);
}

}  // namespace
}  // namespace ringway::config::test
