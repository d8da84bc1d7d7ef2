#include "tests/sim/feed.hpp"

#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe::sim {
namespace {

/// The number behind "name": in an image.
int64_t field(const std::string& image, std::string_view name) {
  const size_t at = image.find(cat("\"", name, "\":"));
  return at == std::string::npos ? INT64_MIN : std::atoll(image.c_str() + at + name.size() + 3);
}

}  // namespace

Task<void> Feed::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE note (id bigint PRIMARY KEY, v int NOT NULL, pad text)");
  if (!co_await making) co_return;
  auto marking = must(client, "INSERT INTO note VALUES (0, 0, 'first')");
  co_await marking;
  waits_for_ = 0;
  auto following = follow(client, UINT64_MAX, 10'000'000);
  co_await following;
  waits_for_ = -1;
  if (!copy_.contains(0)) complain("feed: the first row does not arrive");
}

Task<void> Feed::turn(Client& client, int number) {
  if (number < kWriters) {
    auto writing = write(client, number);
    co_await writing;
  } else if (!fell_out_) {
    auto following = follow(client, 1 + client.random().below(40), static_cast<int64_t>(client.random().below(60'000)));
    co_await following;
  }
}

std::string Feed::draw_statement(Random& random, int number) {
  const int64_t id = static_cast<int64_t>(random.below(static_cast<uint64_t>(next_id_)));
  switch (random.below(6)) {
    case 0:
    case 1:
      return cat("INSERT INTO note VALUES (", next_id_++, ", ", number, ", repeat('y', ", random.below(300), "))");
    case 2: return cat("DELETE FROM note WHERE id = ", id);
    case 3: return cat("UPDATE note SET v = v + 1 WHERE id BETWEEN ", id, " AND ", id + 4);
    default: return cat("UPDATE note SET v = v + 1, pad = repeat('z', ", random.below(900), ") WHERE id = ", id);
  }
}

Task<void> Feed::write(Client& client, int number) {
  if (client.random().below(2) == 0) {
    auto asking = client.query(draw_statement(client.random(), number));
    const Reply reply = co_await asking;
    referee_.accept(client, reply);
    co_return;
  }
  auto beginning = client.query("BEGIN");
  Reply reply = co_await beginning;
  for (uint64_t left = 1 + client.random().below(4); left > 0 && referee_.accept(client, reply); --left) {
    auto asking = client.query(draw_statement(client.random(), number));
    reply = co_await asking;
  }
  if (!client.connected()) co_return;
  auto ending = client.query(client.random().below(8) == 0 ? "ROLLBACK" : "COMMIT");
  reply = co_await ending;
  referee_.accept(client, reply);
}

Task<void> Feed::follow(Client& client, uint64_t rows_max, int64_t us_max) {
  const uint64_t enough = rows_max == UINT64_MAX ? UINT64_MAX : events_ + rows_max;
  auto inside = std::make_shared<bool>(true);  // the client may be gone when it is false
  const auto leave = [inside, &client] {
    if (*inside) client.disconnect();
  };
  world_.timeline().after(us_max, leave);
  bool over = false;
  auto following = client.follow(cat("SUBSCRIBE TO note FROM '", token_text_, "'"), [&](Row row) {
    if (over) return;
    on_event(row);
    over = events_ >= enough || (waits_for_ >= 0 && copy_.contains(waits_for_));
    if (over) world_.timeline().after(0, leave);
  });
  const Reply reply = co_await following;
  *inside = false;
  if (reply.code == "72000" && world_.config().log_retention_bytes == 0) {
    fell_out_ = true;
    co_return;
  }
  if (reply.code == "XX001") {
    // The log behind its token is damaged, and was said to be: there is nothing to go on from.
    fell_out_ = referee_.accept(client, reply) || referee_.damage_reports() > 0;
    co_return;
  }
  // It never ends by itself.
  if (!referee_.accept(client, reply) && reply.lost) co_return;
  if (reply.ok()) complain("feed: the subscription ended");
}

void Feed::on_event(const Row& row) {
  ++events_;
  world_.trace().absorb(row[0].value_or(""));
  const std::string text = row[0].value_or("");
  const Token token{std::strtoull(text.c_str(), nullptr, 10),
                    std::strtoull(text.c_str() + std::min(text.size(), text.find('.') + 1), nullptr, 10)};
  if (token <= token_) return complain(cat("feed: token ", text, " after ", token_text_));
  token_ = token;
  token_text_ = text;
  const std::string op = row[4].value_or("");
  const std::string& before = row[5].value_or("");
  const std::string& after = row[6].value_or("");
  const int64_t id = field(after.empty() ? before : after, "id");
  const auto known = copy_.find(id);
  const std::string expected = known == copy_.end() ? "" : known->second;
  if (before != expected) {
    return complain(cat("feed: at ", text, " (", op, ") row ", id, " was ", before.substr(0, 60), ", but known is ",
                        expected.substr(0, 60)));
  }
  if (after.empty()) {
    copy_.erase(id);
  } else {
    copy_[id] = after;
  }
}

Task<void> Feed::verify(Client& client) {
  if (fell_out_) co_return;
  const int64_t marker = next_id_++;
  auto marking = client.query(cat("INSERT INTO note VALUES (", marker, ", -1, 'last')"));
  const Reply marked = co_await marking;
  if (!referee_.accept(client, marked)) co_return;  // damage shows here, too
  waits_for_ = marker;
  for (int tries = 0; tries < 5 && !copy_.contains(marker) && !fell_out_; ++tries) {
    auto following = follow(client, UINT64_MAX, 5'000'000);
    co_await following;
    auto connecting = client.connect();
    co_await connecting;
  }
  waits_for_ = -1;
  if (fell_out_) co_return;
  if (!copy_.contains(marker)) co_return complain("feed: the last row does not arrive");
  auto asking = client.query("SELECT id, v, length(pad) FROM note");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  if (reply.rows.size() != copy_.size()) {
    co_return complain(cat("feed: the table has ", reply.rows.size(), " rows, the follower ", copy_.size()));
  }
  for (const Row& row : reply.rows) {
    const int64_t id = std::atoll(row[0].value_or("").c_str());
    const auto known = copy_.find(id);
    if (known == copy_.end() || field(known->second, "v") != std::atoll(row[1].value_or("").c_str())) {
      co_return complain(cat("feed: row ", id, " differs between the table and its follower"));
    }
  }
}

}  // namespace troupe::sim
