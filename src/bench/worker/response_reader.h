// Finds the end of each response on a connection and judges its framing, without keeping its bytes.
//
// One for each connection. A head that is, but for the value of Date, byte for byte the one that
// was parsed before means the same as that one: comparing is all that is done with it. Every other
// head goes through the strict parser. Bodies are counted, and hashed when asked. Must never
// accept what ringway::http refuses.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ringway/http/chunked.h"
#include "ringway/http/framing.h"
#include "ringway/http/head.h"
#include "ringway/http/parser.h"

namespace ringway::bench {

// What a parsed head means for the reading of its response.
struct HeadMeaning {
    http::Framing framing;
    std::uint16_t status = 0;
    bool keep_alive = true;
};

// The last head that was parsed, for the requests of one kind.
class KnownHead {
  public:
    // Bytes of the head with which `bytes` begins, or 0 when it is not known to be the same.
    std::size_t match(std::string_view bytes);
    void remember(const http::ResponseHead& head, const HeadMeaning& meaning);
    const HeadMeaning& meaning() const { return meaning_; }

  private:
    std::string bytes_;
    std::size_t date_at_ = 0;  // of the value of Date; 0: there is none
    std::size_t date_bytes_ = 0;
    HeadMeaning meaning_;
};

// What one worker's readers share.
struct ReaderScratch {
    http::ResponseHead head;
    http::FieldList trailers;
    http::HeadLimits limits{65536, 8192, 100};
};

// Somebody who looks at bodies as they come: at their bytes alone, without any framing.
class BodySink {
  public:
    virtual void take_body(std::string_view bytes) = 0;

  protected:
    ~BodySink() = default;
};

class ResponseReader {
  public:
    ResponseReader(ReaderScratch& scratch, bool with_hash);
    ~ResponseReader();
    ResponseReader(const ResponseReader&) = delete;
    ResponseReader& operator=(const ResponseReader&) = delete;

    // For bodies that are not hashed. It may not call this reader.
    void set_sink(BodySink* sink) { sink_ = sink; }

    enum class Progress : std::uint8_t { need_more, done, failed };
    // Takes what belongs to the response from the front of `bytes`. After `done` the next call
    // begins the next response; after `failed` only reset() helps.
    Progress read(std::string_view& bytes, KnownHead& known, bool is_head);
    // The connection ended in order: true when that completes the response.
    bool end_completes() const { return stage_ == Stage::until_close; }
    // Something of a response was seen, but not all of it.
    bool is_inside() const { return stage_ != Stage::head || !partial_.empty(); }
    void reset();

    // Of the response that is done.
    std::uint16_t status() const { return meaning_.status; }
    bool keep_alive() const { return meaning_.keep_alive; }
    std::uint64_t body_bytes() const { return body_bytes_; }
    std::uint64_t body_hash();

  private:
    enum class Stage : std::uint8_t { head, length, chunked, trailers, until_close, failed };
    Progress read_head(std::string_view& bytes, KnownHead& known, bool is_head);
    bool understand(KnownHead& known, bool is_head);
    Progress read_length(std::string_view& bytes);
    Progress read_chunked(std::string_view& bytes);
    template <typename Parser, typename Section>
    http::Progress parse_section(Parser parser, const Section& section, std::string_view& bytes);
    Progress read_trailers(std::string_view& bytes);
    Progress fail();
    void begin_body();
    void add_body(std::string_view bytes);

    ReaderScratch& scratch_;
    BodySink* sink_ = nullptr;
    Stage stage_ = Stage::head;
    bool with_hash_;
    bool hash_is_known_ = false;  // whole body hashed in one go
    HeadMeaning meaning_;
    std::uint64_t left_ = 0;  // of a body of known length
    std::uint64_t body_bytes_ = 0;
    std::uint64_t hash_ = 0;
    std::string partial_;  // a head or trailer section that came in pieces
    http::ChunkedReader chunks_;
    struct Hashing;  // of bodies that come in pieces
    std::unique_ptr<Hashing> hashing_;
};

}  // namespace ringway::bench
