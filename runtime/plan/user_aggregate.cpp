#include "runtime/plan/user_aggregate.hpp"

#include <map>
#include <memory>

#include "storage/column/batch_codec.hpp"

namespace troupe {
namespace {

/// What two of them differ by.
std::string key_of(const UserAggregate& aggregate) {
  std::string key;
  encode_expr(*aggregate.transition, &key);
  std::string start;
  encode_values({&aggregate.start, 1}, &start);
  key += cat("|", start, "|", aggregate.name, "|", aggregate.state.oid, "|", aggregate.strict ? 1 : 0);
  for (const Oid argument : aggregate.arguments) key += cat(",", argument);
  return key;
}

}  // namespace

const UserAggregate* keep_user_aggregate(UserAggregate aggregate) {
  // A cell's own, so that none waits for another; never freed, as plans that other cells run point to what is in it.
  thread_local auto* kept = new std::map<std::string, std::unique_ptr<const UserAggregate>, std::less<>>;
  std::string key = key_of(aggregate);
  auto& one = (*kept)[std::move(key)];
  if (one == nullptr) one = std::make_unique<const UserAggregate>(std::move(aggregate));
  return one.get();
}

}  // namespace troupe
