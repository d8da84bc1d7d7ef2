#include "runtime/exec/messages.hpp"

#include <catch2/catch.hpp>

#include "runtime/exec/index_entry.hpp"

namespace troupe {

TEST_CASE("a read carries what was put in, and is valid to a stranger", "[messages]") {
  std::string keys;
  append_packed("lower", &keys);
  append_packed("", &keys);
  ReadParts parts;
  parts.head.mutate_tree(12);
  parts.head.mutate_kind(schema::ReadKind::scan);
  parts.keys = keys;
  parts.resume = "x";
  const ReadFrame frame = build_read(parts);
  auto verified = verify_frame<schema::Read>(FrameBytes::copy_of(frame.view()));
  REQUIRE(verified.ok());
  CHECK((*verified)->head()->tree() == 12);
  CHECK(bytes_view((*verified)->resume()) == "x");
  CHECK((*verified)->definition() == nullptr);
  PackedStrings list(bytes_view((*verified)->keys()));
  std::string_view key;
  REQUIRE(list.next(&key));
  CHECK(key == "lower");
  REQUIRE(list.next(&key));
  CHECK(key.empty());
  CHECK_FALSE(list.next(&key));
  CHECK(list.ok());
}

TEST_CASE("an answer's batch lies aligned in its frame", "[messages]") {
  for (size_t size = 1; size < 40; ++size) {
    const std::string batch(size, 'b');
    const uint32_t ordinals[] = {3, 1};
    ReadResultParts parts;
    parts.batch = batch;
    parts.ordinals = ordinals;
    parts.resume = std::string_view("resume").substr(0, size % 7);
    const ReadResultFrame frame = build_read_result(parts);
    CHECK(reinterpret_cast<uintptr_t>(frame->batch()->data()) % 16 == 0);
    CHECK(bytes_view(frame->batch()) == batch);
    CHECK(frame->ordinals()->Get(0) == 3);
  }
}

TEST_CASE("a lock shard marks skipped keys without touching the rest", "[messages]") {
  std::string keys;
  append_packed("a", &keys);
  append_packed("b", &keys);
  WriteParts parts;
  parts.head.mutate_txn(5);
  parts.head.mutate_key_count(2);
  parts.keys = keys;
  const WriteFrame question = build_write(parts);
  const WriteFrame skipped = with_skipped(question, std::string_view("\0\1", 2));
  CHECK(skipped->head()->txn() == 5);
  CHECK(bytes_view(skipped->keys()) == keys);
  CHECK(bytes_view(skipped->skip()) == std::string_view("\0\1", 2));
}

TEST_CASE("errors survive the trip", "[messages]") {
  schema::WriteHead head;
  head.mutate_request(77);
  const WriteResultFrame frame = failed_write(head, with_detail(error(ErrorCode::kDeadlockDetected, "deadlock"), "d"));
  CHECK(frame->head()->request() == 77);
  CHECK(frame->head()->status() == schema::WriteStatus::failed);
  const ErrorFields fields = error_fields(decode_error(bytes_view(frame->error())));
  CHECK(fields.code == ErrorCode::kDeadlockDetected);
  CHECK(fields.detail == "d");
}

TEST_CASE("unique changes and index entries come back as they went", "[messages]") {
  UniqueChange change;
  change.key_ordinal = 3;
  change.index = 200;
  change.has_new = true;
  change.row_hash = 11;
  change.new_hash = 22;
  change.new_key = "new";
  std::string bytes;
  append_unique_change(change, &bytes);
  ByteReader in(bytes);
  UniqueChange read;
  REQUIRE(next_unique_change(&in, &read));
  CHECK(read.index == 200);
  CHECK_FALSE(read.has_old);
  CHECK(read.new_key == "new");
  CHECK(read.row_hash == 11);
  CHECK_FALSE(next_unique_change(&in, &read));

  CHECK(*row_key_of_entry("prefixkey", local_entry_value(6)) == "key");
  CHECK(error_code(row_key_of_entry("x", local_entry_value(6)).status()) == ErrorCode::kIndexCorrupted);
  const std::string value = global_entry_value(99, "row");
  CHECK(read_global_entry(value)->row_hash == 99);
  CHECK(read_global_entry(value)->row_key == "row");
  const std::string locator = make_row_locator(7, "k");
  CHECK(locator_partition(locator) == 7);
  CHECK(locator_key(locator) == "k");
}

}  // namespace troupe
