#include "ringway/bench/report.h"

namespace ringway::bench {

std::string_view name_of(ReportKind kind) {
    switch (kind) {
        case ReportKind::run: return "run";
        case ReportKind::sweep: return "sweep";
        case ReportKind::knee: return "knee";
        case ReportKind::ramp: return "ramp";
        case ReportKind::scaling: return "scaling";
        case ReportKind::matrix: return "matrix";
        case ReportKind::throttle: return "throttle";
        case ReportKind::versus_direct: return "versus-direct";
        case ReportKind::baseline: return "baseline";
    }
    return "unknown";
}

std::string_view name_of(Severity severity) {
    switch (severity) {
        case Severity::note: return "note";
        case Severity::advice: return "advice";
        case Severity::warning: return "warning";
        case Severity::critical: return "critical";
    }
    return "unknown";
}

}  // namespace ringway::bench
