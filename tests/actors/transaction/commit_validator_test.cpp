#include "actors/transaction/commit_validator.hpp"

#include <catch2/catch.hpp>

#include "actors/node/commit_records.hpp"
#include "storage/partition/change_codec.hpp"

namespace troupe {
namespace {

constexpr TreePart kPart{200, 1};

struct Row {
  TreePart part;
  std::string key;
  ChangeOp op = ChangeOp::kPut;
};

CommitRequest commit_of(Scn scn, const std::vector<Row>& rows) {
  std::string changes;
  ChangeWriter writer(&changes);
  for (const Row& row : rows) {
    Change change;
    change.tree = row.part.tree;
    change.partition = row.part.partition;
    change.op = row.op;
    change.key = row.key;
    change.has_after = row.op == ChangeOp::kPut;
    writer.append(change);
  }
  const std::string_view redo[] = {changes};
  CommitRequest commit;
  commit.txn = scn + 1'000;
  commit.scn = scn;
  commit.process_id = static_cast<int32_t>(scn);
  commit.records = build_commit_records(commit.txn, 1, redo, 16 << 20).value();
  return commit;
}

CommitRequest reader_of(Scn snapshot, const std::string& lower, const std::string& upper, TreePart part = kPart) {
  CommitRequest commit;
  commit.serializable = std::make_shared<SerializableCommit>();
  commit.serializable->snapshot = snapshot;
  commit.serializable->reads = {{part, {{lower, upper, 3}}}};
  return commit;
}

}  // namespace

TEST_CASE("what was written after the snapshot refuses a commit that read it", "[validator]") {
  CommitValidator validator(1 << 20);
  validator.note(commit_of(10, {{kPart, "b"}, {{200, 0}, "c"}}));
  CommitRequest old = reader_of(9, "a", "c");
  CHECK_FALSE(validator.validate(old));
  CHECK(old.serializable->conflict->key == "b");
  CHECK(old.serializable->conflict->statement == 3);
  CHECK(old.serializable->conflict->writer_process_id == 10);
  CommitRequest other_partition = reader_of(9, "c", "d");
  CHECK(validator.validate(other_partition));
  CommitRequest newer = reader_of(10, "a", "c");
  CHECK(validator.validate(newer));
}

TEST_CASE("an erased key was written, and a dropped tree as a whole", "[validator]") {
  CommitValidator validator(1 << 20);
  validator.note(commit_of(10, {{kPart, "b", ChangeOp::kErase}}));
  validator.note(commit_of(11, {{{300, 1}, "", ChangeOp::kDropTree}}));
  CommitRequest reader = reader_of(9, "b", "c");
  CHECK_FALSE(validator.validate(reader));
  CommitRequest of_tree = reader_of(9, "b", "c", {300, 1});
  CHECK_FALSE(validator.validate(of_tree));
  CHECK_FALSE(of_tree.serializable->conflict->key.has_value());
}

TEST_CASE("the statement that wrote is known of a SERIALIZABLE transaction", "[validator]") {
  CommitValidator validator(1 << 20);
  CommitRequest writer = commit_of(10, {{kPart, "b"}});
  writer.serializable = std::make_shared<SerializableCommit>();
  writer.serializable->trail =
      std::make_shared<StatementTrail>(StatementTrail{{"SELECT 1", "UPDATE t", "UPDATE u"}, {{200, 1}, {201, 2}}});
  validator.note(writer);
  CommitRequest reader = reader_of(9, "b", "c");
  CHECK_FALSE(validator.validate(reader));
  CHECK(reader.serializable->conflict->writer_statement == "UPDATE t");
}

TEST_CASE("a commit is noted once, and forgotten when nobody can ask", "[validator]") {
  CommitValidator validator(1 << 20);
  const CommitRequest commit = commit_of(10, {{kPart, "b"}});
  validator.note(commit);
  const uint64_t bytes = validator.bytes();
  validator.note(commit);
  CHECK(validator.bytes() == bytes);
  CHECK(validator.noted() == 10);
  validator.forget(9);
  CHECK(validator.bytes() == bytes);
  validator.forget(10);
  CHECK(validator.bytes() == 0);
}

TEST_CASE("of a commit of very many keys the tree is kept as a whole", "[validator]") {
  CommitValidator validator(64 << 20);
  std::vector<Row> rows;
  for (int i = 0; i < 30'000; ++i) rows.push_back({kPart, std::to_string(i)});
  validator.note(commit_of(10, rows));
  validator.check_invariants();
  CommitRequest missing = reader_of(9, "nobody", "nobody+");
  CHECK_FALSE(validator.validate(missing));
  CommitRequest elsewhere = reader_of(9, "nobody", "nobody+", {201, 1});
  CHECK(validator.validate(elsewhere));
}

TEST_CASE("reads are let go of once they were validated", "[validator]") {
  CommitValidator validator(1 << 20);
  validator.note(commit_of(10, {{kPart, "b"}}));
  for (const Scn snapshot : {Scn{9}, Scn{10}}) {
    CommitRequest commit = reader_of(snapshot, "a", "c");
    CHECK(validator.validate(commit) == (snapshot == 10));
    CHECK(commit.serializable->reads.capacity() == 0);
  }
}

}  // namespace troupe
