#include "tests/sim/registers.hpp"

#include <algorithm>
#include <cstdlib>

#include "storage/base/text.hpp"

namespace troupe::sim {

Task<void> Registers::set_up(Client& client) {
  auto making = must(client, "CREATE TABLE register (id int PRIMARY KEY, v bigint NOT NULL)");
  if (!co_await making) co_return;
  auto filling =
      must(client, cat("INSERT INTO register SELECT i, 0 FROM generate_series(0, ", kWriters - 1, ") AS g(i)"));
  co_await filling;
}

Task<void> Registers::turn(Client& client, int number) {
  auto task = number < kWriters ? write(client, number) : read(client);
  co_await task;
}

Task<void> Registers::write(Client& client, int row) {
  const auto at = static_cast<size_t>(row);
  const int64_t value = ++begun_[at];
  auto asking = client.query("UPDATE register SET v = $1::bigint WHERE id = $2::int",
                             {std::to_string(value), std::to_string(row)});
  const Reply reply = co_await asking;
  if (referee_.accept(client, reply)) acknowledged_[at] = value;
}

Task<void> Registers::read(Client& client) {
  const Values at_least = acknowledged_;
  const size_t reads_before = reads_.size();
  auto asking = client.query("SELECT id, v FROM register");
  const Reply reply = co_await asking;
  if (!referee_.accept(client, reply)) co_return;
  if (reply.rows.size() != kWriters) co_return complain(cat("registers: there are ", reply.rows.size(), " rows"));
  Values seen{};
  for (const Row& row : reply.rows) {
    const auto id = static_cast<size_t>(std::atoi(row[0].value_or("").c_str()));
    if (id < seen.size()) seen[id] = std::atoll(row[1].value_or("").c_str());
  }
  compare(seen, at_least, reads_before);
  reads_.push_back(seen);
}

/// The first `reads_before` reads had ended when this one began.
void Registers::compare(const Values& seen, const Values& at_least, size_t reads_before) {
  const auto behind = [](const Values& a, const Values& b) {
    for (size_t i = 0; i < a.size(); ++i) {
      if (a[i] < b[i]) return true;
    }
    return false;
  };
  const auto text = [](const Values& values) {
    std::string all;
    for (const int64_t value : values) all += cat(all.empty() ? "" : ",", value);
    return all;
  };
  if (behind(begun_, seen)) return complain(cat("registers: ", text(seen), " was never written"));
  if (behind(seen, at_least)) {
    return complain(cat("registers: ", text(seen), " is read, but acknowledged was ", text(at_least)));
  }
  for (size_t i = 0; i < reads_.size(); ++i) {
    const Values& other = reads_[i];
    if (behind(seen, other) && behind(other, seen)) {
      return complain(cat("registers: long fork: ", text(seen), " and ", text(other)));
    }
    if (i < reads_before && behind(seen, other)) {
      return complain(cat("registers: ", text(seen), " is read after ", text(other)));
    }
  }
}

Task<void> Registers::verify(Client& client) {
  auto reading = read(client);
  co_await reading;
}

}  // namespace troupe::sim
