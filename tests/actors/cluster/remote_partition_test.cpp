/// Reads from a partition that lives in another process, over a link, through the same messages as a local one.
#include "actors/cluster/remote_partition.hpp"

#include <signal.h>

#include <asio/post.hpp>
#include <catch2/catch.hpp>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include "actors/cluster/link_kinds.hpp"
#include "actors/cluster/link_loop.hpp"
#include "actors/cluster/partition_gate.hpp"
#include "tests/runtime/link/link_fixture.hpp"
#include "tests/support/lone_partition.hpp"
#include "tests/support/silent_session.hpp"
#include "tests/support/slowness.hpp"

namespace troupe {
namespace {

using link_test::ChildNode;
using link_test::ChildSettings;

constexpr uint32_t kRows = 5'000;
constexpr uint32_t kRowBytes = 100;
constexpr const char* kRole = "[.partition_child]";
constexpr std::chrono::seconds kPatience{10 * kSlowness};

/// Answers by request number, waited for from outside.
class Answers {
 public:
  void add(const ReadResultFrame& answer) {
    const std::lock_guard lock(mutex_);
    CHECK(answers_.emplace(answer->head()->request(), answer).second);  // once each
    changed_.notify_all();
  }
  ReadResultFrame of(uint64_t request, std::chrono::milliseconds patience = kPatience) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, patience, [&] { return answers_.contains(request); }));
    return answers_.at(request);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, ReadResultFrame> answers_;
};

class Reader final : public SilentSession {
 public:
  Reader(caf::actor_config& config, ActorSeat seat, Answers& answers)
      : SilentSession(config, std::move(seat)), answers_{answers} {}

 private:
  void on_read(const ReadResultFrame& answer) override { answers_.add(answer); }
  Answers& answers_;
};

absl::Status error_of(const ReadResultFrame& answer) {
  REQUIRE(answer->head()->status() == schema::ReadStatus::failed);
  return decode_error(bytes_view(answer->error()));
}

/// This process: a reader, a partition of its own to compare with, and a link with a stand-in behind it.
class Side {
 public:
  Side() {
    loop.start();
    reader_seat_.pinned = &local.cell();
    reader_ = local.system().spawn<Reader>(reader_seat_, std::ref(answers));
  }
  ~Side() {
    caf::scoped_actor self{local.system()};
    caf::anon_send_exit(reader_, caf::exit_reason::user_shutdown);
    self->wait_for(reader_);
    if (remote) {
      caf::anon_send_exit(remote, caf::exit_reason::user_shutdown);
      self->wait_for(remote);
    }
    on_loop([this] {  // the link goes where it lived
      if (link) link->stop();
      link.reset();
    });
    loop.stop();
  }

