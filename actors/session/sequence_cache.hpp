#pragma once
/// What a session has of sequences: numbers reserved and not yet used, and what currval() and lastval() answer.
/// Owner: one backend.
#include <deque>
#include <map>
#include <memory>
#include <optional>

#include "actors/session/session_host.hpp"
#include "runtime/exec/sequence_access.hpp"
#include "runtime/exec/data_access.hpp"
#include "storage/catalog/catalog.hpp"

namespace troupe {

class SequenceCache final : public SequenceAccess {
 public:
  explicit SequenceCache(SessionHost& host) : host_{host} {}

  /// What the running statement sees, and in whose name it runs.
  void set_catalog(CatalogPtr catalog, Oid role) {
    catalog_ = std::move(catalog);
    role_ = role;
  }

  Task<absl::Status> reserve(Oid sequence, uint32_t count) override;
  uint32_t reserved(Oid sequence) const override;
  absl::StatusOr<int64_t> next(Oid sequence) override;
  absl::StatusOr<int64_t> current(Oid sequence) override;
  absl::StatusOr<int64_t> last() override;
  absl::Status set(Oid sequence, int64_t value, bool is_called) override;
  absl::Status check_right(Oid sequence, bool sets) const override;
  bool must_settle() const override { return !settings_.empty(); }
  Task<absl::Status> settle() override;

  /// (Re)starts a sequence: CREATE, ALTER ... RESTART, TRUNCATE ... RESTART IDENTITY.
  Task<absl::Status> start_at(std::shared_ptr<const SequenceDef> sequence, int64_t value);

  void on_answer(uint64_t request, int64_t first, uint32_t count, const std::string& error);
  /// The node's sequences were restarted: what is waited for will not come.
  void on_lost();
  void forget_all();

 private:
  struct Range {
    int64_t first = 0;
    uint32_t count = 0;
    int64_t increment = 1;
  };
  struct Known {
    std::deque<Range> ranges;
    std::optional<int64_t> current;
  };
  struct Setting {
    std::shared_ptr<const SequenceDef> sequence;
    int64_t value = 0;
    bool is_called = false;
  };
  absl::StatusOr<std::shared_ptr<const SequenceDef>> definition(Oid sequence) const;
  Task<absl::Status> wait_for_answer(uint64_t request);
  /// What nextval() gives after it. Errors: 2200H.
  static absl::Status advance(Setting* setting);

  SessionHost& host_;
  CatalogPtr catalog_;
  Oid role_ = kNoOid;
  std::map<Oid, Known> known_;
  std::optional<Oid> last_;
  std::deque<Setting> settings_;

  uint64_t next_request_ = 1;
  uint64_t waiting_ = 0;
  int64_t answer_first_ = 0;
  uint32_t answer_count_ = 0;
  absl::Status answer_status_;
  ReplySignal answered_;
};

}  // namespace troupe
