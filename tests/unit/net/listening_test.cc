#include "ringway/net/listening.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace config = ringway::config;
using namespace ringway::net;
using ringway::base::Duration;

namespace {

struct Fd {
    explicit Fd(int number) : fd(number) {}
    ~Fd() { close(); }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    void close() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    int fd;
};

struct TempFolder {
    TempFolder() {
        char name[] = "/tmp/ringway-listening-XXXXXX";
        path = ::mkdtemp(name);
    }
    ~TempFolder() {
        ::unlink((path + "/s").c_str());
        ::rmdir(path.c_str());
    }
    std::string path;
};

config::Listener tcp_listener(const std::string& host, std::uint16_t port = 0) {
    config::Listener listener;
    listener.target.host = host;
    listener.target.port = port;
    return listener;
}

config::Listener unix_listener(const std::string& path) {
    config::Listener listener;
    listener.target.scheme = config::Scheme::tcp_unix;
    listener.target.path = path;
    return listener;
}

int option(int fd, int level, int name) {
    int value = -1;
    socklen_t bytes = sizeof value;
    REQUIRE(::getsockopt(fd, level, name, &value, &bytes) == 0);
    return value;
}

int connect_to(const Address& address) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    if (::connect(fd, address.raw(), address.raw_bytes()) == 0) return fd;
    const int error = errno;
    ::close(fd);
    return -error;
}

