#pragma once
/// Bulk records: what a transaction writes past its pending writes, for those who follow the log.
#include <string>
#include <string_view>

#include "schemas/log_generated.h"
#include "storage/base/frame.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

using BulkFrame = Frame<schema::Bulk>;

/// `record`: which of the transaction's, from 0. `changes`: packed, `change_count` of them.
BulkFrame build_bulk(TxnId txn, uint32_t record, uint32_t change_count, std::string_view changes);

/// The packed changes. Errors: kDataCorrupted.
absl::Status unpack_bulk(const schema::Bulk& bulk, std::string* changes);

}  // namespace troupe
