// Writes made-up reports of every kind, in every form, into a folder: for the tests that read them
// with other programs, and to look at.
#include <fstream>
#include <string>

#include "report/writers.h"
#include "sample.h"

namespace {

using namespace ringway::bench;

void write(const std::string& stem, const Report& report) {
    std::ofstream(stem + ".txt") << to_text(report);
    std::ofstream(stem + ".json") << to_json(report);
    std::ofstream(stem + ".csv") << to_csv(report);
    std::ofstream(stem + ".html") << to_html(report);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    const std::string folder = std::string(argv[1]) + "/";
    for (int kind = 0; kind <= static_cast<int>(ReportKind::baseline); ++kind) {
        const auto which = static_cast<ReportKind>(kind);
        write(folder + std::string(name_of(which)), sample::of(which));
    }
    write(folder + "hostile", sample::hostile());
    write(folder + "empty", sample::empty());
    Report nothing;
    write(folder + "nothing", nothing);
    return 0;
}
