#include "actors/node/overdue_prepared.hpp"

#include <algorithm>

#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerSecond = 1'000'000;

std::string name_of(const Catalog& catalog, Oid oid) {
  const ObjectDef* object = catalog.find(oid);
  return object == nullptr ? cat("with oid ", oid) : cat("\"", object->name, "\"");
}

}  // namespace

void OverduePrepared::tick() {
  const int64_t report_s = services_.config.prepared_report_s;
  const int64_t now_us = services_.clock.monotonic_us();
  if (report_s == 0 || now_us - looked_us_ < kUsPerSecond) return;
  looked_us_ = now_us;
  std::map<TxnId, int64_t> tell_again;
  for (const PreparedTransactionPtr& transaction : services_.prepared.list()) {
    const int64_t age_s = (services_.clock.wall_us() - transaction->prepared_us) / kUsPerSecond;
    const auto known = tell_again_.find(transaction->txn);
    int64_t& at_age_s = tell_again[transaction->txn] = known == tell_again_.end() ? report_s : known->second;
    if (age_s < at_age_s) continue;
    tell_of(*transaction, age_s);
    at_age_s = age_s * 2;
  }
  tell_again_ = std::move(tell_again);
}

void OverduePrepared::tell_of(const PreparedTransaction& transaction, int64_t age_s) const {
  const CatalogPtr catalog = services_.catalog.get();
  services_.events.add("prepared", cat("transaction ", static_cast<uint32_t>(transaction.txn)),
                       cat("\"", transaction.name, "\" of role ", name_of(*catalog, transaction.owner), " in database ",
                           name_of(*catalog, transaction.database), " has waited for ", age_s,
                           " s and keeps its locks until COMMIT PREPARED or ROLLBACK PREPARED"));
}

}  // namespace troupe
