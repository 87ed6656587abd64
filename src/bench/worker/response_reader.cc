#include "response_reader.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ringway::bench {

namespace {

constexpr std::size_t known_bytes_max = 4096;

bool is_plain_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::size_t KnownHead::match(std::string_view bytes) {
    const std::size_t whole = bytes_.size();
    if (whole == 0 || bytes.size() < whole) return 0;
    if (std::memcmp(bytes.data(), bytes_.data(), whole) == 0) return whole;
    if (date_at_ == 0) return 0;
    // Once a second: the same but for the time, which is as long and plain text as before.
    const std::size_t after = date_at_ + date_bytes_;
    const std::string_view date = bytes.substr(date_at_, date_bytes_);
    if (std::memcmp(bytes.data(), bytes_.data(), date_at_) != 0 ||
        std::memcmp(bytes.data() + after, bytes_.data() + after, whole - after) != 0 ||
        !is_plain_text(date)) {
        return 0;
    }
    std::memcpy(bytes_.data() + date_at_, date.data(), date_bytes_);
    return whole;
}

void KnownHead::remember(const http::ResponseHead& head, const HeadMeaning& meaning) {
    if (head.head_bytes() > known_bytes_max) return;
    bytes_.assign(head.base(), head.head_bytes());
    meaning_ = meaning;
    date_at_ = 0;
    const http::Field* date = head.find(http::FieldName::date);
    if (date != nullptr) {
        date_at_ = date->value_at;
        date_bytes_ = date->value_bytes;
    }
}

struct ResponseReader::Hashing {
    XXH3_state_t state;
};

ResponseReader::ResponseReader(ReaderScratch& scratch, bool with_hash)
    : scratch_(scratch),
      with_hash_(with_hash),
      hashing_(with_hash ? std::make_unique<Hashing>() : nullptr) {}

ResponseReader::~ResponseReader() = default;

void ResponseReader::reset() {
    stage_ = Stage::head;
    partial_.clear();
    left_ = 0;
}

ResponseReader::Progress ResponseReader::read(std::string_view& bytes, KnownHead& known,
                                              bool is_head) {
    if (stage_ == Stage::head) {
        const std::size_t same = partial_.empty() && !is_head ? known.match(bytes) : 0;
        if (same != 0) {
            bytes.remove_prefix(same);
            meaning_ = known.meaning();
            begin_body();
        } else {
            const Progress progress = read_head(bytes, known, is_head);
            if (progress != Progress::done) return progress;
        }
    }
    switch (stage_) {
        case Stage::length: return read_length(bytes);
        case Stage::chunked: return read_chunked(bytes);
        case Stage::trailers: return read_trailers(bytes);
        case Stage::until_close:
            add_body(bytes);
            bytes = {};
            return Progress::need_more;
        case Stage::head:
        case Stage::failed: break;
    }
    return fail();
}

// Parses what has come together with what an earlier read left over, and takes it from `bytes` when
// it is complete. What was parsed may lie in partial_ then: the caller clears that.
template <typename Parser, typename Section>
http::Progress ResponseReader::parse_section(Parser parser, const Section& section,
                                             std::string_view& bytes) {
    std::string_view shown = bytes;
    const std::size_t before = partial_.size();
    if (before > 0) {
        partial_.append(bytes);
        shown = partial_;
    }
    const http::Progress progress = parser.parse(shown);
    if (progress == http::Progress::need_more) {
        if (before == 0) partial_.assign(bytes);
        bytes = {};
    } else if (progress == http::Progress::done) {
        bytes.remove_prefix(section.head_bytes() - before);
    }
    return progress;
}

// Answers `done` when a final response's head was read.
ResponseReader::Progress ResponseReader::read_head(std::string_view& bytes, KnownHead& known,
                                                   bool is_head) {
    for (;;) {
        const http::Progress progress = parse_section(
            http::ResponseParser(scratch_.head, scratch_.limits), scratch_.head, bytes);
        if (progress == http::Progress::failed) return fail();
        if (progress == http::Progress::need_more) return Progress::need_more;
        const bool understood = understand(known, is_head);
        partial_.clear();
        if (!understood) return fail();
        // 1xx: an interim response, after which the final one comes.
        if (meaning_.status >= 200 || meaning_.status == 101) break;
        if (bytes.empty()) return Progress::need_more;
    }
    begin_body();
    return Progress::done;
}

bool ResponseReader::understand(KnownHead& known, bool is_head) {
    const http::ResponseHead& head = scratch_.head;
    const http::RequestTraits request{is_head ? http::Method::head : http::Method::get, false};
    const http::FramingResult framed = http::frame_response(head, request);
    const http::ConnectionWishes wishes = http::connection_wishes(head, head.version_minor);
    if (framed.fault != http::Fault::none || wishes.fault != http::Fault::none) return false;
    if (framed.framing.kind == http::BodyKind::tunnel) return false;  // nobody asked for one
    meaning_ = {framed.framing, head.status, wishes.keep_alive};
    if (framed.framing.kind == http::BodyKind::until_close) meaning_.keep_alive = false;
    if (head.status >= 200 && !is_head) known.remember(head, meaning_);
    return true;
}

void ResponseReader::begin_body() {
    body_bytes_ = 0;
    hash_is_known_ = false;
    left_ = 0;
    switch (meaning_.framing.kind) {
        case http::BodyKind::none: stage_ = Stage::length; break;
        case http::BodyKind::length:
            stage_ = Stage::length;
            left_ = meaning_.framing.length;
            break;
        case http::BodyKind::chunked:
            stage_ = Stage::chunked;
            chunks_.reset();
            break;
        case http::BodyKind::until_close: stage_ = Stage::until_close; break;
        case http::BodyKind::tunnel: stage_ = Stage::failed; break;
    }
    if (with_hash_) XXH3_64bits_reset(&hashing_->state);
}

ResponseReader::Progress ResponseReader::read_length(std::string_view& bytes) {
    if (bytes.size() < left_) {
        left_ -= bytes.size();
        add_body(bytes);
        bytes = {};
        return Progress::need_more;
    }
    const std::string_view body = bytes.substr(0, left_);
    if (with_hash_ && body_bytes_ == 0) {
        hash_ = XXH3_64bits(body.data(), body.size());
        hash_is_known_ = true;
        body_bytes_ = body.size();
    } else {
        add_body(body);
    }
    bytes.remove_prefix(left_);
    left_ = 0;
    stage_ = Stage::head;
    return Progress::done;
}

ResponseReader::Progress ResponseReader::read_chunked(std::string_view& bytes) {
    for (;;) {
        const http::ChunkPiece piece = chunks_.next(bytes);
        const std::string_view taken = bytes.substr(0, piece.bytes);
        bytes.remove_prefix(piece.bytes);
        switch (piece.part) {
            case http::ChunkPart::need_more: return Progress::need_more;
            case http::ChunkPart::framing:
            case http::ChunkPart::extension: break;
            case http::ChunkPart::data: add_body(taken); break;
            case http::ChunkPart::last: stage_ = Stage::trailers; return read_trailers(bytes);
            case http::ChunkPart::failed: return fail();
        }
    }
}

ResponseReader::Progress ResponseReader::read_trailers(std::string_view& bytes) {
    const http::Progress progress = parse_section(
        http::TrailerParser(scratch_.trailers, scratch_.limits), scratch_.trailers, bytes);
    if (progress == http::Progress::failed) return fail();
    if (progress == http::Progress::need_more) return Progress::need_more;
    partial_.clear();
    stage_ = Stage::head;
    return Progress::done;
}

ResponseReader::Progress ResponseReader::fail() {
    stage_ = Stage::failed;
    return Progress::failed;
}

void ResponseReader::add_body(std::string_view bytes) {
    body_bytes_ += bytes.size();
    if (with_hash_) XXH3_64bits_update(&hashing_->state, bytes.data(), bytes.size());
    if (sink_ != nullptr) sink_->take_body(bytes);
}

std::uint64_t ResponseReader::body_hash() {
    return hash_is_known_ ? hash_ : XXH3_64bits_digest(&hashing_->state);
}

}  // namespace ringway::bench
