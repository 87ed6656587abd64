#include "ringway/net/pipe_pool.h"

#include <set>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

using namespace ringway::net;

TEST_CASE("pipes are opened when they are first needed, lent again, and never more than allowed") {
    PipePool pool(3, 65536);
    CHECK(pool.open() == 0);
    std::vector<Pipe*> pipes;
    std::set<int> descriptors;
    for (int i = 0; i < 3; ++i) {
        Pipe* pipe = pool.borrow();
        REQUIRE(pipe != nullptr);
        CHECK(pipe->held_bytes == 0);
        CHECK(pipe->capacity_bytes >= 4096);
        CHECK((::fcntl(pipe->read_fd, F_GETFL) & O_NONBLOCK) != 0);
        CHECK((::fcntl(pipe->write_fd, F_GETFL) & O_NONBLOCK) != 0);
        descriptors.insert(pipe->read_fd);
        descriptors.insert(pipe->write_fd);
        pipes.push_back(pipe);
    }
    CHECK(descriptors.size() == 6);
    CHECK(pool.borrow() == nullptr);
    CHECK(pool.lent() == 3);
    pool.give_back(pipes[1]);
    CHECK(pool.open() == 3);  // it stays open
    CHECK(pool.borrow() == pipes[1]);
    for (Pipe* pipe : pipes) pool.give_back(pipe);
    CHECK(pool.lent() == 0);
    CHECK(pool.open() == 3);
}

TEST_CASE("a pipe that comes back with bytes in it is closed, and nobody sees them") {
    PipePool pool(1, 65536);
    Pipe* dirty = pool.borrow();
    REQUIRE(dirty != nullptr);
    REQUIRE(::write(dirty->write_fd, "secret", 6) == 6);
    dirty->held_bytes = 6;
    const int old_read = dirty->read_fd;
    pool.give_back(dirty);
    CHECK(pool.open() == 0);
    CHECK(pool.lent() == 0);
    CHECK(::fcntl(old_read, F_GETFD) == -1);
    Pipe* fresh = pool.borrow();
    REQUIRE(fresh != nullptr);
    CHECK(fresh->held_bytes == 0);
    char byte = 0;
    CHECK(::read(fresh->read_fd, &byte, 1) == -1);
    pool.give_back(fresh);
}

TEST_CASE("a pool without pipes lends none, and closes its pipes with itself") {
    PipePool none(0, 65536);
    CHECK(none.borrow() == nullptr);
    int fd = -1;
    {
        PipePool pool(1, 65536);
        Pipe* pipe = pool.borrow();
        REQUIRE(pipe != nullptr);
        fd = pipe->read_fd;
        pool.give_back(pipe);
    }
    CHECK(::fcntl(fd, F_GETFD) == -1);
}
