#include "peer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>

#include "preamble_text.h"

namespace ringway::sim {

namespace {

constexpr std::uint64_t client_magic = 0x52575F434C49454E;
constexpr std::uint64_t server_magic = 0x52575F5345525645;

std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
    return value ^ (value >> 31);
}

}  // namespace

Peer& Cast::add(Network& network, bool is_client, const PeerPlan& plan) {
    const std::uint64_t id = peers.size() + 1;
    peers.push_back(std::make_unique<Peer>(network, *this, id, is_client, plan));
    by_id.emplace(id, peers.back().get());
    ++open;
    return *peers.back();
}

Peer::Peer(Network& network, Cast& cast, std::uint64_t own_id, bool client, const PeerPlan& drawn)
    : id(own_id), is_client(client), plan(drawn), network_(network), cast_(cast) {
    preamble_done_ = is_client || cast.preamble == config::ProxyProtocol::none;
}

std::string Peer::describe() const {
    return fmt::format(
        "{} {} ({}{}, sent {} of {}, received {}{}{})", is_client ? "client" : "server", id,
        socket == nullptr ? "no socket" : socket->describe(),
        socket != nullptr && socket->peer() != nullptr ? " to " + socket->peer()->describe() : "",
        sent, total(), received, end_made ? ", ended" : "", end_seen ? ", saw the end" : "");
}

// The stream's byte values from `offset` on: the header, then what follows from the name.
void Peer::byte_at(std::uint64_t offset, std::byte* out, std::size_t count) const {
    std::uint64_t header[3] = {is_client ? client_magic : server_magic, id, total()};
    std::size_t done = 0;
    while (done < count && offset + done < header_bytes) {
        out[done] = reinterpret_cast<const std::byte*>(header)[offset + done];
        ++done;
    }
    while (done < count) {
        const std::uint64_t at = offset + done;
        const std::uint64_t word = mix(id * 0x9E3779B97F4A7C15u + at / 8);
        const std::size_t within = at % 8;
        const std::size_t part = std::min(count - done, 8 - within);
        std::memcpy(out + done, reinterpret_cast<const std::byte*>(&word) + within, part);
        done += part;
    }
}

void Peer::connect(const AddressKey& from, const AddressKey& to) {
    socket = &network_.make_socket(false);
    socket->hold();
    socket->local = from;
    socket->on_wake = [this] { schedule(network_.kernel().latency()); };
    const int begun = socket->connect(to);
    if (begun != -EINPROGRESS) finish(Outcome::connect_failed);
}

void Peer::take(Socket& accepted) {
    socket = &accepted;
    socket->hold();
    socket->on_wake = [this] { schedule(network_.kernel().latency()); };
    schedule(network_.kernel().latency());
}

void Peer::schedule(base::Duration delay) {
    if (scheduled_ || outcome != Outcome::running || frozen_) return;
    scheduled_ = true;
    network_.kernel().after(delay, [this] {
        scheduled_ = false;
        step();
    });
}

void Peer::hurry() {
    const Socket* other = socket->peer();
    if (frozen_ && other != nullptr && other->released()) {
        // Nobody is there any more; the end may be stuck behind bytes that it never read.
        finish(Outcome::saw_reset);
        return;
    }
    if (hurried_) return;
    hurried_ = true;
    plan.pause_max = base::Duration::microseconds(20);
    if (is_client) plan.ends_first = true;
    plan.read_max = 65536;
    plan.write_max = std::max<std::size_t>(plan.write_max, 16384);
    if (!plan.stalls_for_ever) plan.stalls = false;
    schedule(network_.kernel().latency());
}

void Peer::finish(Outcome how) {
    outcome = how;
    socket->on_wake = nullptr;
    socket->drop();
    --cast_.open;
    if (partner != nullptr) partner->schedule(network_.kernel().latency());
    network_.kernel().trace("    {} is done: {}", describe(), static_cast<int>(how));
}

void Peer::step() {
    if (outcome != Outcome::running) return;
    if (socket->state() != Socket::State::connected) {
        const int result = socket->connect_result();
        if (result == -EINPROGRESS) return;
        if (result < 0) return finish(Outcome::connect_failed);
    }
    if (maybe_break() || maybe_stall()) return;
    const bool has_read = read_some();
    if (outcome != Outcome::running) return;
    const bool has_written = write_some();
    if (outcome != Outcome::running || maybe_break()) return;
    maybe_end();
    if (outcome != Outcome::running) return;
    if (has_read || has_written) schedule(network_.kernel().some_time(plan.pause_max));
}

