#include "watch/proc_text.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

namespace ringway::bench {
namespace {

TEST_CASE("a process's times are found behind any name that it gave itself") {
    const std::string rest =
        " S 1 2 3 0 -1 4194304 99 0 0 0 1234 567 8 9 20 0 1 0 2418159 3133440 390 18446744073709";
    for (const std::string name : {"cat", "a) R 1 2 3", "", ") ("}) {
        const auto stat = parse_process_stat("669 (" + name + ")" + rest + "\n");
        REQUIRE(stat);
        CHECK(stat->state == 'S');
        CHECK(stat->user_ticks == 1234);
        CHECK(stat->system_ticks == 567);
        CHECK(stat->start_ticks == 2418159);
        CHECK(stat->is_running());
    }
    CHECK_FALSE(
        parse_process_stat("1 (a) Z 1 2 3 0 -1 4 9 0 0 0 1 5 8 9 20 0 1 0 24")->is_running());
    CHECK_FALSE(parse_process_stat(""));
    CHECK_FALSE(parse_process_stat("669 (cat) "));
    CHECK_FALSE(parse_process_stat("669 (cat) S 1 2 3"));
    CHECK_FALSE(
        parse_process_stat("669 (cat) S 1 2 3 0 -1 4194304 99 0 0 0 x 567 8 9 20 0 1 0 24"));
}

TEST_CASE("memory is what no other process shares") {
    const auto memory = parse_smaps_rollup(
        "563337e0f000-7ffdf7175000 ---p 00000000 00:00 0    [rollup]\n"
        "Rss:                1728 kB\nPss:                 268 kB\nShared_Clean:       1576 kB\n"
        "Private_Clean:        40 kB\nPrivate_Dirty:       112 kB\nPrivate_Hugetlb:       0 kB\n");
    REQUIRE(memory);
    CHECK(memory->private_bytes == 152 * 1024);
    CHECK(memory->resident_bytes == 1728 * 1024);
    CHECK_FALSE(parse_smaps_rollup(""));
    CHECK_FALSE(parse_smaps_rollup("Rss: 17 kB\nPrivate_Clean: 1 kB\n"));
}

TEST_CASE("a thread's times and sleeps") {
    const auto time = parse_schedstat("1994716199 6425510 12\n");
    REQUIRE(time);
    CHECK(time->run_ns == 1994716199);
    CHECK(time->delay_ns == 6425510);
    CHECK_FALSE(parse_schedstat("1994716199\n"));
    CHECK_FALSE(parse_schedstat(""));
    CHECK(parse_sleeps(
              "Name:\tx\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t33\n") == 33u);
    CHECK_FALSE(parse_sleeps("Name:\tx\nnonvoluntary_ctxt_switches:\t7\n"));
}

TEST_CASE("cores are busy with everything but idling and waiting") {
    const auto cores = parse_core_ticks(
        "cpu  1223688 1348946 622134 1266112 212090 0 140709 1285 0 0\n"
        "cpu0 1 2 4 1000 1000 8 16 5 1 0\ncpu11 100 0 0 7 7 0 0 0\ncpu12 1 2 3\n"
        "intr 55 1 2 3\nctxt 5\n");
    REQUIRE(cores.size() == 2);
    CHECK(cores[0].cpu == 0);
    CHECK(cores[0].busy == 31);
    CHECK(cores[0].steal == 5);
    CHECK(cores[1].cpu == 11);
    CHECK(cores[1].busy == 100);
    CHECK(parse_core_ticks("").empty());
}

TEST_CASE("this machine's files are understood") {
    const std::string own = fmt::format("/proc/{}/", ::getpid());
    const auto stat = parse_process_stat(contents_of(own + "stat").value_or(""));
    REQUIRE(stat);
    CHECK(stat->is_running());
    CHECK(stat->start_ticks > 0);
    const auto memory = parse_smaps_rollup(contents_of(own + "smaps_rollup").value_or(""));
    REQUIRE(memory);
    CHECK(memory->private_bytes > 100'000);
    CHECK(memory->resident_bytes >= memory->private_bytes);
    CHECK(parse_schedstat(contents_of("/proc/thread-self/schedstat").value_or("")));
    CHECK(parse_sleeps(contents_of("/proc/thread-self/status").value_or("")));
    CHECK_FALSE(parse_core_ticks(contents_of("/proc/stat").value_or("")).empty());
    CHECK_FALSE(contents_of("/proc/0/stat"));
}

}  // namespace
}  // namespace ringway::bench
