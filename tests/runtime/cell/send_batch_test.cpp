#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <string>
#include <vector>

#include "runtime/cell/send_batch.hpp"

namespace troupe {
namespace {

struct Pair {
  Pair() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0); }
  ~Pair() {
    ::close(ends[0]);
    if (ends[1] >= 0) ::close(ends[1]);
  }
  std::string received() const {
    std::string bytes(64 * 1024, '\0');
    const ssize_t size = ::read(ends[1], bytes.data(), bytes.size());
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
  }
  void hang_up() { ::close(std::exchange(ends[1], -1)); }
  std::array<int, 2> ends{};
};

struct Told final : SendEvents {
  void on_sent(ssize_t size, std::string_view bytes) override {
    sizes.push_back(size);
    asked.emplace_back(bytes);
  }
  std::vector<ssize_t> sizes;
  std::vector<std::string> asked;
};

/// Both ways of sending have to do the same.
SendBatch::Kernel way() { return GENERATE(SendBatch::Kernel::kTogether, SendBatch::Kernel::kOneByOne); }

TEST_CASE("what was added to many sockets arrives when the batch is run, and not before", "[send]") {
  SendBatch queue(way());
  std::vector<Pair> pairs(10);
  Told told;
  for (size_t i = 0; i < pairs.size(); ++i) queue.add(pairs[i].ends[0], "answer " + std::to_string(i), &told);
  CHECK(pairs[0].received().empty());
  CHECK(told.sizes.empty());
  queue.run();
  for (size_t i = 0; i < pairs.size(); ++i) CHECK(pairs[i].received() == "answer " + std::to_string(i));
  CHECK(told.sizes == std::vector<ssize_t>(10, 8));
}

TEST_CASE("more sends than a round holds all arrive", "[send]") {
  SendBatch queue(way());
  std::vector<Pair> pairs(SendBatch::kSendsMax * 2 + 3);
  Told told;
  for (const Pair& pair : pairs) queue.add(pair.ends[0], "x", &told);
  queue.run();
  for (const Pair& pair : pairs) CHECK(pair.received() == "x");
  CHECK(told.sizes.size() == pairs.size());
}

TEST_CASE("a socket that is full takes less, a broken one nothing, and the others are not concerned", "[send]") {
  SendBatch queue(way());
  Pair full, broken, good;
  const std::string filling(4096, '.');
  while (::send(full.ends[0], filling.data(), filling.size(), MSG_DONTWAIT) > 0) {
  }
  broken.hang_up();
  Told of_full, of_broken, of_good;
  queue.add(full.ends[0], "late", &of_full);
  queue.add(broken.ends[0], "lost", &of_broken);
  queue.add(good.ends[0], "fine", &of_good);
  queue.run();
  CHECK(of_full.sizes == std::vector<ssize_t>{0});
  CHECK(of_full.asked == std::vector<std::string>{"late"});
  CHECK(of_broken.sizes == std::vector<ssize_t>{-1});
  CHECK(of_good.sizes == std::vector<ssize_t>{4});
  CHECK(good.received() == "fine");
}

TEST_CASE("who is told of a send may have the next one", "[send]") {
  SendBatch queue(way());
  Pair pair;
  struct Again final : SendEvents {
    void on_sent(ssize_t, std::string_view bytes) override {
      if (bytes == "first") queue.add(socket, "second", this);
    }
    explicit Again(SendBatch& of, int to) : queue{of}, socket{to} {}
    SendBatch& queue;
    int socket;
  } again{queue, pair.ends[0]};
  queue.add(pair.ends[0], "first", &again);
  queue.run();
  CHECK(pair.received() == "first");
  queue.run();
  CHECK(pair.received() == "second");
}

}  // namespace
}  // namespace troupe
