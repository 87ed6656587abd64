#include "ringway/http/head.h"

namespace ringway::http {

const Field* FieldList::find(std::string_view wanted) const {
    for (const Field& field : fields()) {
        if (field.name_bytes == wanted.size() && equals_ignoring_case(name(field), wanted)) {
            return &field;
        }
    }
    return nullptr;
}

}  // namespace ringway::http
