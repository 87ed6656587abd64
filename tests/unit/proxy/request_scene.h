// A request head and its rewriting, with everything that is added switched off unless a test wants
// it.
#pragma once

#include <array>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include "messages.h"
#include "ringway/proxy/head_rewrite.h"

namespace ringway::test {

struct RequestScene {
    RequestScene() {
        settings.via = false;
        settings.forwarded = config::ForwardedFields::off;
    }
    std::string write(const std::string& text,
                      const std::function<void(proxy::RequestRewrite&)>& change = nullptr) const {
        const Request request(text);
        const http::FramingResult framing = http::frame_request(request.head);
        REQUIRE(framing.fault == http::Fault::none);
        proxy::RequestRewrite rewrite{.settings = settings,
                                      .route = route,
                                      .head = request.head,
                                      .target = request.target,
                                      .framing = framing.framing};
        rewrite.matched_path = request.path;
        rewrite.client_host = "192.0.2.7";
        rewrite.listener_port = 8080;
        rewrite.endpoint_authority = "127.0.0.1:9000";
        if (change) change(rewrite);
        std::array<char, 16384> room{};
        http::HeadWriter out(room);
        proxy::write_request_head(out, rewrite);
        REQUIRE(!out.overflowed());
        CHECK(out.bytes() <= text.size() + proxy::request_head_bytes_added_max(rewrite));
        return std::string(out.text());
    }
    config::Settings settings;
    config::Route route;
};

inline std::string get(const std::string& fields) {
    return "GET /x HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}

inline void trusted(proxy::RequestRewrite& rewrite) { rewrite.client_is_trusted = true; }

}  // namespace ringway::test
