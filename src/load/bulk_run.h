// One run of one-way streams: bytes go from page cache or memory into one socket and are dropped
// from the other without being copied, so that the generator's core is not the limit.
//
// A look at a part of them now and then says whether they are the right ones.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "engine.h"

namespace ringway::load {

// What streams are made of: a block that repeats, in memory and as a file.
class BulkContent {
  public:
    BulkContent();
    ~BulkContent();
    BulkContent(const BulkContent&) = delete;
    BulkContent& operator=(const BulkContent&) = delete;

    static constexpr std::size_t bytes = 1 << 20;
    int file() const { return file_; }
    const std::byte* memory() const { return memory_.data(); }
    // Whether `part` is what a stream holds `offset` bytes after its block's begin.
    bool matches(std::uint64_t offset, std::span<const std::byte> part) const;

  private:
    int file_;
    std::vector<std::byte> memory_;
};

class Stream;

class BulkRun {
  public:
    BulkRun(Engine& engine, const BulkContent& content, const BulkPlan& plan,
            std::uint32_t run_number);
    ~BulkRun();
    BulkRun(const BulkRun&) = delete;
    BulkRun& operator=(const BulkRun&) = delete;

    void measure(const WindowMarks& marks);
    void finish();
    const LoadReport& report() const { return report_; }

  private:
    friend class Stream;
    void accept(int fd);
    void open_all();
    void turn();
    void make_ready(Stream& stream);
    void forget(Stream& stream);
    bool hopeless() const { return report_.errors.total() > 0; }

    Engine& engine_;
    const BulkContent& content_;
    BulkPlan plan_;
    std::uint64_t tag_base_;
    bool running_ = true;  // false: sources end their streams
    bool measuring_ = false;
    std::vector<Stream*> ready_;  // those with something to do
    std::vector<std::byte> scratch_;
    base::Instant progress_at_{0};
    LoadReport report_;
};

}  // namespace ringway::load
