#include "ringway/config/url.h"

#include <doctest/doctest.h>

namespace ringway::config {
namespace {

TEST_CASE("URLs name a place") {
    struct Row {
        const char* url;
        Scheme scheme;
        const char* host;
        std::uint16_t port;
        const char* path;
    };
    for (const Row& row :
         {Row{"tcp://127.0.0.1:80", Scheme::tcp, "127.0.0.1", 80, ""},
          Row{"tcp://0.0.0.0:0", Scheme::tcp, "0.0.0.0", 0, ""},
          Row{"tcp://[::1]:65535", Scheme::tcp, "::1", 65535, ""},
          Row{"tcp://[2001:DB8:0:0::1]:1", Scheme::tcp, "2001:db8::1", 1, ""},
          Row{"tcp://Db-1.Example.COM:5432/", Scheme::tcp, "db-1.example.com", 5432, ""},
          Row{"tcp+unix:/run/x.sock", Scheme::tcp_unix, "", 0, "/run/x.sock"},
          Row{"tcp+unix:///run/x.sock", Scheme::tcp_unix, "", 0, "/run/x.sock"},
          Row{"tcp+unix:@name", Scheme::tcp_unix, "", 0, "@name"},
          Row{"tcp+unix:/%e2%82%ac%f0%9f%98%80", Scheme::tcp_unix, "", 0,
              "/\xe2\x82\xac\xf0\x9f\x98\x80"},
          Row{"tcp+unix:/a%2Cb%3F", Scheme::tcp_unix, "", 0, "/a,b?"},
          Row{"http://h", Scheme::http, "h", 80, ""},
          Row{"http://h:8080/", Scheme::http, "h", 8080, ""},
          Row{"http://h:0", Scheme::http, "h", 0, ""},
          Row{"http://[::1]", Scheme::http, "::1", 80, ""},
          Row{"http+unix:/run/x.sock", Scheme::http_unix, "", 0, "/run/x.sock"},
          Row{"http+unix:@name", Scheme::http_unix, "", 0, "@name"}}) {
        CAPTURE(row.url);
        const auto url = parse_url(row.url);
        REQUIRE(url);
        CHECK(url->target.scheme == row.scheme);
        CHECK(url->target.host == row.host);
        CHECK(url->target.port == row.port);
        CHECK(url->target.path == row.path);
        CHECK(url->options.empty());
    }
}

TEST_CASE("what is wrong with a URL is said") {
    struct Row {
        const char* url;
        const char* said;
    };
    for (const Row& row :
         {Row{"", "a URL is http://HOST:PORT, tcp://HOST:PORT, http+unix:/PATH or"},
          Row{"127.0.0.1:80", "a URL is http://HOST:PORT, tcp://HOST:PORT, http+unix:/PATH or"},
          Row{"tcp:/x", "a URL is http://HOST:PORT, tcp://HOST:PORT, http+unix:/PATH or"},
          Row{"tcp://:80", "the host is missing"},
          Row{"tcp://h", "the port is missing"},
          Row{"tcp://h:", "is not a port"},
          Row{"tcp://h:http", "is not a port"},
          Row{"tcp://h:65536", "is not a port"},
          Row{"tcp://h:-1", "is not a port"},
          Row{"tcp://::1:80", "stands in brackets"},
          Row{"tcp://[::1:80", "bracket of the IPv6 address is not closed"},
          Row{"tcp://[::g]:80", "is not an IPv6 address"},
          Row{"tcp://[::1]", "the port is missing"},
          Row{"tcp://[::1]x:80", "the port is missing"},
          Row{"tcp://10.0.0.256:80", "neither a host name nor an address"},
          Row{"tcp://a_b!:80", "neither a host name nor an address"},
          Row{"tcp://h:80/path", "tcp:// has no path"},
          Row{"tcp://u@h:80", "no user and password"},
          Row{"tcp://h:80#x", "has no #"},
          Row{"tcp://a:1,b:2", "every URL of a list needs its scheme"},
          Row{"tcp://h :80", "no blanks"},
          Row{"http://h:80/path", "http:// has no path here"},
          Row{"http://h:", "is not a port"},
          Row{"http:h", "a URL is"},
          Row{"h2c://h:80", "h2c:// is not in this release"},
          Row{"tls://h:80", "tls:// is not in this release"},
          Row{"https://h:80", "https:// is not in this release"},
          Row{"gopher://h:80", "this release speaks http://, tcp://"},
          Row{"tcp+unix:relative", "a URL is"},
          Row{"tcp+unix://relative/x", "begins with /"},
          Row{"tcp+unix:/", "has 2 to 107 bytes"},
          Row{"tcp+unix:/a%zz", "two hexadecimal digits"},
          Row{"tcp+unix:/a%00b", "two hexadecimal digits"},
          Row{"tcp+unix:/a%ff", "is UTF-8"},
          Row{"tcp+unix:/a%c0%af", "is UTF-8"},
          Row{"tcp+unix:/a%ed%a0%80", "is UTF-8"},
          Row{"tcp+unix:/a%f4%90%80%80", "is UTF-8"},
          Row{"tcp+unix:/a%e2%82", "is UTF-8"},
          Row{"tcp+unix:/a,b", "a comma separates URLs"},
          Row{"tcp://h:80?", "an option is KEY=VALUE"},
          Row{"tcp://h:80?=3", "an option is KEY=VALUE"},
          Row{"tcp://h:80?a=1&&b=2", "an option is KEY=VALUE"},
          Row{"tcp://h:80?a=%4", "two hexadecimal digits"}}) {
        CAPTURE(row.url);
        const auto url = parse_url(row.url);
        REQUIRE_FALSE(url);
        CAPTURE(url.reason().rule);
        CHECK(url.reason().rule.find(row.said) != std::string::npos);
    }
    CHECK_FALSE(parse_url("tcp+unix:/" + std::string(107, 'x')));
    CHECK(parse_url("tcp+unix:/" + std::string(106, 'x')));
}

TEST_CASE("options follow as a query, and a key alone is on") {
    const auto url = parse_url("tcp://h:1?weight=3&backup&allow=10.0.0.0/8,fd00::/8&name=a%26b");
    REQUIRE(url);
    REQUIRE(url->options.size() == 4);
    CHECK(url->options[0].key == "weight");
    CHECK(url->options[0].value == "3");
    CHECK(url->options[1].key == "backup");
    CHECK(url->options[1].value == "on");
    CHECK(url->options[2].value == "10.0.0.0/8,fd00::/8");
    CHECK(url->options[3].value == "a&b");
}

TEST_CASE("a comma separates URLs only where a scheme follows") {
    const auto one = split_named_urls("db=tcp://a:1?allow=10.0.0.0/8,fd00::/8");
    REQUIRE(one);
    CHECK(one->name == "db");
    CHECK(one->urls.size() == 1);
    const auto three =
        split_named_urls("tcp://a:1?health-check=interval=5s,fall=2,tcp://b:2,tcp+unix:@c");
    REQUIRE(three);
    CHECK(three->name.empty());
    REQUIRE(three->urls.size() == 3);
    CHECK(three->urls[0] == "tcp://a:1?health-check=interval=5s,fall=2");
    CHECK(three->urls[1] == "tcp://b:2");
    CHECK(three->urls[2] == "tcp+unix:@c");
}

TEST_CASE("names are plain words") {
    for (const char* name : {"web", "Web-1", "a.b_c"}) CHECK(is_object_name(name));
    for (const char* name : {"", "1web", "a b", "a/b", "-a", "\xc3\xa4"})
        CHECK_FALSE(is_object_name(name));
    CHECK(is_object_name(std::string(64, 'a')));
    CHECK_FALSE(is_object_name(std::string(65, 'a')));
    CHECK_FALSE(split_named_urls("1x=tcp://a:1"));
    CHECK_FALSE(split_named_urls("=tcp://a:1"));
}

TEST_CASE("a place is written as it is read") {
    for (const char* text : {"tcp://127.0.0.1:80", "tcp://[::1]:80", "tcp+unix:/run/x.sock",
                             "tcp+unix:@name", "tcp+unix:/a%2Cb%3F%25%23", "tcp+unix:/a%20b",
                             "http://127.0.0.1:80", "http+unix:/run/x.sock"}) {
        CAPTURE(text);
        const auto url = parse_url(text);
        REQUIRE(url);
        const auto again = parse_url(format_url(url->target));
        REQUIRE(again);
        CHECK(again->target == url->target);
    }
    CHECK(parse_url("tcp://[::1]:80")->target.to_string() == "[::1]:80");
    CHECK(parse_url("tcp+unix:/x/y")->target.to_string() == "unix:/x/y");
}

}  // namespace
}  // namespace ringway::config
