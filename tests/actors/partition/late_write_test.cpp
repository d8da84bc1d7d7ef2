/// What a partition does with messages that come late: the ways they come in a node are many, so it is asked alone.
#include <catch2/catch.hpp>

#include <future>

#include "actors/node/redo_piece.hpp"
#include "runtime/exec/messages.hpp"
#include "storage/partition/change_codec.hpp"
#include "tests/support/lone_partition.hpp"
#include "tests/support/silent_session.hpp"

namespace troupe {
namespace {

constexpr TxnId kTxn = 1'000'000;

WriteFrame put(CommandId command, uint64_t row) {
  std::string keys, rows;
  append_packed(LonePartition::key_of(row), &keys);
  append_packed("changed", &rows);
  WriteParts parts;
  parts.head.mutate_txn(kTxn);
  parts.head.mutate_command(command);
  parts.head.mutate_tree(LonePartition::kTree);
  parts.head.mutate_kind(schema::WriteKind::put);
  parts.head.mutate_flags(bit(schema::WriteFlag::overwrite));
  parts.head.mutate_key_count(1);
  parts.keys = keys;
  parts.rows = rows;
  return build_write(parts);
}

/// Sends what `script` sends, then asks for the transaction's redo.
class Writer final : public SilentSession {
 public:
  using Script = std::function<void(Writer&)>;
  Writer(caf::actor_config& config, ActorSeat seat, PartitionActor partition, Script script,
         std::promise<size_t>& changes)
      : SilentSession(config, std::move(seat)),
        partition_{std::move(partition)},
        script_{std::move(script)},
        changes_{changes} {}

  /// As a lock shard forwards it.
  void write(CommandId command, uint64_t row) {
    tell(partition_, write_atom::value, put(command, row), caf::actor_cast<caf::strong_actor_ptr>(this));
  }
  void take_back(CommandId first, CommandId end) { tell(partition_, abort_atom::value, kTxn, first, end); }
  void take_back_behind_writes(CommandId first, CommandId end) {
    tell(partition_, rollback_atom::value, kTxn, first, end);
  }

 private:
  void on_start() override {
    script_(*this);
    tell(partition_, prepare_atom::value, kTxn);
  }
  void on_read(const ReadResultFrame&) override {}
  void on_prepared(const FrameBytes& redo) override {
    const RedoPiece piece = read_redo(redo);
    Change change;
    for (ChangeReader reader(piece.changes); reader.next(&change);) ++count_;
    if (!piece.last) return;
    partition_ = nullptr;
    changes_.set_value(count_);
    quit();
  }

  PartitionActor partition_;
  Script script_;
  std::promise<size_t>& changes_;
  size_t count_ = 0;
};

/// How many changes the transaction would commit.
size_t changes_after(const Writer::Script& script) {
  LonePartition partition{10, 8};
  std::promise<size_t> changes;
  ActorSeat seat;
  seat.record = partition.services().actors.add(0, "writer", "writer");
  seat.pinned = &partition.cell();
  const auto writer =
      partition.system().spawn<Writer, caf::lazy_init>(seat, partition.actor(), script, std::ref(changes));
  caf::anon_send(writer, start_atom::value);
  const size_t count = changes.get_future().get();
  caf::scoped_actor self{partition.system()};
  self->wait_for(writer);
  return count;
}

}  // namespace

TEST_CASE("a write that comes behind the word that it was taken back is not made", "[partition]") {
  CHECK(changes_after([](Writer& to) {
          to.write(1, 1);
          to.take_back(2, 4);
          to.write(3, 2);  // of a statement that was cancelled
          to.write(4, 3);
        }) == 2);
}

TEST_CASE("the transaction's later writes are made though earlier ones were taken back", "[partition]") {
  CHECK(changes_after([](Writer& to) {
          to.take_back(2, 4);
          to.take_back_behind_writes(2, 4);
          to.write(4, 1);
          to.write(5, 2);
        }) == 2);
}

}  // namespace troupe
