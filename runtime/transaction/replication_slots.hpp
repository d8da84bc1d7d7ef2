#pragma once
/// Replication slots: named places in the log, which their consumers move on. Who has what of the log still in use is
/// not asked: the log keeps log.retention_bytes_max, and a slot that is further behind is lost.
/// Invariant: what a consumer was promised (create, drop, advance) is on the disk when wanted_version() was saved.
/// A consumer's confirmations are saved now and then: after a crash it may be sent again what it has confirmed.
/// Safe from any thread.
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/transaction/lsn.hpp"
#include "storage/base/error.hpp"
#include "storage/base/ids.hpp"

namespace troupe {

/// How far the consumer of a slot is, while it is connected.
struct SlotProgress {
  Lsn sent = kNoLsn, written = kNoLsn, flushed = kNoLsn, replayed = kNoLsn;
  int64_t reply_us = 0;    ///< when it told so; 0: not yet
  bool streaming = false;  ///< it has caught up once
};

struct ReplicationSlot {
  std::string name;
  std::string plugin;
  Oid database = 0;
  bool temporary = false;  ///< goes with the session that made it, `owner_pid`
  bool lost = false;       ///< the log no longer has what it needs
  Scn confirmed = kNoScn;  ///< the consumer has every commit up to it
  int32_t owner_pid = 0;
  int32_t active_pid = 0;  ///< who uses it; 0: nobody
  SlotProgress progress;
};

/// Where a data directory keeps them.
inline std::string slots_path(const std::string& data_directory) { return cat(data_directory, "/replication.slots"); }

class ReplicationSlots {
 public:
  explicit ReplicationSlots(uint32_t slots_max) : slots_max_{slots_max} {}

  /// Errors: 42602 for a name that may not be, 42710 when there is one, 53400 when there are too many.
  absl::Status create(ReplicationSlot slot);
  /// Errors: 42704; 55006 while another session uses it.
  absl::Status drop(std::string_view name, int32_t process_id);
  /// For one session's use. Errors: 42704, 55006, 55000 when it is lost.
  absl::StatusOr<ReplicationSlot> acquire(std::string_view name, int32_t process_id);
  /// Whatever the session uses.
  void release(int32_t process_id);
  /// ... and the temporary ones that it made. True when there were some.
  void end_session(int32_t process_id);

  /// The consumer has everything up to `scn`; never backwards.
  void confirm(std::string_view name, Scn scn);
  /// The log no longer has what it needs.
  void lose(std::string_view name);
  void note_progress(std::string_view name, const SlotProgress& progress);
  /// The log begins behind `earliest` now: who has not seen up to there is lost. Returns their names.
  std::vector<std::string> lose_before(Scn earliest);

  std::optional<ReplicationSlot> find(std::string_view name) const;
  std::vector<ReplicationSlot> list() const;

  /// Grows with every change that is worth a place on the disk.
  uint64_t version() const;
  /// The slots that outlive the node, and the version that these bytes are of.
  std::pair<std::string, uint64_t> encode() const;
  /// Errors: kDataCorrupted.
  absl::Status decode(std::string_view bytes);

 private:
  ReplicationSlot* locate(std::string_view name);

  const uint32_t slots_max_;
  mutable std::mutex mutex_;
  std::map<std::string, ReplicationSlot, std::less<>> slots_;
  uint64_t version_ = 0;
};

}  // namespace troupe
