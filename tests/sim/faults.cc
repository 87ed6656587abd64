#include "faults.h"

namespace ringway::sim {

std::string_view name_of(Fault fault) {
    switch (fault) {
        case Fault::short_send: return "short send";
        case Fault::short_receive: return "short receive";
        case Fault::send_error: return "send error";
        case Fault::receive_error: return "receive error";
        case Fault::accept_error: return "accept error";
        case Fault::socket_error: return "socket error";
        case Fault::pipe_error: return "pipe error";
        case Fault::pipe_shrunk: return "pipe shrunk";
        case Fault::pipe_full: return "pipe full";
        case Fault::splice_error: return "splice error";
        case Fault::connect_refused: return "connect refused";
        case Fault::connect_unreachable: return "connect unreachable";
        case Fault::connect_timeout: return "connect timeout";
        case Fault::connect_no_port: return "no local port";
        case Fault::late_completion: return "late completion";
        case Fault::reordered_completions: return "reordered completions";
        case Fault::multishot_ended: return "multishot ended";
        case Fault::no_buffers: return "no buffers";
        case Fault::queue_full_submission: return "submission queue full";
        case Fault::queue_full_completion: return "completion queue full";
        case Fault::spurious_readiness: return "spurious readiness";
        case Fault::cancel_lost_race: return "cancel lost its race";
        case Fault::woken_early: return "woken early";
        case Fault::reset_by_peer: return "reset by peer";
        case Fault::closed_by_peer: return "closed by peer";
        case Fault::half_closed_by_peer: return "half-closed by peer";
        case Fault::slow_peer: return "slow peer";
        case Fault::accept_burst: return "accept burst";
        case Fault::client_gone_early: return "client gone early";
        case Fault::clock_jump: return "clock jump";
        case Fault::shard_stall: return "shard stall";
        case Fault::drain_mid_flight: return "drain mid-flight";
        case Fault::drain_deadline: return "drain deadline";
        case Fault::preamble_bad: return "bad preamble";
        case Fault::preamble_slow: return "slow preamble";
        case Fault::permits_recalled: return "permits recalled";
        case Fault::endpoint_flapped: return "endpoint flapped";
        case Fault::addresses_changed: return "addresses changed";
        case Fault::mailbox_late: return "mailbox late";
        case Fault::request_bad: return "bad request";
        case Fault::response_bad: return "bad response";
        case Fault::response_cut: return "response cut";
        case Fault::response_early: return "early response";
        case Fault::origin_left_idle: return "idle origin left";
        case Fault::origin_silent: return "silent origin";
        case Fault::count_: break;
    }
    return "?";
}

void Faults::silence() { rate_.fill(0); }

}  // namespace ringway::sim
