#include "ringway/proxy/body_transfer.h"

#include <algorithm>
#include <limits>

#include "ringway/base/assert.h"
#include "ringway/base/planted.h"
#include "ringway/http/hop_by_hop.h"
#include "ringway/http/writer.h"

namespace ringway::proxy {

namespace {

constexpr std::size_t line_block_bytes = 1024;
constexpr std::string_view line_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

std::string_view text_of(const ring::Slice& slice) {
    return {reinterpret_cast<const char*>(slice.data), slice.bytes};
}

}  // namespace

void BodyTransfer::reset() {
    release_block();
    state_ = State::idle;
    fault_ = http::Fault::none;
    in_ = {};
    out_ = BodyForm::none;
    left_ = body_bytes_ = body_bytes_max_ = 0;
    chunks_.reset();
}

void BodyTransfer::release_block() {
    if (block_ != nullptr) blocks_.release(*block_);
    block_ = nullptr;
}

void BodyTransfer::begin(http::Framing in, BodyForm out) {
    RW_ASSERT(state_ == State::idle);
    in_ = in;
    out_ = out;
    state_ = State::data;
    left_ = in.kind == http::BodyKind::length ? in.length : 0;
    const bool empty = in.kind == http::BodyKind::none || in.kind == http::BodyKind::tunnel;
    if (empty || (in.kind == http::BodyKind::length && left_ == 0)) state_ = State::ended;
}

void BodyTransfer::advance(net::SliceQueue& from, net::SliceQueue& to,
                           std::uint32_t held_bytes_max) {
    if (state_ == State::trailers) advance_trailers(from, to);
    if (state_ != State::data || from.empty() || to.bytes() >= held_bytes_max) return;
    const std::uint64_t room = held_bytes_max - to.bytes();
    switch (in_.kind) {
        case http::BodyKind::length: advance_length(from, to, room); break;
        case http::BodyKind::until_close: advance_until_close(from, to, room); break;
        case http::BodyKind::chunked: advance_chunked(from, to, held_bytes_max); break;
        case http::BodyKind::none:
        case http::BodyKind::tunnel: break;
    }
}

// ---- bodies without framing of their own ------------------------------------------------------

void BodyTransfer::advance_length(net::SliceQueue& from, net::SliceQueue& to, std::uint64_t room) {
    const std::uint64_t part = std::min({left_, room, std::uint64_t{from.bytes()}});
    if (!count(part)) return;
    pass_data(from, static_cast<std::size_t>(part), to);
    left_ -= part;
    if (left_ == 0 && state_ == State::data) end(to);
}

void BodyTransfer::advance_until_close(net::SliceQueue& from, net::SliceQueue& to,
                                       std::uint64_t room) {
    const std::uint64_t part = std::min(room, std::uint64_t{from.bytes()});
    if (count(part)) pass_data(from, static_cast<std::size_t>(part), to);
}

// Moves data, in a chunk of its own where the next hop wants chunks and the source had none.
void BodyTransfer::pass_data(net::SliceQueue& from, std::size_t bytes, net::SliceQueue& to) {
    if (bytes == 0) return;
    if (out_ == BodyForm::chunked) {
        if (!write_chunk_line(to, bytes)) return;
        from.move_front(bytes, to);
        to.append_constant(line_end);
        return;
    }
    from.move_front(bytes, to);
}

bool BodyTransfer::write_chunk_line(net::SliceQueue& to, std::uint64_t bytes) {
    if (block_ != nullptr && block_->room().size() < http::chunk_line_bytes_max) release_block();
    if (block_ == nullptr) block_ = blocks_.take(line_block_bytes);
    if (block_ == nullptr) {
        fail(http::Fault::none);
        return false;
    }
    char* line = block_->data + block_->used;
    if (bytes > 3000 && base::planted(base::Bug::chunk_size_wrong)) ++bytes;
    const std::size_t length = http::write_chunk_line(line, bytes);
    block_->used += static_cast<std::uint32_t>(length);
    to.append_block(*block_, {line, length});
    return true;
}

// ---- chunked ----------------------------------------------------------------------------------

void BodyTransfer::advance_chunked(net::SliceQueue& from, net::SliceQueue& to,
                                   std::uint32_t held_bytes_max) {
    while (!from.empty() && state_ == State::data && to.bytes() < held_bytes_max) {
        if (!take_chunks(from, to)) break;
    }
    if (state_ == State::trailers) advance_trailers(from, to);
}

// What is passed on is collected into runs, so that a slice full of chunks stays one slice.
bool BodyTransfer::take_chunks(net::SliceQueue& from, net::SliceQueue& to) {
    std::string_view rest = text_of(from.first()->slice);
    const bool keeps_framing = out_ == BodyForm::chunked;
    std::size_t run = 0;
    const auto flush = [&] {
        from.move_front(run, to);
        run = 0;
    };
    for (;;) {
        const http::ChunkPiece piece = chunks_.next(rest);
        rest.remove_prefix(piece.bytes);
        switch (piece.part) {
            case http::ChunkPart::data:
                if (!count(piece.bytes)) return flush(), false;
                run += piece.bytes;
                break;
            case http::ChunkPart::framing:
                if (keeps_framing) {
                    run += piece.bytes;
                    break;
                }
                flush();
                from.consume(piece.bytes);
                break;
            case http::ChunkPart::extension:
                flush();
                from.consume(piece.bytes);
                break;
            case http::ChunkPart::need_more: return flush(), true;
            case http::ChunkPart::last:
                flush();
                release_block();
                state_ = State::trailers;
                return false;
            case http::ChunkPart::failed: flush(); return fail(chunks_.fault()), false;
        }
    }
}

// Nearly always the empty line alone: then there is nothing to gather.
void BodyTransfer::advance_trailers(net::SliceQueue& from, net::SliceQueue& to) {
    if (from.empty()) return;
    const bool none = block_ == nullptr && text_of(from.first()->slice).starts_with(line_end);
    if (none) {
        if (out_ == BodyForm::chunked) {
            from.move_front(line_end.size(), to);
        } else {
            from.consume(line_end.size());
        }
        state_ = State::ended;
        return;
    }
    if (gather_trailers(from)) write_trailers(to);
}

// Copies the trailer section together. True when it is complete and right.
bool BodyTransfer::gather_trailers(net::SliceQueue& from) {
    if (block_ == nullptr) block_ = blocks_.take(limits_.head_bytes_max);
    if (block_ == nullptr) return fail(http::Fault::none), false;
    const std::uint32_t before = block_->used;
    const auto room = block_->room();
    const std::size_t copied =
        from.copy_front(reinterpret_cast<std::byte*>(room.data()), room.size());
    block_->used += static_cast<std::uint32_t>(copied);
    http::FieldList trailers;
    trailers.clear();
    http::TrailerParser parser(trailers, limits_);
    switch (parser.parse({block_->data, block_->used})) {
        case http::Progress::need_more:
            if (block_->used >= limits_.head_bytes_max) fail(http::Fault::bad_trailer);
            from.consume(copied);
            return false;
        case http::Progress::failed: fail(parser.fault()); return false;
        case http::Progress::done: break;
    }
    from.consume(trailers.head_bytes() - before);
    block_->used = trailers.head_bytes();
    return true;
}

void BodyTransfer::write_trailers(net::SliceQueue& to) {
    if (out_ != BodyForm::chunked) {
        state_ = State::ended;
        return;
    }
    http::FieldList trailers;
    trailers.clear();
    http::TrailerParser parser(trailers, limits_);
    const http::Progress again = parser.parse({block_->data, block_->used});
    RW_ASSERT(again == http::Progress::done);
    for (const http::Field& field : trailers.fields()) {
        const std::string_view name = trailers.name(field);
        if (http::is_forbidden_in_trailers(field.id, name)) continue;
        to.append_block(*block_, name);
        to.append_constant(": ");
        to.append_block(*block_, trailers.value(field));
        to.append_constant(line_end);
    }
    to.append_constant(line_end);
    release_block();
    state_ = State::ended;
}

// ---- ends -------------------------------------------------------------------------------------

void BodyTransfer::source_ended(net::SliceQueue& to) {
    if (state_ != State::data && state_ != State::trailers) return;
    const bool completes = base::planted(base::Bug::cut_completed);
    if (in_.kind == http::BodyKind::until_close || completes) {
        end(to);
    } else {
        state_ = State::cut;
    }
}

void BodyTransfer::end(net::SliceQueue& to) {
    if (out_ == BodyForm::chunked) to.append_constant(last_chunk);
    release_block();
    state_ = State::ended;
}

bool BodyTransfer::count(std::uint64_t bytes) {
    body_bytes_ += bytes;
    if (body_bytes_max_ == 0 || body_bytes_ <= body_bytes_max_) return true;
    fail(http::Fault::body_too_large);
    return false;
}

void BodyTransfer::fail(http::Fault fault) {
    state_ = State::failed;
    fault_ = fault;
}

std::uint64_t BodyTransfer::spliceable_bytes() const {
    if (state_ != State::data || body_bytes_max_ != 0) return 0;
    if (in_.kind == http::BodyKind::length && out_ == BodyForm::length) return left_;
    if (in_.kind == http::BodyKind::until_close && out_ == BodyForm::until_close) {
        return std::numeric_limits<std::uint64_t>::max();
    }
    return 0;
}

void BodyTransfer::note_spliced(std::uint64_t bytes) {
    body_bytes_ += bytes;
    if (in_.kind != http::BodyKind::length) return;
    RW_ASSERT(bytes <= left_);
    left_ -= bytes;
    if (left_ == 0) state_ = State::ended;
}

}  // namespace ringway::proxy
