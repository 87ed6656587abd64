#include "ringway/stats/log_sink.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

using ringway::stats::LogSink;

namespace {

// A folder that goes away with the test.
class Folder {
  public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "ringway-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    std::string file(const char* name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

std::string content_of(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string read_some(int fd) {
    std::string text(1u << 20, '\0');
    const ssize_t bytes = ::read(fd, text.data(), text.size());
    text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return text;
}

}  // namespace

TEST_CASE("lines are appended to a file when they are flushed") {
    const Folder folder;
    const std::string path = folder.file("log");
    std::ofstream(path) << "before\n";
    LogSink sink;
    REQUIRE(sink.open(path, 2) == 0);
    sink.write("one");
    sink.write("");
    sink.write("two");
    CHECK(content_of(path) == "before\n");
    CHECK(sink.flush());
    CHECK(content_of(path) == "before\none\n\ntwo\n");
    CHECK(sink.lines_written() == 3);
    CHECK(sink.lines_dropped() == 0);
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::others_write) ==
          std::filesystem::perms::none);
}

TEST_CASE("a full buffer flushes by itself, and a line larger than the buffer is dropped") {
    const Folder folder;
    const std::string path = folder.file("log");
    LogSink sink(16);
    REQUIRE(sink.open(path, 2) == 0);
    sink.write("0123456789");
    sink.write("abcdefgh");
    CHECK(content_of(path) == "0123456789\n");
    sink.write(std::string(16, 'x'));
    CHECK(sink.lines_dropped() == 1);
    sink.write(std::string(15, 'y'));
    sink.close();
    CHECK(content_of(path) == "0123456789\nabcdefgh\nyyyyyyyyyyyyyyy\n");
}

TEST_CASE("a log that was moved away is opened again under its name") {
    const Folder folder;
    const std::string path = folder.file("log");
    LogSink sink;
    REQUIRE(sink.open(path, 2) == 0);
    sink.write("old");
    std::filesystem::rename(path, folder.file("log.1"));
    CHECK(sink.reopen() == 0);
    sink.write("new");
    sink.flush();
    CHECK(content_of(folder.file("log.1")) == "old\n");
    CHECK(content_of(path) == "new\n");
}

TEST_CASE("a path that cannot be opened is an error, and what was open stays") {
    const Folder folder;
    const std::string path = folder.file("log");
    LogSink sink;
    CHECK(sink.open(folder.file("missing/log"), 2) == ENOENT);
    CHECK_FALSE(sink.is_open());
    sink.write("to nobody");
    CHECK(sink.flush());
    REQUIRE(sink.open(path, 2) == 0);
    CHECK(sink.open(folder.file("missing/log"), 2) == ENOENT);
    sink.write("still here");
    sink.flush();
    CHECK(content_of(path) == "still here\n");
}

TEST_CASE("a full disk drops lines, counts them and goes on") {
    if (!std::filesystem::exists("/dev/full")) return;
    LogSink sink;
    REQUIRE(sink.open("/dev/full", 2) == 0);
    sink.write("one");
    sink.write("two");
    CHECK(sink.flush());
    CHECK(sink.lines_dropped() == 2);
    CHECK(sink.lines_written() == 0);
    CHECK(sink.last_error() == ENOSPC);
    sink.write("three");
    CHECK(sink.flush());
    CHECK(sink.lines_dropped() == 3);
}

TEST_CASE("a pipe whose reader sleeps costs lines, never time, and no line is torn") {
    int ends[2];
    REQUIRE(pipe2(ends, O_CLOEXEC) == 0);
    LogSink sink(8'192);
    REQUIRE(sink.open("-", ends[1]) == 0);
    const std::string line(99, 'x');
    // 64 KiB of pipe and 8 KiB of buffer take 700 lines or so; the rest is dropped at once.
    for (int count = 0; count < 2'000; ++count) sink.write(line);
    CHECK_FALSE(sink.flush());
    CHECK(sink.lines_dropped() > 1'000);
    std::string all;
    do {
        all += read_some(ends[0]);
    } while (!sink.flush());
    ::close(ends[1]);  // the sink's descriptor is not its own: it does not close it
    for (std::string more = read_some(ends[0]); !more.empty(); more = read_some(ends[0]))
        all += more;
    ::close(ends[0]);
    CHECK(all.size() % 100 == 0);
    CHECK(all.size() / 100 == sink.lines_written());
    CHECK(sink.lines_written() + sink.lines_dropped() == 2'000);
    std::istringstream lines(all);
    for (std::string each; std::getline(lines, each);) REQUIRE(each == line);
}

TEST_CASE("a named pipe without a reader is refused instead of waited for") {
    const Folder folder;
    const std::string path = folder.file("pipe");
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    LogSink sink;
    CHECK(sink.open(path, 2) == ENXIO);
}

TEST_CASE("a line that was cut off is ended before the next one, and counts as dropped") {
    // A file size limit cuts a write short in the middle of a line.
    const Folder folder;
    const std::string path = folder.file("log");
    const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
    LogSink sink;
    REQUIRE(sink.open(path, 2) == 0);
    rlimit old_limit{};
    REQUIRE(getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
    rlimit small = old_limit;
    small.rlim_cur = 6;
    REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
    sink.write("abc");
    sink.write("defghi");
    sink.flush();
    REQUIRE(setrlimit(RLIMIT_FSIZE, &old_limit) == 0);
    CHECK(sink.last_error() == EFBIG);
    CHECK(sink.lines_written() == 1);
    CHECK(sink.lines_dropped() == 1);
    sink.write("jkl");
    sink.flush();
    CHECK(content_of(path) == "abc\nde\njkl\n");
    CHECK(sink.lines_written() == 2);
    CHECK(sink.lines_dropped() == 1);
    std::signal(SIGXFSZ, old_handler);
}
