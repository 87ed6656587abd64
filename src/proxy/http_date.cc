#include "ringway/proxy/http_date.h"

#include <chrono>
#include <cstring>

namespace ringway::proxy {
namespace {

constexpr std::string_view weekdays = "SunMonTueWedThuFriSat";
constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";

class Pen {
  public:
    explicit Pen(char* at) : at_(at) {}
    void text(std::string_view words) {
        std::memcpy(at_, words.data(), words.size());
        at_ += words.size();
    }
    void two_digits(unsigned number) {
        *at_++ = static_cast<char>('0' + number / 10 % 10);
        *at_++ = static_cast<char>('0' + number % 10);
    }

  private:
    char* at_;
};

}  // namespace

void HttpDate::format(std::int64_t wall_seconds) {
    using namespace std::chrono;
    const sys_seconds time{seconds(wall_seconds)};
    const sys_days day = floor<days>(time);
    const year_month_day date(day);
    const auto second = static_cast<unsigned>((time - day).count());
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    Pen pen(text_.data());
    pen.text(weekdays.substr(weekday(day).c_encoding() * 3, 3));
    pen.text(", ");
    pen.two_digits(static_cast<unsigned>(date.day()));
    pen.text(" ");
    pen.text(months.substr((static_cast<unsigned>(date.month()) - 1) * 3, 3));
    pen.text(" ");
    pen.two_digits(year / 100);
    pen.two_digits(year % 100);
    pen.text(" ");
    pen.two_digits(second / 3600);
    pen.text(":");
    pen.two_digits(second / 60 % 60);
    pen.text(":");
    pen.two_digits(second % 60);
    pen.text(" GMT");
    formatted_ = wall_seconds;
}

}  // namespace ringway::proxy
