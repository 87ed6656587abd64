#include "ringway/http/fault.h"

#include <array>

namespace ringway::http {
namespace {

struct Entry {
    std::string_view name;
    int status;
    std::string_view sentence;
};

// In the order of Fault.
constexpr auto entries = std::to_array<Entry>({
    {"none", 500, "Nothing is wrong with the message."},
    {"bad-request-line", 400, "The request line is malformed."},
    {"bad-method", 400, "The method contains a character that no method may contain."},
    {"bad-target", 400, "The request target is malformed."},
    {"bad-version", 400, "The request line does not end with an HTTP version."},
    {"unsupported-version", 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."},
    {"bad-status-line", 400, "The status line is malformed."},
    {"target-too-long", 414, "The request target is too long."},
    {"method-not-implemented", 501, "The method is not implemented."},
    {"bad-field-name", 400, "A field name is malformed."},
    {"bad-field-value", 400, "A field value is malformed."},
    {"folded-field", 400, "A field line is folded or begins with a blank."},
    {"bare-line-ending", 400, "A line does not end with CR and LF."},
    {"head-too-large", 431, "The header section is too large."},
    {"too-many-fields", 431, "The header section has too many fields."},
    {"host-missing", 400, "The Host field is missing."},
    {"host-repeated", 400, "There is more than one Host field."},
    {"bad-host", 400, "The Host field or the authority of the target is malformed."},
    {"bad-path", 400, "The path has a malformed escape or leaves the root."},
    {"connect-forbidden", 501, "CONNECT is not served here."},
    {"bad-content-length", 400, "The Content-Length field is malformed."},
    {"conflicting-content-length", 400, "The Content-Length fields contradict each other."},
    {"length-and-chunked", 400, "Content-Length and Transfer-Encoding exclude each other."},
    {"bad-transfer-encoding", 400, "The Transfer-Encoding field is malformed or not allowed."},
    {"unsupported-transfer-encoding", 501, "A transfer coding other than chunked is not known."},
    {"unexpected-body", 400, "This message must not have a body."},
    {"length-required", 411, "The request needs a Content-Length field."},
    {"body-too-large", 413, "The body is too large."},
    {"bad-chunk", 400, "The chunked body is malformed."},
    {"bad-trailer", 400, "The trailer section is malformed."},
    {"expectation-failed", 417, "The Expect field asks for something that is not known."},
    {"bad-upgrade", 400, "The connection must not be upgraded."},
});
static_assert(entries.size() == fault_count);

const Entry& entry_of(Fault fault) { return entries[static_cast<std::size_t>(fault)]; }

}  // namespace

std::string_view name_of(Fault fault) { return entry_of(fault).name; }
std::string_view sentence_of(Fault fault) { return entry_of(fault).sentence; }
int status_of(Fault fault) { return entry_of(fault).status; }

}  // namespace ringway::http
