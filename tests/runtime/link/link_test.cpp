#include <asio/connect.hpp>
#include <asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "tests/runtime/link/link_fixture.hpp"

namespace troupe::link_test {
namespace {

using asio::ip::tcp;

/// A sanitizer keeps freed memory for a while.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kSanitizerBytes = 256 << 20;
#else
constexpr uint64_t kSanitizerBytes = 0;
#endif

/// A connected pair: `a` dials, `echo` serves what `b` hears.
struct Pair {
  asio::io_context context;
  Echo echo{context};
  std::shared_ptr<LinkListener> listener;
  std::shared_ptr<LinkConnector> a;

  explicit Pair(LinkOptions options = quick_options()) {
    listener = LinkListener::create(
                   context, options, identity_of("node-b"), "127.0.0.1", 0, [](const std::string&) { return true; },
                   [this](const std::shared_ptr<PeerLink>& link) { echo.serve(link); })
                   .value();
    a = LinkConnector::create(context, options, identity_of("node-a"), {"127.0.0.1", listener->port(), "node-b"})
            .value();
    a->start();
    REQUIRE(run_until(context, [&] { return a->connected() && echo.links() == 1; }));
  }

  absl::StatusOr<FrameBytes> ask(LinkKind kind, FrameBytes frame, uint32_t deadline_ms = 2'000 * kSlowness) {
    std::optional<absl::StatusOr<FrameBytes>> answer;
    a->request(kind, std::move(frame), deadline_ms, [&](absl::StatusOr<FrameBytes> got) { answer = std::move(got); });
    CHECK_FALSE(answer);  // never inside the call
    REQUIRE(run_until(context, [&] { return answer.has_value(); }));
    return *answer;
  }
};

std::string message_of(const absl::Status& status) { return std::string(status.message()); }

/// Dials `port` as `identity`, expecting `peer`; gives the last error of a while of trying.
absl::Status refusal(asio::io_context& context, uint16_t port, const LinkIdentity& identity, const std::string& peer) {
  auto link = LinkConnector::create(context, quick_options(), identity, {"127.0.0.1", port, peer}).value();
  link->start();
  run_until(context, [&] { return !link->last_error().ok() || link->connected(); });
  CHECK_FALSE(link->connected());
  const absl::Status status = link->last_error();
  link->stop();
  return status;
}

}  // namespace

TEST_CASE("a request is answered with the peer's frame, whatever its size", "[link]") {
  Pair pair;
  for (const size_t size : {0, 1, 100, 5'000, 40'000, 70'000, 500'000}) {
    INFO(size);
    for (const FrameBytes& frame : {frame_of(size), random_frame(size)}) {
      const auto answer = pair.ask(kEcho, frame);
      REQUIRE(answer.ok());
      CHECK(answer->view() == frame.view());
    }
  }
}

TEST_CASE("either end may ask", "[link]") {
  Pair pair;
  pair.a->on_incoming([](Incoming incoming) { incoming.reply(frame_of(3, 'r')); });
  std::string answer;
  pair.echo.last_link()->request(9, frame_of(1), 1'000, [&](absl::StatusOr<FrameBytes> got) { answer = got->view(); });
  REQUIRE(run_until(pair.context, [&] { return !answer.empty(); }));
  CHECK(answer == "rrr");
  CHECK(pair.echo.last_link()->peer_name() == "node-a");
}

TEST_CASE("an error crosses the link with its code and hint, and a dropped request is answered too", "[link]") {
  Pair pair;
  const auto refused = pair.ask(kFail, frame_of(1)).status();
  CHECK(error_code(refused) == ErrorCode::kUniqueViolation);
  CHECK(error_fields(refused).hint == "use another key");
  CHECK(error_code(pair.ask(kDrop, frame_of(1)).status()) == ErrorCode::kInternalError);
}

TEST_CASE("a request ends at its deadline and a late reply meets nobody", "[link]") {
  Pair pair;
  const auto late = pair.ask(kNeverAnswer, frame_of(1), 30).status();
  CHECK(error_code(late) == ErrorCode::kQueryCanceled);
  pair.echo.answer_kept(frame_of(2));
  CHECK(pair.ask(kEcho, frame_of(5))->size() == 5);
}

TEST_CASE("a frame above the limit is refused before it is sent", "[link]") {
  Pair pair;
  CHECK(error_code(pair.a->send(kSlow, frame_of(600 << 10))) == ErrorCode::kProgramLimitExceeded);
  CHECK(error_code(pair.ask(kEcho, frame_of(600 << 10)).status()) == ErrorCode::kProgramLimitExceeded);
}

TEST_CASE("a peer that keeps what it gets holds the sender back, and lets it go on", "[link]") {
  Pair pair;
  const uint64_t window = quick_options().window_bytes;
  bool writable = false;
  pair.a->on_writable([&] { writable = true; });
  uint64_t sent = 0;
  absl::Status status;
  for (;;) {
    status = pair.a->send(kSlow, random_frame(10'000));
    if (!status.ok()) {
      // One window may be on its way, another one waits at the sender.
      if (!run_until(
              pair.context, [&] { return std::exchange(writable, false); }, 300))
        break;
      continue;
    }
    sent += 10'000;
    REQUIRE(sent <= 2 * window);
  }
  CHECK(error_code(status) == ErrorCode::kConfigurationLimitExceeded);
  CHECK(sent > window);
  CHECK(pair.echo.kept_bytes() <= window);
  while (pair.a->send(kSlow, random_frame(10'000)).ok()) {
  }
  CHECK(error_code(pair.ask(kEcho, random_frame(10'000)).status()) == error_code(status));  // requests neither
  pair.echo.answer_kept({});
  REQUIRE(run_until(pair.context, [&] { return writable; }));
  CHECK(pair.a->send(kSlow, frame_of(1)).ok());
}

TEST_CASE("replies pass though the window is full", "[link]") {
  Pair pair;
  std::optional<std::string> answered;
  pair.a->request(kNeverAnswer, frame_of(1), 20'000, [&](auto got) { answered = message_of(got.status()); });
  std::vector<Incoming> kept;
  pair.a->on_incoming([&](Incoming incoming) { kept.push_back(std::move(incoming)); });
  while (pair.echo.last_link()->send(kSlow, random_frame(10'000)).ok()) pair.context.poll();
  REQUIRE(run_until(pair.context, [&] { return pair.echo.kept() == 1; }));
  pair.echo.answer_kept(frame_of(1));
  REQUIRE(run_until(pair.context, [&] { return answered.has_value(); }));
  CHECK(*answered == "");
}

TEST_CASE("a flood against a slow process stays within the window", "[link]") {
  LinkOptions options = quick_options();
  options.window_bytes = 2 << 20;
  options.frame_bytes_max = 1 << 20;
  ChildNode child("node-b", options);
  asio::io_context context;
  auto link =
      LinkConnector::create(context, options, identity_of("node-a"), {"127.0.0.1", child.port(), "node-b"}).value();
  link->start();
  REQUIRE(run_until(context, [&] { return link->connected(); }));
  const uint64_t before = child.peak_memory_bytes();
  uint64_t refused = 0;
  const FrameBytes frame = random_frame(20'000);
  run_until(
      context,
      [&] {
        while (link->send(kSlow, frame).ok()) {
        }
        ++refused;
        return false;
      },
      1'000);
  CHECK(refused > 0);
  CHECK(link->connected());
  CHECK(child.peak_memory_bytes() - before < 3 * options.window_bytes + kSanitizerBytes);
}

TEST_CASE("a killed peer fails what is pending at once, and a new one is found", "[link]") {
  auto child = std::make_unique<ChildNode>("node-b", quick_options());
  const uint16_t port = child->port();
  asio::io_context context;
  auto link =
      LinkConnector::create(context, quick_options(), identity_of("node-a"), {"127.0.0.1", port, "node-b"}).value();
  std::vector<std::string> states;
  link->on_state([&](const absl::Status& status) { states.push_back(status.ok() ? "up" : "down"); });
  link->start();
  REQUIRE(run_until(context, [&] { return link->connected(); }));
  const uint64_t first = link->incarnation();
  int failed = 0;
  for (int i = 0; i < 100; ++i) {
    link->request(kNeverAnswer, frame_of(10), 60'000, [&](absl::StatusOr<FrameBytes> got) {
      failed += error_code(got.status()) == ErrorCode::kConnectionFailure;
      CHECK(states.back() == "up");  // requests fail before anybody is told of the state
    });
  }
  run_until(
      context, [] { return false; }, 50);
  child->kill();
  REQUIRE(run_until(
      context, [&] { return failed == 100; }, 200));
  CHECK_FALSE(link->connected());
  CHECK(error_code(link->send(kSlow, frame_of(1))) == ErrorCode::kConnectionFailure);

  child = std::make_unique<ChildNode>("node-b", quick_options(), port);
  REQUIRE(run_until(context, [&] { return link->connected(); }));
  CHECK(link->incarnation() != first);
  CHECK(states == std::vector<std::string>{"up", "down", "up"});
}

TEST_CASE("a stopped peer is noticed by its silence", "[link]") {
  ChildNode child("node-b", quick_options());
  asio::io_context context;
  auto link =
      LinkConnector::create(context, quick_options(), identity_of("node-a"), {"127.0.0.1", child.port(), "node-b"})
          .value();
  link->start();
  REQUIRE(run_until(context, [&] { return link->connected(); }));
  run_until(
      context, [] { return false; }, 700);
  REQUIRE(link->connected());  // an idle link stays
  std::string failure;
  link->request(kEcho, frame_of(1), 60'000, [](auto) {});
  child.signal(SIGSTOP);
  link->request(kEcho, frame_of(1), 60'000, [&](auto got) { failure = message_of(got.status()); });
  REQUIRE(run_until(
      context, [&] { return !failure.empty(); }, 1'000));
  CHECK(failure.find("no sign of life") != std::string::npos);
  child.signal(SIGCONT);
  REQUIRE(run_until(context, [&] { return link->connected(); }));
}

TEST_CASE("a reply over an earlier connection meets nobody", "[link]") {
  Pair pair;
  bool failed = false;
  pair.a->request(kNeverAnswer, frame_of(1), 60'000, [&](auto got) { failed = !got.ok(); });
  REQUIRE(run_until(pair.context, [&] { return pair.echo.kept() == 1; }));
  const uint64_t first = pair.a->incarnation();
  pair.echo.drop_links();
  REQUIRE(run_until(pair.context, [&] { return failed && pair.a->connected(); }));
  CHECK(pair.a->incarnation() != first);
  bool answered = false;
  pair.a->request(kNeverAnswer, frame_of(1), 100, [&](auto got) { answered = got.ok(); });
  pair.echo.answer_kept(frame_of(1));  // the first one's; the second has not arrived
  REQUIRE(run_until(pair.context, [&] { return pair.echo.kept() == 1; }));
  run_until(
      pair.context, [] { return false; }, 150);
  CHECK_FALSE(answered);
}

TEST_CASE("a peer that accepts and says nothing is given up", "[link]") {
  asio::io_context context;
  tcp::acceptor silent(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto status = refusal(context, silent.local_endpoint().port(), identity_of("node-a"), "node-b");
  CHECK(error_code(status) == ErrorCode::kConnectionFailure);
  CHECK(message_of(status).find("handshake_timeout_ms") != std::string::npos);
}

TEST_CASE("a client that connects and says nothing is dropped", "[link]") {
  Pair pair;
  tcp::socket silent(pair.context);
  silent.connect({asio::ip::address_v4::loopback(), pair.listener->port()});
  REQUIRE(run_until(
      pair.context, [&] { return pair.listener->refused() == 1; }, 1'500));
  CHECK(pair.ask(kEcho, frame_of(1)).ok());
}

TEST_CASE("who shows a wrong certificate or name gets no link", "[link]") {
  Pair pair;
  const uint16_t port = pair.listener->port();
  CHECK_FALSE(refusal(pair.context, port, foreign_identity_of("node-a"), "node-b").ok());
  CHECK_FALSE(refusal(pair.context, port, expired_identity_of("node-a"), "node-b").ok());
  CHECK(error_code(refusal(pair.context, port, identity_of("node-a"), "node-c")) == ErrorCode::kInvalidAuthorization);
  LinkIdentity impostor = identity_of("node-x");
  impostor.node_name = "node-a";
  CHECK_FALSE(refusal(pair.context, port, impostor, "node-b").ok());
  CHECK(pair.listener->refused() >= 3);
  CHECK(pair.echo.links() == 1);
}

TEST_CASE("a peer that is not admitted gets no link", "[link]") {
  asio::io_context context;
  auto listener = LinkListener::create(
                      context, quick_options(), identity_of("node-b"), "127.0.0.1", 0,
                      [](const std::string& name) { return name != "node-a"; }, [](auto) { FAIL("was accepted"); })
                      .value();
  CHECK_FALSE(refusal(context, listener->port(), identity_of("node-a"), "node-b").ok());
}

TEST_CASE("options that cannot work are refused", "[link]") {
  LinkOptions options;
  options.frame_bytes_max = options.window_bytes;
  CHECK_FALSE(options.validate().ok());
  CHECK(LinkOptions{}.validate().ok());
}

}  // namespace troupe::link_test
