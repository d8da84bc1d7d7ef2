/// How long the storage core takes per operation, in memory: tree_bench [rows] [row bytes].
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "storage/base/random.hpp"
#include "storage/file/sim_file_system.hpp"
#include "storage/partition/partition_store.hpp"
#include "storage/tree/tree_cursor.hpp"

namespace troupe {
namespace {

std::string key_of(uint64_t n) {
  const uint64_t big = __builtin_bswap64(n);
  return std::string(reinterpret_cast<const char*>(&big), sizeof big);
}

template <typename Work>
void measure(const char* name, uint64_t count, const Work& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
  std::printf("%-28s %9.1f ns/op %12.0f op/s\n", name, taken.count() / static_cast<double>(count),
              static_cast<double>(count) * 1e9 / taken.count());
}

void run(uint64_t rows, size_t row_bytes) {
  Pager pager({.page_bytes = 16 * 1024, .cache_bytes = 1ull << 34});
  const std::string row(row_bytes, 'r');
  std::vector<std::string> keys(rows);
  for (uint64_t i = 0; i < rows; ++i) keys[i] = key_of(i);
  std::vector<std::string> shuffled = keys;
  Random random(7);
  for (uint64_t i = rows; i > 1; --i) std::swap(shuffled[i - 1], shuffled[random.below(i)]);

  Tree ascending(pager);
  measure("append, ascending", rows, [&] {
    for (const std::string& key : keys) {
      if (!ascending.append(key, row)) (void)ascending.put(key, row);
    }
  });
  std::printf("  %.1f bytes of memory per row\n", static_cast<double>(pager.dirty_bytes()) / static_cast<double>(rows));
  const uint64_t before = pager.dirty_bytes();
  Tree tree(pager);
  measure("put, random", rows, [&] {
    for (const std::string& key : shuffled) (void)tree.put(key, row);
  });
  std::printf("  %.1f bytes of memory per row\n",
              static_cast<double>(pager.dirty_bytes() - before) / static_cast<double>(rows));
  uint64_t found = 0;
  measure("get, random", rows, [&] {
    for (const std::string& key : shuffled) found += tree.find(key).found ? 1 : 0;
  });
  measure("get, in order", rows, [&] {
    for (const std::string& key : keys) found += tree.find(key).found ? 1 : 0;
  });
  measure("put, random, existing", rows, [&] {
    for (const std::string& key : shuffled) (void)tree.put(key, row);
  });
  uint64_t bytes = 0;
  measure("scan, forward", rows, [&] {
    TreeCursor cursor(tree);
    for (PageFault fault = cursor.seek_first(); cursor.valid(); fault = cursor.next()) bytes += cursor.value().size;
  });
  measure("scan, backward", rows, [&] {
    TreeCursor cursor(tree);
    for (PageFault fault = cursor.seek_last(); cursor.valid(); fault = cursor.previous()) bytes += cursor.value().size;
  });
  std::printf("found %llu of %llu, %llu bytes\n", static_cast<unsigned long long>(found),
              static_cast<unsigned long long>(2 * rows), static_cast<unsigned long long>(bytes));
}

void run_partition(uint64_t rows, size_t row_bytes) {
  SimFileSystem files(1);
  (void)files.create_directory("data");
  PartitionOptions options;
  options.cache_bytes = 1ull << 34;
  auto store = *PartitionStore::open(files, "data", options);
  const std::string row(row_bytes, 'r');
  for (uint64_t i = 0; i < rows; ++i) (void)store->bulk_put(1, key_of(i), row).status();
  Random random(9);
  std::vector<std::string> keys(rows);
  for (std::string& key : keys) key = key_of(random.below(rows));
  uint64_t bytes = 0;
  const ReadView view{.txn = 5, .command = 1, .snapshot = 100};
  measure("partition get, random", rows, [&] {
    for (const std::string& key : keys) bytes += std::get<StoredRow>(store->get(view, 1, key)).row.size();
  });
  ScanBatch batch;
  measure("partition scan", rows, [&] {
    ScanCursor cursor{.tree = 1};
    do {
      (void)store->scan(view, cursor, {}, &batch);
      bytes += batch.rows.size();
    } while (batch.state == ScanState::kMore);
  });
  measure("stage, prepare, apply 1 row", rows, [&] {
    for (uint64_t i = 0; i < rows; ++i) {
      const Scn scn = 200 + i;
      (void)store->stage(scn, 1, 1, keys[i], ChangeOp::kPut, row);
      const std::string changes = std::get<std::string>(store->prepare(scn));
      (void)store->apply(scn, scn, changes).status();
      store->set_oldest_snapshot(scn);
    }
  });
  measure("checkpoint, per dirty byte", store->statistics().dirty_bytes,
          [&] { (void)store->finish_checkpoint(store->begin_checkpoint(200 + rows, {})->run()); });
  std::printf("%llu bytes\n", static_cast<unsigned long long>(bytes));
}

}  // namespace
}  // namespace troupe

int main(int argc, char** argv) {
  const uint64_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const size_t row_bytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100;
  troupe::run(rows, row_bytes);
  troupe::run_partition(rows, row_bytes);
  return 0;
}