int connect_to_path(const std::string& path) {
    const auto address = *UnixPath::parse(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(fd >= 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address.storage), address.bytes) == 0) {
        return fd;
    }
    const int error = errno;
    ::close(fd);
    return -error;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("several shards listen on one port, and accepted sockets inherit the options") {
    auto listener = tcp_listener("127.0.0.1");
    listener.socket.congestion = "reno";
    listener.socket.keepalive = true;
    listener.socket.keepalive_idle = Duration::milliseconds(41'500);
    listener.socket.keepalive_interval = Duration::seconds(7);
    listener.socket.keepalive_probes = 3;
    listener.socket.receive_buffer_bytes = 65536;
    listener.socket.send_buffer_bytes = 32768;
    auto address = *literal_address(listener.target);
    const Listening first = open_listening_socket(listener, address);
    REQUIRE_MESSAGE(first, first.error);
    Fd first_fd(first.fd);
    address.set_port(bound_port(first.fd));
    REQUIRE(address.port() != 0);
    const Listening second = open_listening_socket(listener, address);
    REQUIRE_MESSAGE(second, second.error);
    Fd second_fd(second.fd);
    CHECK(bound_port(second.fd) == address.port());
    CHECK((::fcntl(first.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(first.fd, F_GETFD) & FD_CLOEXEC) != 0);

    second_fd.close();
    Fd client(connect_to(address));
    REQUIRE(client.fd >= 0);
    Fd accepted(::accept4(first.fd, nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(accepted.fd >= 0);
    CHECK(option(accepted.fd, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option(accepted.fd, SOL_SOCKET, SO_KEEPALIVE) == 1);
    CHECK(option(accepted.fd, IPPROTO_TCP, TCP_KEEPIDLE) == 42);
    CHECK(option(accepted.fd, IPPROTO_TCP, TCP_KEEPINTVL) == 7);
    CHECK(option(accepted.fd, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    CHECK(option(accepted.fd, SOL_SOCKET, SO_RCVBUF) == 2 * 65536);
    CHECK(option(accepted.fd, SOL_SOCKET, SO_SNDBUF) == 2 * 32768);
    char congestion[16] = "";
    socklen_t bytes = sizeof congestion;
    REQUIRE(::getsockopt(accepted.fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &bytes) == 0);
    CHECK(std::string(congestion) == "reno");
}

TEST_CASE("a port in use is seen, also when its owner shares it with SO_REUSEPORT") {
    const auto any = tcp_listener("127.0.0.1");
    const Listening owner = open_listening_socket(any, *literal_address(any.target));
    REQUIRE_MESSAGE(owner, owner.error);
    Fd owner_fd(owner.fd);
    const auto listener = tcp_listener("127.0.0.1", bound_port(owner.fd));
    const auto address = *literal_address(listener.target);

    const Listening probed = probe_free(listener, address);
    CHECK_FALSE(probed);
    CHECK(probed.fd == -1);
    CHECK(probed.retryable);
    CHECK(probed.os_error == EADDRINUSE);
    CHECK(contains(probed.error, listener_url(listener.target)));
    CHECK(contains(probed.error, "another program listens"));
    CHECK(probed.error.find('\n') == std::string::npos);

    // An address that includes the other one is in use as well.
    const auto wide = tcp_listener("0.0.0.0", bound_port(owner.fd));
    CHECK_FALSE(probe_free(wide, *literal_address(wide.target)));
    CHECK_FALSE(wait_until_free(listener, address, Duration::milliseconds(30)));

    std::thread closer([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(60));
        owner_fd.close();
    });
    const Listening waited = wait_until_free(listener, address, Duration::seconds(10));
    closer.join();
    CHECK_MESSAGE(waited, waited.error);
}

TEST_CASE("connections in TIME_WAIT and live ones do not keep a port") {
    const auto any = tcp_listener("127.0.0.1");
    const Listening first = open_listening_socket(any, *literal_address(any.target));
    REQUIRE_MESSAGE(first, first.error);
    Fd first_fd(first.fd);
    const auto listener = tcp_listener("127.0.0.1", bound_port(first.fd));
    const auto address = *literal_address(listener.target);
    Fd client(connect_to(address));
    Fd live_client(connect_to(address));
    Fd accepted(::accept4(first.fd, nullptr, nullptr, SOCK_CLOEXEC));
    Fd live(::accept4(first.fd, nullptr, nullptr, SOCK_CLOEXEC));
    REQUIRE(live.fd >= 0);
    // The side that closes first, the server's here, ends in TIME_WAIT.
    accepted.close();
    char byte = 0;
    CHECK(::read(client.fd, &byte, 1) == 0);
    client.close();
    first_fd.close();

    const Listening probed = probe_free(listener, address);
    CHECK_MESSAGE(probed, probed.error);
    const Listening again = open_listening_socket(listener, address);
    CHECK_MESSAGE(again, again.error);
    Fd again_fd(again.fd);
}

TEST_CASE("an IPv6 literal takes IPv6 alone, an empty host and * take both families") {
    const auto spelled = tcp_listener("::");
    const auto spelled_address = *literal_address(spelled.target);
    REQUIRE(spelled_address.family() == AF_INET6);
    const Listening six = open_listening_socket(spelled, spelled_address);
    REQUIRE_MESSAGE(six, six.error);
    Fd six_fd(six.fd);
    CHECK(connect_to(*Address::parse("127.0.0.1", bound_port(six.fd))) == -ECONNREFUSED);
    Fd client6(connect_to(*Address::parse("::1", bound_port(six.fd))));
    CHECK(client6.fd >= 0);

    for (const char* host : {"", "*"}) {
        const auto both = tcp_listener(host);
        const Listening open = open_listening_socket(both, *literal_address(both.target));
        REQUIRE_MESSAGE(open, open.error);
        Fd open_fd(open.fd);
        Fd four(connect_to(*Address::parse("127.0.0.1", bound_port(open.fd))));
        CHECK(four.fd >= 0);
        Fd other(connect_to(*Address::parse("::1", bound_port(open.fd))));
        CHECK(other.fd >= 0);
    }
}

TEST_CASE("errors of TCP listeners say what to do") {
    auto listener = tcp_listener("127.0.0.1");
    const auto address = *literal_address(listener.target);
    listener.socket.congestion = "no-such-thing";
    const Listening congestion = open_listening_socket(listener, address);
    CHECK_FALSE(congestion);
    CHECK(contains(congestion.error, "congestion control \"no-such-thing\" is not available"));
    CHECK(contains(congestion.error, "reno"));
    CHECK_FALSE(congestion.retryable);

    const auto foreign = tcp_listener("192.0.2.77", 4000);
    const Listening absent = open_listening_socket(foreign, *literal_address(foreign.target));
    CHECK_FALSE(absent);
    CHECK(absent.os_error == EADDRNOTAVAIL);
    CHECK(contains(absent.error, "tcp://192.0.2.77:4000"));
    CHECK(contains(absent.error, "this machine has no address 192.0.2.77"));

    const Listening unresolved = open_listening_socket(tcp_listener("some.name", 1), Address());
    CHECK_FALSE(unresolved);
    CHECK(contains(unresolved.error, "tcp://some.name:1"));
    CHECK_FALSE(literal_address(tcp_listener("some.name", 1).target).has_value());
}

TEST_CASE("listeners are named by their URL") {
    CHECK(listener_url(tcp_listener("127.0.0.1", 80).target) == "tcp://127.0.0.1:80");
    CHECK(listener_url(tcp_listener("::1", 80).target) == "tcp://[::1]:80");
    CHECK(listener_url(tcp_listener("", 80).target) == "tcp://*:80");
    CHECK(listener_url(unix_listener("/run/x").target) == "tcp+unix:/run/x");
}

TEST_CASE("a Unix socket gets its mode, and only its own file is removed") {
    TempFolder folder;
    auto listener = unix_listener(folder.path + "/s");
    listener.unix_mode = 0604;
    CHECK(probe_free(listener, {}));
    const Listening open = open_listening_socket(listener, {});
    REQUIRE_MESSAGE(open, open.error);
    Fd open_fd(open.fd);
    struct stat made{};
    REQUIRE(::stat(listener.target.path.c_str(), &made) == 0);
    CHECK((made.st_mode & 07777) == 0604);
    CHECK(bound_port(open.fd) == 0);
    CHECK((::fcntl(open.fd, F_GETFL) & O_NONBLOCK) != 0);
    Fd client(connect_to_path(listener.target.path));
    CHECK(client.fd >= 0);

    SocketFile foreign = open.file;
    foreign.inode += 1;
    remove_socket_file(listener.target, foreign);
    CHECK(::stat(listener.target.path.c_str(), &made) == 0);
    remove_socket_file(listener.target, open.file);
    CHECK(::stat(listener.target.path.c_str(), &made) != 0);
}

TEST_CASE("a stale Unix socket file is replaced, one that answers is not") {
    TempFolder folder;
    const auto listener = unix_listener(folder.path + "/s");
    const Listening first = open_listening_socket(listener, {});
    REQUIRE_MESSAGE(first, first.error);
    Fd first_fd(first.fd);
    const Listening refused = open_listening_socket(listener, {});
    CHECK_FALSE(refused);
    CHECK(refused.retryable);
    CHECK(contains(refused.error, "another program answers on it"));
    CHECK_FALSE(probe_free(listener, {}));

    first_fd.close();  // as after kill -9: the file stays
    CHECK(probe_free(listener, {}));
    struct stat left{};
    CHECK(::stat(listener.target.path.c_str(), &left) == 0);  // probing alone removes nothing
    const Listening second = open_listening_socket(listener, {});
    REQUIRE_MESSAGE(second, second.error);
    Fd second_fd(second.fd);
    Fd client(connect_to_path(listener.target.path));
    CHECK(client.fd >= 0);
}

TEST_CASE("a Unix listener whose queue is full counts as answering") {
    TempFolder folder;
    auto listener = unix_listener(folder.path + "/s");
    listener.backlog = 0;
    const Listening first = open_listening_socket(listener, {});
    REQUIRE_MESSAGE(first, first.error);
    Fd first_fd(first.fd);
    Fd client(connect_to_path(listener.target.path));
    REQUIRE(client.fd >= 0);
    const Listening second = open_listening_socket(listener, {});
    CHECK_FALSE(second);
    CHECK(second.retryable);
}

TEST_CASE("errors of Unix listeners say what to do") {
    TempFolder folder;
    const std::string path = folder.path + "/s";
    Fd file(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    REQUIRE(file.fd >= 0);
    const Listening occupied = open_listening_socket(unix_listener(path), {});
    CHECK_FALSE(occupied);
    CHECK(contains(occupied.error, "is not a socket"));
    CHECK_FALSE(occupied.retryable);
    struct stat kept{};
    CHECK(::stat(path.c_str(), &kept) == 0);

    const Listening absent = open_listening_socket(unix_listener(folder.path + "/no/s"), {});
    CHECK_FALSE(absent);
    CHECK(contains(absent.error, "does not exist"));
    const Listening longer = open_listening_socket(unix_listener("/" + std::string(120, 'a')), {});
    CHECK_FALSE(longer);
    CHECK(contains(longer.error, "1 to 107 bytes"));
}

TEST_CASE("abstract Unix names") {
    const auto listener = unix_listener("@ringway-listening-test-" + std::to_string(::getpid()));
    const Listening first = open_listening_socket(listener, {});
    REQUIRE_MESSAGE(first, first.error);
    Fd first_fd(first.fd);
    CHECK(first.file.inode == 0);
    Fd client(connect_to_path(listener.target.path));
    CHECK(client.fd >= 0);
    const Listening second = open_listening_socket(listener, {});
    CHECK_FALSE(second);
    CHECK(second.retryable);
    first_fd.close();
    const Listening third = open_listening_socket(listener, {});
    CHECK_MESSAGE(third, third.error);
    Fd third_fd(third.fd);
}

TEST_CASE("an inherited socket gets the listener's options or is refused by kind") {
    auto listener = tcp_listener("127.0.0.1");
    Fd plain(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(plain.fd >= 0);
    const auto address = *Address::parse("127.0.0.1", 0);
    REQUIRE(::bind(plain.fd, address.raw(), address.raw_bytes()) == 0);
    const Listening adopted = adopt_listening_socket(plain.fd, listener);
    REQUIRE_MESSAGE(adopted, adopted.error);
    CHECK(adopted.fd == plain.fd);
    CHECK(option(plain.fd, IPPROTO_TCP, TCP_NODELAY) == 1);
    CHECK(option(plain.fd, SOL_SOCKET, SO_ACCEPTCONN) == 1);
    CHECK((::fcntl(plain.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(plain.fd, F_GETFD) & FD_CLOEXEC) != 0);

    CHECK_FALSE(adopt_listening_socket(plain.fd, unix_listener("/run/x")));
    Fd datagram(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    CHECK_FALSE(adopt_listening_socket(datagram.fd, listener));
    CHECK_FALSE(adopt_listening_socket(-1, listener));
}
