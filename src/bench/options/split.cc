#include "split.h"

#include <algorithm>

#include <fmt/format.h>

#include "ringway/config/suggest.h"

namespace ringway::bench {
namespace {

using config::Checked;
using config::Refusal;

struct Spelled {
    const BenchFlag* flag = nullptr;
    bool negated = false;
};

Spelled find_flag(std::string_view name) {
    for (const BenchFlag* flag : all_bench_flags()) {
        if (flag->name == name) return {flag, false};
        if (flag->is_switch() && name.starts_with("no-") && name.substr(3) == flag->name) {
            return {flag, true};
        }
    }
    return {};
}

std::string unknown_flag(std::string_view written) {
    std::vector<std::string> spellings{"--help"};
    for (const BenchFlag* flag : all_bench_flags()) {
        spellings.push_back(fmt::format("--{}", flag->name));
        if (flag->is_negatable()) spellings.push_back(fmt::format("--no-{}", flag->name));
    }
    const std::vector<std::string_view> known(spellings.begin(), spellings.end());
    std::string hint = config::did_you_mean(written, known);
    if (hint.empty()) hint = "ringway bench --help lists them";
    return config::refusal_line(config::printable(written),
                                Refusal{"no flag has this name", std::move(hint)});
}

bool is_known_flag(std::string_view word) {
    if (!word.starts_with("--")) return false;
    return find_flag(word.substr(2, word.find('=') - 2)).flag != nullptr;
}

// Whether `word` may be the value of a flag that can do without one; a URL is none.
bool may_be_value(std::string_view word) {
    return !word.starts_with('-') && word.find("://") == std::string_view::npos &&
           word.find("unix:") == std::string_view::npos;
}

class Splitter {
  public:
    explicit Splitter(std::span<const std::string> arguments) : arguments_(arguments) {}

    Checked<SplitLine, std::string> split() {
        while (next_ < arguments_.size()) {
            const std::string& word = arguments_[next_++];
            if (word == "--") {
                line_.behind.assign(arguments_.begin() + static_cast<std::ptrdiff_t>(next_),
                                    arguments_.end());
                break;
            }
            if (word == "--help" || word == "-h") {
                line_.help_asked = true;
            } else if (word.size() > 1 && word.starts_with('-')) {
                if (std::string problem = take_flag(word); !problem.empty()) return problem;
            } else {
                line_.words.push_back(word);
            }
        }
        return std::move(line_);
    }

  private:
    // Empty when all is well.
    std::string take_flag(const std::string& word) {
        const std::size_t equals = word.find('=');
        GivenFlag given{.flag = nullptr, .text = {}, .where = word.substr(0, equals)};
        const Spelled spelled =
            word.starts_with("--") ? find_flag(given.where.substr(2)) : Spelled{};
        if (spelled.flag == nullptr) return unknown_flag(given.where);
        given.flag = spelled.flag;
        const bool has_value = equals != std::string::npos;
        if (has_value) given.text = word.substr(equals + 1);
        if (spelled.negated) {
            if (has_value) return config::refusal_line(given.where, {"takes no value", {}});
            given.text = "off";
        } else if (spelled.flag->is_switch()) {
            if (!has_value) given.text = "on";
        } else if (!has_value && !take_value(given)) {
            return config::refusal_line(
                given.where, {"a value is missing after it", std::string{spelled.flag->usage()}});
        }
        const bool is_second =
            std::any_of(line_.flags.begin(), line_.flags.end(),
                        [&](const GivenFlag& other) { return other.flag == given.flag; });
        if (is_second && !given.flag->repeat) {
            return given.flag->is_switch()
                       ? config::refusal_line(given.where, {"the flag is given twice", {}})
                       : config::refusal_line(given.where, given.text,
                                              {"the flag is given twice", {}});
        }
        line_.flags.push_back(std::move(given));
        return {};
    }

    bool take_value(GivenFlag& given) {
        const bool is_there = next_ < arguments_.size() && !is_known_flag(arguments_[next_]);
        if (given.flag->value_optional) {
            if (is_there && may_be_value(arguments_[next_])) given.text = arguments_[next_++];
            return true;
        }
        if (is_there) given.text = arguments_[next_++];
        return is_there;
    }

    std::span<const std::string> arguments_;
    std::size_t next_ = 0;
    SplitLine line_;
};

}  // namespace

Checked<SplitLine, std::string> split_line(std::span<const std::string> arguments) {
    return Splitter{arguments}.split();
}

}  // namespace ringway::bench