  /// A link belongs to its loop.
  template <typename Work>
  void on_loop(Work work) {
    std::promise<void> done;
    asio::post(loop.io(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void dial(uint16_t port) {
    on_loop([&] {
      link = LinkConnector::create(loop.io(), link_test::quick_options(), link_test::identity_of("node-a"),
                                   {"127.0.0.1", port, "node-b"})
                 .value();
      link->start();
    });
    ActorSeat seat;
    seat.pinned = &loop;
    remote = local.system().spawn<RemotePartition>(seat, link);
    wait_connected();
  }
  void wait_connected() {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    for (bool connected = false; !connected;) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      on_loop([&] { connected = link->connected(); });
    }
  }

  template <typename Target>
  uint64_t ask(const Target& target, uint64_t row) {
    return ask_frame(target, LonePartition::question(++requests_, row, local.snapshot()));
  }
  template <typename Target>
  uint64_t ask_frame(const Target& target, ReadFrame question) {
    const uint64_t request = question->head()->request();
    target->eq_impl(caf::make_message_id(), caf::actor_cast<caf::strong_actor_ptr>(reader_), &local.cell(),
                    read_atom::value, std::move(question));
    return request;
  }
  /// A frame straight to the peer, without a stand-in.
  absl::StatusOr<FrameBytes> request(LinkKind kind, FrameBytes frame) {
    std::promise<absl::StatusOr<FrameBytes>> answered;
    on_loop([&] {
      link->request(kind, std::move(frame), 5'000 * kSlowness,
                    [&](auto answer) { answered.set_value(std::move(answer)); });
    });
    return answered.get_future().get();
  }

  LonePartition local{kRows, kRowBytes};
  LinkLoop loop{local.system()};
  Answers answers;
  std::shared_ptr<LinkConnector> link;
  PartitionReaderActor remote;
  uint64_t requests_ = 0;

 private:
  ActorSeat reader_seat_;
  SessionActor reader_;
};

ReadFrame question_with(uint64_t request, PartitionId partition, schema::ReadKind kind, std::string_view keys) {
  ReadParts parts;
  parts.head.mutate_request(request);
  parts.head.mutate_snapshot(kMaxScn - 1);
  parts.head.mutate_tree(LonePartition::kTree);
  parts.head.mutate_partition(partition);
  parts.head.mutate_kind(kind);
  parts.keys = keys;
  return build_read(parts);
}

}  // namespace

TEST_CASE("the other process", "[.partition_child]") {
  if (!ChildSettings::in_child()) return;
  const auto settings = ChildSettings::from_environment();
  LonePartition partition(kRows, kRowBytes);
  LinkLoop loop(partition.system());
  loop.start();
  std::shared_ptr<LinkListener> listener;
  std::vector<std::shared_ptr<PeerLink>> links;
  std::vector<PartitionGateActor> gates;  // an actor that nobody knows ends
  asio::post(loop.io(), [&] {
    auto made = LinkListener::create(
        loop.io(), settings.options, settings.identity, "127.0.0.1", settings.port,
        [](const std::string&) { return true; },
        [&](const std::shared_ptr<PeerLink>& link) {
          ActorSeat seat;
          seat.pinned = &loop;
          gates.push_back(partition.system().spawn<PartitionGate>(seat, std::ref(partition.context()), link));
          links.push_back(link);
        });
    listener = *std::move(made);
    settings.report(listener->port());
  });
  while (true) pause();  // until it is killed
}

TEST_CASE("a partition of another process gives the very bytes that a local one gives", "[cluster]") {
  Side side;
  const ChildNode child("node-b", link_test::quick_options(), 0, kRole);
  side.dial(child.port());
  std::vector<std::pair<uint64_t, uint64_t>> asked;  // here, there
  for (uint64_t row = 0; row < kRows + 10; row += 7) {
    const uint64_t here = side.ask(side.local.actor(), row);
    asked.emplace_back(here, side.ask(side.remote, row));
  }
  uint64_t rows = 0;
  for (const auto& [here, there] : asked) {
    const ReadResultFrame local = side.answers.of(here);
    ReadResultFrame remote(FrameBytes::copy_of(side.answers.of(there).view()));
    remote.mutable_root()->mutable_head()->mutate_request(here);
    REQUIRE(remote.view() == local.view());
    rows += remote->head()->rows();
  }
  CHECK(rows == (kRows + 6) / 7);
  // A scan whose answer is larger than a page of the network's.
  std::string bounds;
  append_packed("", &bounds);
  append_packed("", &bounds);
  const auto scan = question_with(++side.requests_, 0, schema::ReadKind::scan, bounds);
  const ReadResultFrame scanned = side.answers.of(side.ask_frame(side.remote, scan));
  CHECK(scanned->head()->status() == schema::ReadStatus::more);
  CHECK(scanned->head()->rows() > 1'000);
}

TEST_CASE("a killed or stopped peer fails the reads that wait for it", "[cluster]") {
  Side side;
  ChildNode child("node-b", link_test::quick_options(), 0, kRole);
  side.dial(child.port());
  REQUIRE(side.answers.of(side.ask(side.remote, 1))->head()->rows() == 1);

  child.signal(SIGSTOP);
  std::vector<uint64_t> asked;
  for (int i = 0; i < 20; ++i) asked.push_back(side.ask(side.remote, 1));
  for (const uint64_t request : asked) {
    const absl::Status lost = error_of(side.answers.of(request, std::chrono::seconds(2 * kSlowness)));
    CHECK(error_code(lost) == ErrorCode::kConnectionFailure);
  }
  child.signal(SIGCONT);
  side.wait_connected();
  REQUIRE(side.answers.of(side.ask(side.remote, 1))->head()->rows() == 1);

  child.signal(SIGSTOP);
  const uint64_t last = side.ask(side.remote, 1);
  child.kill();
  CHECK(error_code(error_of(side.answers.of(last, std::chrono::milliseconds(300 * kSlowness)))) ==
        ErrorCode::kConnectionFailure);
  // The next one is told at once that there is nobody.
  CHECK(error_code(error_of(side.answers.of(side.ask(side.remote, 1), std::chrono::milliseconds(300 * kSlowness)))) ==
        ErrorCode::kConnectionFailure);
}

TEST_CASE("a malformed question or answer is refused and harms nobody", "[cluster]") {
  Side side;
  const ChildNode child("node-b", link_test::quick_options(), 0, kRole);
  side.dial(child.port());
  CHECK(error_code(side.request(kReadPartition, FrameBytes::copy_of("no FlatBuffer")).status()) ==
        ErrorCode::kDataCorrupted);
  CHECK_FALSE(side.request(kReadPartition, FrameBytes::copy_of("")).ok());
  CHECK(error_code(side.request(99, question_with(1, 0, schema::ReadKind::get, "")).status()) ==
        ErrorCode::kProtocolViolation);
  CHECK(error_code(side.request(kReadPartition, question_with(1, 7, schema::ReadKind::get, "")).status()) ==
        ErrorCode::kProtocolViolation);
  CHECK(error_code(side.request(kReadPartition, question_with(1, 0, static_cast<schema::ReadKind>(77), "")).status()) ==
        ErrorCode::kProtocolViolation);
  const auto truncated_keys = side.request(kReadPartition, question_with(1, 0, schema::ReadKind::get, "\x7fshort"));
  REQUIRE(truncated_keys.ok());  // a good frame: the partition itself says what is wrong inside
  CHECK(error_code(error_of(verify_frame<schema::ReadResult>(*truncated_keys).value())) == ErrorCode::kDataCorrupted);
  const std::string huge(600 << 10, 'k');
  CHECK(error_code(error_of(side.answers.of(
            side.ask_frame(side.remote, question_with(++side.requests_, 0, schema::ReadKind::get, huge))))) ==
        ErrorCode::kProgramLimitExceeded);
  CHECK(side.answers.of(side.ask(side.remote, 1))->head()->rows() == 1);
}

TEST_CASE("an answer that is no answer is an error of that read", "[cluster]") {
  Side side;
  std::shared_ptr<LinkListener> listener;
  std::vector<std::shared_ptr<PeerLink>> links;
  side.on_loop([&] {
    listener = LinkListener::create(
                   side.loop.io(), link_test::quick_options(), link_test::identity_of("node-b"), "127.0.0.1", 0,
                   [](const std::string&) { return true; },
                   [&](const std::shared_ptr<PeerLink>& link) {
                     link->on_incoming([](Incoming incoming) { incoming.reply(FrameBytes::copy_of("nonsense")); });
                     links.push_back(link);
                   })
                   .value();
  });
  side.dial(listener->port());
  CHECK(error_code(error_of(side.answers.of(side.ask(side.remote, 1)))) == ErrorCode::kDataCorrupted);
  side.on_loop([&] {
    listener->stop();
    links.clear();
    listener.reset();
  });
}

}  // namespace troupe
