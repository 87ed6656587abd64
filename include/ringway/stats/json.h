// A small writer of JSON on one line, for the answers that programs read.
//
// Appends to a string that the caller owns; puts the commas; escapes every text so that the result
// is valid JSON and valid UTF-8 whatever the text holds. Allocates: never used on a data path.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ringway::stats {

class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out) {}

    JsonWriter& begin_object();
    JsonWriter& end_object();
    JsonWriter& begin_array();
    JsonWriter& end_array();
    JsonWriter& key(std::string_view name);

    JsonWriter& text(std::string_view value);
    JsonWriter& text_or_null(std::string_view value);  // null when empty
    JsonWriter& number(std::uint64_t value);
    JsonWriter& integer(std::int64_t value);
    JsonWriter& real(double value);     // three decimals; null when it is not a finite number
    JsonWriter& precise(double value);  // nine significant digits; null as above
    JsonWriter& boolean(bool value);
    JsonWriter& null();

    // A member of the open object.
    JsonWriter& text(std::string_view name, std::string_view value) {
        return key(name).text(value);
    }
    JsonWriter& text_or_null(std::string_view name, std::string_view value) {
        return key(name).text_or_null(value);
    }
    JsonWriter& number(std::string_view name, std::uint64_t value) {
        return key(name).number(value);
    }
    JsonWriter& integer(std::string_view name, std::int64_t value) {
        return key(name).integer(value);
    }
    JsonWriter& real(std::string_view name, double value) { return key(name).real(value); }
    JsonWriter& precise(std::string_view name, double value) { return key(name).precise(value); }
    JsonWriter& boolean(std::string_view name, bool value) { return key(name).boolean(value); }
    JsonWriter& null(std::string_view name) { return key(name).null(); }
    JsonWriter& begin_object(std::string_view name) { return key(name).begin_object(); }
    JsonWriter& begin_array(std::string_view name) { return key(name).begin_array(); }

  private:
    void before_value();

    std::string& out_;
    bool comma_due_ = false;
};

// Appends `value` as a JSON string, quotes included. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view value);

}  // namespace ringway::stats