bool Peer::maybe_break() {
    if (plan.breaks == PeerPlan::Break::none || sent + received < plan.break_after) return false;
    Faults& faults = network_.kernel().faults();
    if (plan.breaks == PeerPlan::Break::reset) {
        faults.note(Fault::reset_by_peer);
        socket->linger_zero = true;
    } else {
        faults.note(Fault::closed_by_peer);
    }
    finish(Outcome::broke_off);
    return true;
}

bool Peer::maybe_stall() {
    if (!plan.stalls || stalled_ || sent + received < plan.stall_after) return false;
    stalled_ = true;
    if (plan.stalls_for_ever && (socket->is_dead() || socket->end_seen())) return false;
    network_.kernel().faults().note(Fault::slow_peer);
    if (!plan.stalls_for_ever) {
        schedule(plan.stall_time);
        return true;
    }
    // It never acts again; only the other side's reset or end frees it.
    frozen_ = true;
    socket->on_wake = [this] {
        if (!socket->is_dead() && !socket->end_seen()) return;
        frozen_ = false;
        schedule(network_.kernel().latency());
    };
    return true;
}

bool Peer::read_some() {
    std::byte chunk[65536];
    const std::size_t wanted = 1 + network_.kernel().random().below(plan.read_max);
    const std::int64_t count = socket->receive(chunk, std::min(wanted, sizeof chunk));
    if (count == -EAGAIN) return false;
    if (count > 0) {
        consume(chunk, static_cast<std::size_t>(count));
        return true;
    }
    if (count < 0 || !socket->end_seen()) {
        finish(Outcome::saw_reset);
        return false;
    }
    end_seen = true;
    return false;
}

bool Peer::write_some() {
    if (end_made || sent == total()) {
        if (prefix_sent_ == plan.prefix.size()) return false;
    }
    std::byte chunk[65536];
    std::size_t count = 0;
    const bool in_prefix = prefix_sent_ < plan.prefix.size();
    if (in_prefix) {
        count = std::min<std::size_t>(plan.prefix.size() - prefix_sent_, plan.write_max);
        std::memcpy(chunk, plan.prefix.data() + prefix_sent_, count);
    } else {
        const std::uint64_t left = total() - sent;
        count = 1 + network_.kernel().random().below(std::min(plan.write_max, sizeof chunk));
        count = static_cast<std::size_t>(std::min<std::uint64_t>(count, left));
        byte_at(sent, chunk, count);
    }
    const iovec piece{chunk, count};
    const std::int64_t taken = socket->send(&piece, 1);
    if (taken == -EAGAIN) return false;
    if (taken < 0) {
        // What arrived before the reset is still looked at.
        while (outcome == Outcome::running && read_some()) {
        }
        if (outcome == Outcome::running) finish(Outcome::saw_reset);
        return false;
    }
    if (in_prefix) {
        prefix_sent_ += static_cast<std::size_t>(taken);
    } else {
        sent += static_cast<std::uint64_t>(taken);
    }
    return true;
}

// Whether it is its turn to end. In the quiet phase nobody helps lost bytes along by ending: every
// byte must have arrived first, and servers that wait for their client's end go on waiting for it.
bool Peer::may_end() const {
    if (end_seen) return true;
    if (!plan.ends_first) return false;
    if (!hurried_ || sent == 0) return true;
    return partner != nullptr &&
           (partner->received >= sent || partner->outcome != Outcome::running);
}

void Peer::maybe_end() {
    const bool all_sent = sent == total() && prefix_sent_ == plan.prefix.size();
    if (!end_made && all_sent && may_end()) {
        end_made = true;
        if (!end_seen) network_.kernel().faults().note(Fault::half_closed_by_peer);
        socket->shutdown(SHUT_WR);
    }
    if (end_made && end_seen) finish(Outcome::ended);
}

// ---- what arrives ----------------------------------------------------------------------------

