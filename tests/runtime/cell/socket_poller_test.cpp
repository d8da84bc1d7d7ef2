#include <catch2/catch.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>

#include "runtime/cell/socket_poller.hpp"

namespace troupe {
namespace {

struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Pair() {
    ::close(ends[0]);
    if (ends[1] >= 0) ::close(ends[1]);
  }
  void send() const { REQUIRE(::write(ends[1], "x", 1) == 1); }
  void hang_up() { ::close(std::exchange(ends[1], -1)); }
  std::array<int, 2> ends{};
};

struct Told final : SocketEvents {
  void on_ready(bool readable, bool writable, bool hung_up) override {
    reads += readable ? 1 : 0;
    writes += writable ? 1 : 0;
    hang_ups += hung_up ? 1 : 0;
    if (then) then();
  }
  int reads = 0, writes = 0, hang_ups = 0;
  std::function<void()> then;
};

TEST_CASE("each arrival is told once, until the socket is removed", "[poller]") {
  SocketPoller poller;
  Pair pair;
  Told told;
  const auto handle = poller.add(pair.ends[0], &told).value();
  CHECK(poller.poll() == 0);
  pair.send();
  CHECK(poller.poll() == 1);
  CHECK(poller.poll() == 0);
  CHECK(told.reads == 1);
  pair.send();
  CHECK(poller.poll() == 1);
  CHECK(told.reads == 2);
  poller.remove(handle, pair.ends[0]);
  pair.send();
  CHECK(poller.poll() == 0);
}

TEST_CASE("what was there before the socket was added is told", "[poller]") {
  SocketPoller poller;
  Pair pair;
  Told told;
  pair.send();
  REQUIRE(poller.add(pair.ends[0], &told).ok());
  CHECK(poller.wait(1000) == 1);
  poller.tell();
  CHECK(told.reads == 1);
}

TEST_CASE("room to write is told only while it is wanted", "[poller]") {
  SocketPoller poller;
  Pair pair;
  Told told;
  const auto handle = poller.add(pair.ends[0], &told).value();
  poller.want_writable(handle, pair.ends[0], true);
  CHECK(poller.poll() == 1);
  CHECK(told.writes == 1);
  poller.want_writable(handle, pair.ends[0], false);
  pair.send();
  CHECK(poller.poll() == 1);
  CHECK(told.writes == 1);
}

TEST_CASE("a peer that hangs up is told even with bytes unread", "[poller]") {
  SocketPoller poller;
  Pair pair;
  Told told;
  REQUIRE(poller.add(pair.ends[0], &told).ok());
  pair.send();
  pair.hang_up();
  CHECK(poller.poll() == 1);
  CHECK(told.reads == 1);
  CHECK(told.hang_ups == 1);
}

TEST_CASE("a socket removed while others are told is not told any more, nor is its successor", "[poller]") {
  SocketPoller poller;
  Pair a, b, c;
  Told told_a, told_b, told_c;
  SocketPoller::Handle handle_a = poller.add(a.ends[0], &told_a).value();
  SocketPoller::Handle handle_b = poller.add(b.ends[0], &told_b).value();
  // Whoever is told first takes the other out and puts a third in its place.
  bool replaced = false;
  const auto replace = [&](SocketPoller::Handle other, int socket) {
    if (std::exchange(replaced, true)) return;
    poller.remove(other, socket);
    REQUIRE(poller.add(c.ends[0], &told_c).ok());
  };
  told_a.then = [&] { replace(handle_b, b.ends[0]); };
  told_b.then = [&] { replace(handle_a, a.ends[0]); };
  a.send();
  b.send();
  CHECK(poller.poll() == 2);
  CHECK(told_a.reads + told_b.reads == 1);
  CHECK(told_c.reads == 0);
}

}  // namespace
}  // namespace troupe
