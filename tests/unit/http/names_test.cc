#include "ringway/http/names.h"

#include <array>
#include <set>
#include <string>

#include "ringway/http/fault.h"
#include "support.h"

using namespace ringway::http;

namespace {

constexpr std::size_t field_name_count = static_cast<std::size_t>(FieldName::x_request_id) + 1;

}  // namespace

TEST_CASE("every method is found by its name and by no other spelling") {
    for (std::size_t i = 0; i < method_count; ++i) {
        const auto method = static_cast<Method>(i);
        if (method == Method::other) continue;
        std::string name(name_of(method));
        CAPTURE(name);
        CHECK(method_of(name) == method);
        CHECK(method_of(name + "X") == Method::other);
        CHECK(method_of(name.substr(1)) == Method::other);
        name.back() = static_cast<char>(name.back() | 0x20);
        CHECK(method_of(name) == Method::other);
    }
    CHECK(method_of("") == Method::other);
    CHECK(method_of("PROPFIND") == Method::other);
}

TEST_CASE("methods are safe and idempotent as RFC 9110 says") {
    for (const Method method : {Method::get, Method::head, Method::options, Method::trace}) {
        CHECK(is_safe(method));
        CHECK(is_idempotent(method));
    }
    for (const Method method : {Method::put, Method::delete_}) {
        CHECK_FALSE(is_safe(method));
        CHECK(is_idempotent(method));
    }
    for (const Method method : {Method::post, Method::patch, Method::connect, Method::other}) {
        CHECK_FALSE(is_safe(method));
        CHECK_FALSE(is_idempotent(method));
    }
}

TEST_CASE("every known field name is found in any case") {
    for (std::size_t i = 1; i < field_name_count; ++i) {
        const auto id = static_cast<FieldName>(i);
        const std::string name(name_of(id));
        CAPTURE(name);
        REQUIRE_FALSE(name.empty());
        std::string upper = name;
        std::string lower = name;
        for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
        for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        CHECK(field_name_of(name) == id);
        CHECK(field_name_of(upper) == id);
        CHECK(field_name_of(lower) == id);
    }
}

TEST_CASE("a name that differs in one bit of one byte is another name") {
    for (std::size_t i = 1; i < field_name_count; ++i) {
        const std::string name(name_of(static_cast<FieldName>(i)));
        for (std::size_t at = 0; at < name.size(); ++at) {
            for (int bit = 0; bit < 8; ++bit) {
                std::string other = name;
                other[at] = static_cast<char>(other[at] ^ (1 << bit));
                CAPTURE(other);
                const bool same = equals_ignoring_case(other, name);
                CHECK((field_name_of(other) == static_cast<FieldName>(i)) == same);
            }
        }
        CHECK(field_name_of(name + "s") == FieldName::other);
        CHECK(field_name_of(name.substr(1)) == FieldName::other);
    }
    CHECK(field_name_of("") == FieldName::other);
    CHECK(field_name_of("x") == FieldName::other);
    CHECK(field_name_of(std::string(100, 'x')) == FieldName::other);
}

TEST_CASE("case is ignored for letters alone") {
    CHECK(equals_ignoring_case("", ""));
    CHECK(equals_ignoring_case("Keep-Alive", "kEEP-aLIVE"));
    CHECK_FALSE(equals_ignoring_case("a", "ab"));
    CHECK_FALSE(equals_ignoring_case("[", "{"));
    CHECK_FALSE(equals_ignoring_case("@", "`"));
    CHECK_FALSE(equals_ignoring_case("\r", "-"));
}

TEST_CASE("every fault has a name of its own, a sentence and a status of a client's mistake") {
    const std::set<int> statuses{400, 411, 413, 414, 417, 431, 501, 505};
    std::set<std::string_view> names;
    for (std::size_t i = 1; i < fault_count; ++i) {
        const auto fault = static_cast<Fault>(i);
        CAPTURE(name_of(fault));
        CHECK(names.insert(name_of(fault)).second);
        CHECK(sentence_of(fault).ends_with("."));
        CHECK(statuses.count(status_of(fault)) == 1);
    }
    CHECK(name_of(Fault::bad_chunk) == "bad-chunk");
    CHECK(name_of(Fault::bad_upgrade) == "bad-upgrade");
    CHECK(status_of(Fault::unsupported_version) == 505);
    CHECK(status_of(Fault::target_too_long) == 414);
    CHECK(status_of(Fault::too_many_fields) == 431);
    CHECK(status_of(Fault::unsupported_transfer_encoding) == 501);
    CHECK(status_of(Fault::length_required) == 411);
    CHECK(status_of(Fault::body_too_large) == 413);
    CHECK(status_of(Fault::expectation_failed) == 417);
}