void Peer::consume(const std::byte* data, std::size_t bytes) {
    if (!preamble_done_) {
        const std::size_t used = consume_preamble(data, bytes);
        data += used;
        bytes -= used;
    }
    while (bytes > 0 && received < header_bytes) {
        header_[received++] = *data++;
        --bytes;
        if (received == header_bytes) consume_header();
    }
    if (bytes == 0 || partner == nullptr) return;
    std::byte expected[65536];
    partner->byte_at(received, expected, bytes);
    if (std::memcmp(expected, data, bytes) != 0) {
        std::size_t wrong = 0;
        while (expected[wrong] == data[wrong]) ++wrong;
        network_.kernel().fail("{} received a wrong byte at offset {}", describe(),
                               received + wrong);
    }
    received += bytes;
    if (received == partner->sent) partner->schedule(network_.kernel().latency());
    if (received > partner->sent) {
        network_.kernel().fail("{} received more than {} sent", describe(), partner->describe());
    }
}

void Peer::consume_header() {
    std::uint64_t fields[3];
    std::memcpy(fields, header_, sizeof fields);
    Kernel& kernel = network_.kernel();
    const std::uint64_t magic = is_client ? server_magic : client_magic;
    const auto found = cast_.by_id.find(fields[1]);
    if (fields[0] != magic || found == cast_.by_id.end() || found->second->total() != fields[2]) {
        std::string seen;
        for (const std::byte byte : header_) {
            const char c = static_cast<char>(byte);
            seen += c >= ' ' && c <= '~' ? std::string(1, c)
                                         : fmt::format("\\{:02x}", static_cast<unsigned>(byte));
        }
        return kernel.fail("{} received bytes that nobody sent: {}", describe(), seen);
    }
    Peer& other = *found->second;
    if (partner != nullptr && partner != &other) {
        return kernel.fail("{} received the bytes of {}", describe(), other.describe());
    }
    if (other.partner != nullptr && other.partner != this) {
        return kernel.fail("{} and {} both received the bytes of {}", describe(),
                           other.partner->describe(), other.describe());
    }
    partner = &other;
    other.partner = this;
    other.schedule(network_.kernel().latency());
    const Peer& client = is_client ? *this : other;
    if (client.plan.prefix_is_bad)
        kernel.fail("{} was served in spite of its preamble", client.describe());
    if (is_client || cast_.preamble == config::ProxyProtocol::none) return;
    // Who has reset its connection cannot be asked for its address any more.
    const bool gone = other.outcome == Outcome::broke_off && preamble_source == "unknown";
    if (preamble_source != other.expected_source && !gone) {
        kernel.fail("{} was told that {} comes from {}, which is wrong (expected {})", describe(),
                    other.describe(), preamble_source, other.expected_source);
    }
}

std::size_t Peer::consume_preamble(const std::byte* data, std::size_t bytes) {
    std::size_t used = 0;
    while (used < bytes && !preamble_done_) {
        preamble_ += static_cast<char>(data[used++]);
        const PreambleReading reading = read_preamble(preamble_, cast_.preamble);
        if (reading.state == PreambleReading::State::bad) {
            network_.kernel().fail("{} received a PROXY preamble that is not one", describe());
            preamble_done_ = true;
        } else if (reading.state == PreambleReading::State::complete) {
            preamble_done_ = true;
            preamble_source = reading.source;
            cast_.preamble_bytes += preamble_.size();
        }
    }
    return used;
}

// ---- servers ---------------------------------------------------------------------------------

Server::Server(Network& network, AddressKey at, Serve serve)
    : address(std::move(at)), network_(network), serve_(std::move(serve)) {}

void Server::open(std::size_t backlog) {
    if (listener_ != nullptr) return;
    listener_ = &network_.make_socket(false);
    listener_->hold();
    listener_->listen(address, backlog);
    listener_->on_wake = [this] {
        network_.kernel().after(network_.kernel().latency(), [this] { accept_all(); });
    };
}

void Server::shut() {
    if (listener_ == nullptr) return;
    listener_->on_wake = nullptr;
    listener_->drop();
    listener_ = nullptr;
}

void Server::accept_all() {
    while (listener_ != nullptr) {
        Socket* made = listener_->accept();
        if (made == nullptr) return;
        serve_(*made);
    }
}

}  // namespace ringway::sim
