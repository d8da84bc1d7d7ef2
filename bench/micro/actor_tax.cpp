/// What the actor path costs over a direct call: the same point reads (a) by calling the partition's engine and (b) by
/// an asker that sends them, as a session does, to the node's own partition actor on a cell and gets the answers back.
///
///   actor_tax [READS] [LIMIT_NS]    prints both, in turns; exit code 1 when (b) costs more than the limit above (a)
///
/// Either path runs on one thread and waits for nobody, so its processor time is what it costs; the time on the clock
/// is that and whatever else the machine does.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <future>
#include <vector>

#include <caf/all.hpp>

#include "storage/base/random.hpp"
#include "tests/support/lone_partition.hpp"
#include "tests/support/silent_session.hpp"

namespace troupe {
namespace {

constexpr uint32_t kRows = 200'000;
constexpr uint32_t kRowBytes = 100;
constexpr uint32_t kRounds = 5;

int64_t read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

/// Of the calling thread.
struct Times {
  int64_t processor_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
  int64_t clock_ns = read_clock(CLOCK_MONOTONIC);

  Times since(const Times& begin) const { return {processor_ns - begin.processor_ns, clock_ns - begin.clock_ns}; }
};

/// Questions about random rows; the same sequence for the same seed.
class Questions {
 public:
  Questions(uint64_t seed, Scn snapshot) : random_{seed}, snapshot_{snapshot} {}
  ReadFrame next(uint64_t request) { return LonePartition::question(request, random_.below(kRows), snapshot_); }

 private:
  Random random_;
  Scn snapshot_;
};

void expect_row(const ReadResultFrame& answer) {
  const schema::ReadResultHead& head = *answer->head();
  TROUPE_CHECK(head.status() == schema::ReadStatus::done && head.rows() == 1);
  TROUPE_CHECK(bytes_view(answer->batch()).size() > kRowBytes);
}

/// Asks as a session does: one-way messages with a number, so many under way.
class Asker final : public SilentSession {
 public:
  struct Plan {
    PartitionActor partition;
    Scn snapshot = kNoScn;
    uint64_t seed = 0;
    uint32_t reads = 0;
    uint32_t in_flight = 1;
    std::promise<Times> took;
  };
  Asker(caf::actor_config& config, ActorSeat seat, Plan& plan)
      : SilentSession(config, std::move(seat)), plan_{plan}, questions_{plan.seed, plan.snapshot} {}

 private:
  void ask() {
    if (asked_ == plan_.reads) return;
    tell(plan_.partition, read_atom::value, questions_.next(++asked_));
  }
  void on_start() override {
    begun_ = Times();
    for (uint32_t i = 0; i < plan_.in_flight; ++i) ask();
  }
  void on_read(const ReadResultFrame& answer) override {
    TROUPE_CHECK(answer->head()->request() == ++answered_);  // one partition answers in order
    expect_row(answer);
    if (answered_ == plan_.reads) {
      plan_.took.set_value(Times().since(begun_));
      plan_.partition = nullptr;
      quit();
      return;
    }
    ask();
  }

  Plan& plan_;
  Questions questions_;
  uint32_t asked_ = 0;
  uint32_t answered_ = 0;
  Times begun_;
};

class Bench {
 public:
  Times direct(uint32_t reads, uint64_t seed) {
    PartitionEngine engine(0, partition_.store());
    Questions questions(seed, partition_.snapshot());
    const Times begun;
    for (uint32_t i = 0; i < reads; ++i) {
      ReadTask task(questions.next(i));
      const ReadOutcome outcome = engine.run(task);
      expect_row(std::get<ReadResultFrame>(outcome));
    }
    return Times().since(begun);
  }

  Times actors(uint32_t reads, uint64_t seed, uint32_t in_flight) {
    Asker::Plan plan;
    plan.partition = partition_.actor();
    plan.snapshot = partition_.snapshot();
    plan.seed = seed;
    plan.reads = reads;
    plan.in_flight = in_flight;
    std::future<Times> took = plan.took.get_future();
    ActorSeat seat;
    seat.record = partition_.services().actors.add(0, "asker", "asker");
    seat.pinned = &partition_.cell();
    const uint64_t before = partition_.record().handled.load();
    const auto asker = partition_.system().spawn<Asker, caf::lazy_init>(seat, std::ref(plan));
    caf::anon_send(asker, start_atom::value);
    const Times times = took.get();
    caf::scoped_actor self{partition_.system()};
    self->wait_for(asker);
    messages_ += partition_.record().handled.load() - before + seat.record->handled.load() - 1;  // less the start
    reads_ += reads;
    return times;
  }
  double messages_per_read() const { return static_cast<double>(messages_) / static_cast<double>(reads_); }

 private:
  LonePartition partition_{kRows, kRowBytes};
  uint64_t messages_ = 0;
  uint64_t reads_ = 0;
};

/// Medians over the rounds, of one read.
struct Cost {
  explicit Cost(const std::vector<Times>& rounds, uint32_t reads) {
    std::vector<int64_t> processor;
    std::vector<int64_t> clock;
    for (const Times& round : rounds) {
      processor.push_back(round.processor_ns);
      clock.push_back(round.clock_ns);
    }
    std::sort(processor.begin(), processor.end());
    std::sort(clock.begin(), clock.end());
    processor_ns = static_cast<double>(processor[rounds.size() / 2]) / reads;
    clock_ns = static_cast<double>(clock[rounds.size() / 2]) / reads;
  }
  double processor_ns;
  double clock_ns;
};

int run(uint32_t reads, double limit_ns) {
  Bench bench;
  const uint32_t each = reads / kRounds;
  bench.direct(each, 0);  // warm
  bench.actors(each, 0, 1);
  std::vector<Times> direct_rounds;
  std::vector<Times> one_rounds;
  std::vector<Times> many_rounds;
  for (uint32_t round = 1; round <= kRounds; ++round) {
    direct_rounds.push_back(bench.direct(each, round));
    one_rounds.push_back(bench.actors(each, round, 1));
    many_rounds.push_back(bench.actors(each, round, 32));
  }
  const Cost direct(direct_rounds, each);
  const Cost one(one_rounds, each);
  const Cost many(many_rounds, each);
  std::printf("%u point reads of %u rows in %u rounds, medians, ns of one read:\n", each * kRounds, kRows, kRounds);
  std::printf("%-30s %10s %10s %10s\n", "", "processor", "more", "clock");
  std::printf("%-30s %10.0f %10s %10.0f\n", "direct calls into storage", direct.processor_ns, "", direct.clock_ns);
  const auto print = [&](const char* what, const Cost& cost) {
    std::printf("%-30s %10.0f %+10.0f %10.0f\n", what, cost.processor_ns, cost.processor_ns - direct.processor_ns,
                cost.clock_ns);
  };
  print("actor path, 1 in flight", one);
  print("actor path, 32 in flight", many);
  std::printf("messages of one read: %.2f\n", bench.messages_per_read());
  const double more = std::max(one.processor_ns, many.processor_ns) - direct.processor_ns;
  std::printf("%s: the limit is %+.0f ns\n", more <= limit_ns ? "ok" : "above the limit", limit_ns);
  return more <= limit_ns ? 0 : 1;
}

}  // namespace
}  // namespace troupe

int main(int argc, char** argv) {
  const uint32_t reads = argc > 1 ? static_cast<uint32_t>(std::strtoul(argv[1], nullptr, 10)) : 1'000'000;
  const double limit_ns = argc > 2 ? std::strtod(argv[2], nullptr) : 1'500;
  return troupe::run(std::max(reads, 1'000u), limit_ns);
}
