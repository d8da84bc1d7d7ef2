#include "actors/session/bulk_log.hpp"

namespace troupe {

void BulkLog::append(TxnId txn, TreeId tree, uint32_t rows, std::string_view changes) {
  if (runs_.empty() || runs_.back().tree != tree) runs_.push_back({tree, {0, next_record_, 0}});
  runs_.back().run.rows += rows;
  under_way_.push_back({next_record_, build_bulk(txn, next_record_, rows, changes)});
  ++next_record_;
  host_.send_bulk_record(under_way_.back().frame);
}

Task<absl::Status> BulkLog::written() {
  while (status_.ok() && !under_way_.empty()) co_await signal_;
  co_return status_;
}

void BulkLog::on_logged(TxnId txn, uint32_t record, uint64_t position, const std::string& error) {
  // What a restarted log writer does not follow on is sent again, so answers come in order.
  if (under_way_.empty() || under_way_.front().number != record || under_way_.front().frame->head()->txn() != txn) return;
  if (!error.empty()) status_ = decode_error(error);
  for (Run& run : runs_) {
    if (run.run.record == record) run.run.position = position;
  }
  under_way_.pop_front();
  if (under_way_.empty() || !status_.ok()) signal_.raise();
}

void BulkLog::send_again() {
  for (const Record& record : under_way_) host_.send_bulk_record(record.frame);
}

void BulkLog::cancel(const absl::Status& status) {
  if (under_way_.empty()) return;
  status_ = status;
  signal_.raise();
}

void BulkLog::clear() {
  if (next_record_ == 0) return;
  under_way_.clear();
  runs_.clear();
  next_record_ = 0;
  status_ = absl::OkStatus();
}

}  // namespace troupe
