#include "actors/session/table_sampler.hpp"

#include <algorithm>

#include "runtime/exec/messages.hpp"
#include "storage/column/row_codec.hpp"

namespace troupe {
namespace {

/// Places from which a large table's rows are taken. Rows that lie together are often alike, so there are many.
constexpr uint32_t kPlaces = 256;
/// Of rows at hand at a time; wider tables are judged by fewer rows.
constexpr uint64_t kSampleBytesMax = uint64_t{32} << 20;
constexpr uint32_t kRowsPerRequest = 1000;

}  // namespace

Task<absl::StatusOr<TableSample>> TableSampler::sample(const TableDef& table, uint32_t rows_wanted) {
  std::vector<Part> parts(data_.partition_count());
  uint64_t total = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    auto dividing = divide(table.tree, static_cast<PartitionId>(i), &parts[i]);
    const absl::Status status = co_await dividing;
    if (!status.ok()) co_return status;
    total += parts[i].rows;
  }
  const bool whole = total <= rows_wanted;
  for (Part& part : parts) {
    if (whole) part.keys.clear();
    const uint64_t share = whole ? UINT64_MAX : rows_wanted * part.rows / total;
    auto reading = read_part(table.tree, part, share);
    const absl::Status status = co_await reading;
    if (!status.ok()) co_return status;
  }
  // The count is of committed rows; of a small table all are seen, the transaction's own too.
  co_return finish(table, whole ? static_cast<double>(rows_.size()) : static_cast<double>(total));
}

Task<absl::Status> TableSampler::divide(TreeId tree, PartitionId partition, Part* part) {
  ReadParts parts;
  parts.head.mutate_kind(schema::ReadKind::divide);
  parts.head.mutate_tree(tree);
  parts.head.mutate_partition(partition);
  parts.head.mutate_row_limit(kPlaces / data_.partition_count() + 1);
  ReadSlot slot(data_);
  slot.start(partition, build_read(parts));
  auto answer = co_await slot;
  if (!answer.ok()) co_return answer.status();
  part->partition = partition;
  part->rows = (*answer)->entries();
  PackedStrings keys(bytes_view((*answer)->keys()));
  for (std::string_view key; keys.next(&key);) part->keys.emplace_back(key);
  co_return absl::OkStatus();
}

Task<absl::Status> TableSampler::read_part(TreeId tree, const Part& part, uint64_t rows_wanted) {
  const size_t ranges = part.keys.size() + 1;
  const uint64_t each = rows_wanted == UINT64_MAX ? rows_wanted : (rows_wanted + ranges - 1) / ranges;
  for (size_t i = 0; i < ranges && bytes_ < kSampleBytesMax; ++i) {
    const std::string_view lower = i == 0 ? std::string_view() : std::string_view(part.keys[i - 1]);
    const std::string_view upper = i + 1 == ranges ? std::string_view() : std::string_view(part.keys[i]);
    auto reading = read_range(tree, part.partition, lower, upper, each);
    const absl::Status status = co_await reading;
    if (!status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

Task<absl::Status> TableSampler::read_range(TreeId tree, PartitionId partition, std::string_view lower,
                                            std::string_view upper, uint64_t rows_max) {
  std::string bounds, resume;
  append_packed(lower, &bounds);
  append_packed(upper, &bounds);
  while (rows_max > 0 && bytes_ < kSampleBytesMax) {
    if (const absl::Status status = data_.check_cancelled(); !status.ok()) co_return status;
    ReadParts parts;
    parts.head.mutate_kind(schema::ReadKind::scan);
    parts.head.mutate_txn(view_.txn);
    parts.head.mutate_command(view_.command);
    parts.head.mutate_snapshot(view_.snapshot);
    parts.head.mutate_tree(tree);
    parts.head.mutate_partition(partition);
    parts.head.mutate_row_limit(static_cast<uint32_t>(std::min<uint64_t>(rows_max, kRowsPerRequest)));
    parts.keys = bounds;
    parts.resume = resume;
    ReadSlot slot(data_);
    slot.start(partition, build_read(parts));
    auto answer = co_await slot;
    if (!answer.ok()) co_return answer.status();
    const ReadResultFrame& frame = *answer;
    if (frame->head()->status() == schema::ReadStatus::failed) co_return decode_error(bytes_view(frame->error()));
    PackedStrings rows(bytes_view(frame->batch()));
    for (std::string_view row; rows.next(&row);) {
      rows_.push_back(row);
      bytes_ += row.size();
    }
    rows_max -= std::min<uint64_t>(rows_max, frame->head()->rows());
    const bool more = frame->head()->status() == schema::ReadStatus::more;
    resume = bytes_view(frame->resume());
    answers_.push_back(*std::move(answer));
    if (!more) break;
  }
  co_return absl::OkStatus();
}

TableSample TableSampler::finish(const TableDef& table, double table_rows) const {
  TableSample sample;
  sample.table_rows = table_rows;
  if (rows_.empty()) return sample;
  sample.row_bytes = static_cast<double>(bytes_) / static_cast<double>(rows_.size());
  std::vector<uint32_t> columns;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (!table.columns[i].dropped) columns.push_back(i);
  }
  decode_rows(table.shape->layout, rows_, columns, table.shape->missing, {}, &sample.rows);
  sample.rows.rows = static_cast<uint32_t>(rows_.size());
  return sample;
}

}  // namespace troupe
