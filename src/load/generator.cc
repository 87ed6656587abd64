#include "ringway/load/generator.h"

#include "bulk_run.h"
#include "engine.h"
#include "exchange_run.h"
#include "http_run.h"
#include "ringway/base/assert.h"

namespace ringway::load {

struct Generator::Impl {
    std::unique_ptr<Engine> engine;
    std::unique_ptr<BulkContent> content;  // made when first needed
    std::unique_ptr<ExchangeRun> held;
    std::unique_ptr<HttpRun> held_http;
    std::uint32_t run_number = 0;
};

Generator::Generator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generator::~Generator() {
    impl_->held.reset();
    impl_->held_http.reset();
}

base::Result<std::unique_ptr<Generator>> Generator::open(const GeneratorSettings& settings) {
    auto impl = std::make_unique<Impl>();
    auto engine = Engine::open(settings.congestion);
    if (!engine) return base::unexpected(engine.error());
    impl->engine = std::move(*engine);
    impl->run_number = static_cast<std::uint32_t>(settings.seed * 1'000'003);
    return std::unique_ptr<Generator>(new Generator(std::move(impl)));
}

std::uint16_t Generator::origin_port() const { return impl_->engine->port(); }

LoadReport Generator::run(const ExchangePlan& plan, const WindowMarks& marks) {
    RW_ASSERT(!impl_->held);
    ExchangeRun run(*impl_->engine, plan, ++impl_->run_number, false);
    run.measure(marks);
    run.finish();
    return run.report();
}

LoadReport Generator::run(const BulkPlan& plan, const WindowMarks& marks) {
    RW_ASSERT(!impl_->held);
    if (!impl_->content) impl_->content = std::make_unique<BulkContent>();
    BulkRun run(*impl_->engine, *impl_->content, plan, ++impl_->run_number);
    run.measure(marks);
    run.finish();
    return run.report();
}

LoadReport Generator::run(const HttpPlan& plan, const WindowMarks& marks) {
    RW_ASSERT(!impl_->held_http);
    HttpRun run(*impl_->engine, plan, ++impl_->run_number, false);
    run.measure(marks);
    run.finish();
    return run.report();
}

LoadReport Generator::hold(const HttpPlan& plan) {
    RW_ASSERT(!impl_->held_http);
    impl_->held_http = std::make_unique<HttpRun>(*impl_->engine, plan, ++impl_->run_number, true);
    impl_->held_http->open_and_hold();
    return impl_->held_http->report();
}

LoadReport Generator::hold(const ExchangePlan& plan) {
    RW_ASSERT(!impl_->held);
    impl_->held = std::make_unique<ExchangeRun>(*impl_->engine, plan, ++impl_->run_number, true);
    impl_->held->open_and_hold();
    return impl_->held->report();
}

LoadReport Generator::release() {
    if (impl_->held_http) {
        impl_->held_http->finish();
        LoadReport report = impl_->held_http->report();
        impl_->held_http.reset();
        return report;
    }
    RW_ASSERT(impl_->held != nullptr);
    impl_->held->finish();
    LoadReport report = impl_->held->report();
    impl_->held.reset();
    return report;
}

}  // namespace ringway::load
