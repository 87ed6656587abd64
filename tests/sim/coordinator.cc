#include "coordinator.h"

#include <algorithm>
#include <limits>

#include "permit_pools.h"
#include "ringway/ring/sys.h"

namespace ringway::sim {

namespace {
constexpr std::size_t mailbox_slots = 64;
}

Coordinator::Coordinator(Kernel& kernel, const config::Settings& settings, std::size_t shards)
    : kernel_(kernel), settings_(settings), ledger_(shards) {
    own_wake_fd_ = ring::sys::make_wake_fd();
    ledger_.add_pool({}, settings.connections_max, control::PermitLedger::Wants::anew);
    control::for_each_limit(settings, [this](shard::PermitPool pool, std::uint64_t total) {
        ledger_.add_pool(pool, total);
    });
    links_.resize(shards);
    for (Link& link : links_) {
        link.wake_fd = ring::sys::make_wake_fd();
        link.commands = std::make_unique<shard::CommandBox>(mailbox_slots, link.wake_fd);
        link.events = std::make_unique<shard::EventBox>(mailbox_slots, own_wake_fd_);
    }
}

shard::PermitShares Coordinator::first_shares() const { return control::first_shares(ledger_); }

void Coordinator::send(std::size_t shard, shard::Command command) {
    links_[shard].outbox.push_back(std::move(command));
    flush();
}

void Coordinator::send_all(const shard::Command& command) {
    for (std::size_t shard = 0; shard < links_.size(); ++shard) {
        if (!links_[shard].drained) send(shard, command);
    }
}

void Coordinator::flush() {
    for (Link& link : links_) {
        if (!link.outbox.empty()) poked_ = true;
        while (!link.outbox.empty() && link.commands->try_send(link.outbox.front())) {
            link.outbox.pop_front();
        }
    }
}

bool Coordinator::has_work() {
    if (std::exchange(poked_, false)) return true;  // somebody has unread mail
    return std::any_of(links_.begin(), links_.end(),
                       [](const Link& link) { return !link.outbox.empty(); });
}

bool Coordinator::all_started() const {
    return std::all_of(links_.begin(), links_.end(), [](const Link& link) { return link.started; });
}

bool Coordinator::poll() {
    bool any = false;
    for (std::size_t shard = 0; shard < links_.size(); ++shard) {
        while (auto event = links_[shard].events->try_receive()) {
            any = true;
            handle(shard, *event);
        }
    }
    if (ledger_.next_due() <= kernel_.now()) ledger_.tick(kernel_.now());
    act();
    flush();
    return any;
}

void Coordinator::act() {
    if (collecting_) return;
    ledger_.take_actions([this](const control::PermitAction& action) {
        if (links_[action.shard].drained) return;
        kernel_.trace("  {} {} permits of {}/{} {} shard {}",
                      action.kind == control::PermitAction::Kind::grant ? "grant" : "recall",
                      action.count, static_cast<int>(action.pool.kind), action.pool.index,
                      action.kind == control::PermitAction::Kind::grant ? "to" : "from",
                      action.shard);
        if (action.kind == control::PermitAction::Kind::grant) {
            send(action.shard, shard::GrantPermits{action.pool, action.count});
        } else {
            kernel_.faults().note(Fault::permits_recalled);
            send(action.shard, shard::RecallPermits{action.pool, action.count});
        }
    });
}

void Coordinator::handle(std::size_t shard, shard::Event& event) {
    if (auto* started = std::get_if<shard::Started>(&event)) {
        if (started->os_error != 0)
            kernel_.fail("shard {} did not start: {}", shard, started->what);
        links_[shard].started = true;
    } else if (std::get_if<shard::Drained>(&event) != nullptr) {
        links_[shard].drained = true;
        ledger_.shard_gone(shard, kernel_.now());
        take_back(shard);
    } else if (auto* want = std::get_if<shard::WantPermits>(&event)) {
        kernel_.trace("  shard {} wants {} permits of {}/{}", shard, want->count,
                      static_cast<int>(want->pool.kind), want->pool.index);
        if (!collecting_) ledger_.want(shard, want->pool, want->count, kernel_.now());
    } else if (auto* back = std::get_if<shard::ReturnPermits>(&event)) {
        handle_return(shard, *back);
    } else if (auto* fresh = std::get_if<shard::HandOver>(&event)) {
        deal(shard, *fresh);
    } else if (auto* listing = std::get_if<shard::Connections>(&event)) {
        ++listings_answered;
        if (listing->rows.size() > listing->total) {
            kernel_.fail("shard {} lists more connections than it says it has", shard);
        }
    }
}

void Coordinator::handle_return(std::size_t shard, const shard::ReturnPermits& back) {
    kernel_.trace("  shard {} returns {} permits of {}/{}", shard, back.count,
                  static_cast<int>(back.pool.kind), back.pool.index);
    if (collecting_) {
        collected_[{shard, back.pool.kind, back.pool.index}] += back.count;
        return;
    }
    if (back.count > ledger_.held(back.pool, shard)) {
        kernel_.fail("shard {} returned {} permits of pool {}/{}, but held {}", shard, back.count,
                     static_cast<int>(back.pool.kind), back.pool.index,
                     ledger_.held(back.pool, shard));
        return;
    }
    ledger_.give_back(shard, back.pool, back.count, kernel_.now());
}

void Coordinator::collect_permits() {
    act();
    collecting_ = true;
    collected_.clear();
    for (std::size_t shard = 0; shard < links_.size(); ++shard) {
        ledger_.for_each_pool([&](shard::PermitPool pool) {
            if (ledger_.total(pool) == 0) return;
            send(shard, shard::RecallPermits{pool, std::numeric_limits<std::uint32_t>::max()});
        });
    }
}

void Coordinator::compare_permits() {
    std::uint64_t warm = 0;
    for (const config::Upstream& upstream : settings_.upstreams) {
        warm = std::max<std::uint64_t>(warm, upstream.pool.connections_min);
        if (upstream.pool.warm) warm = std::max(warm, upstream.endpoints.size());
    }
    for (std::size_t shard = 0; shard < links_.size(); ++shard) {
        ledger_.for_each_pool([&](shard::PermitPool pool) {
            if (ledger_.total(pool) == 0) return;
            const std::uint64_t held = ledger_.held(pool, shard);
            const std::uint64_t came = collected_[{shard, pool.kind, pool.index}];
            // An accept under way may have reserved one permit per listener; what is to be kept
            // warm is opened again.
            const bool accepts = pool.kind == shard::PermitKind::connections;
            const std::uint64_t reserved = accepts ? settings_.listeners.size() : warm;
            if (came <= held && came + reserved >= held) return;
            kernel_.fail("shard {} gave back {} permits of pool {}/{} and should have had {}",
                         shard, came, static_cast<int>(pool.kind), pool.index, held);
        });
    }
}

// The permit that the accept took goes along.
void Coordinator::deal(std::size_t from, const shard::HandOver& fresh) {
    for (std::size_t tries = 0; tries < links_.size(); ++tries) {
        const std::size_t shard = next_shard_;
        next_shard_ = (next_shard_ + 1) % links_.size();
        if (links_[shard].drained) continue;
        if (!links_[from].drained) ledger_.move_used({}, from, shard);
        send(shard, shard::Adopt{fresh.fd, fresh.listener});
        return;
    }
    ++handed_to_nobody;
    ring::sys::close(fresh.fd);
}

// What an ended shard did not read any more: a connection that was dealt to it must not be lost.
void Coordinator::take_back(std::size_t shard) {
    std::deque<shard::Command> unread;
    while (auto command = links_[shard].commands->try_receive()) {
        unread.push_back(std::move(*command));
    }
    for (shard::Command& command : links_[shard].outbox) unread.push_back(std::move(command));
    links_[shard].outbox.clear();
    for (const shard::Command& command : unread) {
        if (const auto* adopt = std::get_if<shard::Adopt>(&command)) {
            deal(shard, shard::HandOver{adopt->fd, adopt->listener});
        }
    }
}

void Coordinator::close_wake_fds() {
    for (Link& link : links_) ring::sys::close(link.wake_fd);
    ring::sys::close(own_wake_fd_);
}

}  // namespace ringway::sim
