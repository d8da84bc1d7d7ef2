#pragma once
/// How far each continuous view is, told by the pipeline that keeps it to those who read it.
/// A boundary (base, stored) says: what the tree has at `stored` is what the view's query gives at `base`; and so it is
/// at every SCN up to `through`, because no commit between them changed the view's tables. Invariant: boundaries ascend
/// in all three. Safe from any thread.
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/base/ids.hpp"

namespace troupe {

struct ViewBoundary {
  Scn base = kNoScn;
  Scn stored = kNoScn;
  Scn through = kNoScn;
};

enum class ViewState : uint8_t { kBuilding, kLive, kFailed };
std::string_view view_state_name(ViewState state);

/// What sys.continuous_views shows of one.
struct ViewProgress {
  ViewState state = ViewState::kBuilding;
  Scn through = kNoScn;
  uint64_t batches = 0;   ///< that changed something, since the node started
  uint64_t changes = 0;   ///< rows of its tables that these were about
  uint64_t reads = 0;     ///< statements that read what is kept
  uint64_t rebuilds = 0;  ///< that is how often it was made from scratch
  std::string error;      ///< of the last batch that failed, or why it was made anew
};

/// The tables that a view is of, and where their rows were when it was made: rows that are elsewhere now, because the
/// table was emptied, written anew or has other partitions, are not those of the view.
struct ViewReads {
  std::vector<Oid> tables;
  std::vector<TreeId> trees;
};

class ViewBoard {
 public:
  // The pipeline.
  /// It is there; false: another one is.
  bool enter();
  void set_reads(ViewReads reads);
  void publish(Scn base, Scn stored, uint64_t changes);
  /// Nothing up to `through` concerns the view.
  void advance(Scn through);
  /// It is made anew: nobody waits for it meanwhile. `why`: empty when it is new.
  void rebuild(std::string why);
  void rebuilt();
  void fail(std::string error);
  /// Until something is published nothing can be had.
  void withdraw();
  /// The pipeline is gone.
  void leave();

  // Readers.
  enum class Found : uint8_t { kThere, kLater, kNever };
  /// A boundary for a snapshot: for exactly that one, or for that or a later one (whose `base` then is the snapshot to
  /// take). kLater: `tell` is called, once, from any thread, when it is worth asking again.
  Found find(Scn snapshot, bool exactly, ViewBoundary* boundary, const std::function<void()>& tell);

  ViewProgress progress() const;
  std::shared_ptr<const ViewReads> reads() const;
  /// Somebody keeps the view.
  bool kept() const;

 private:
  /// Boundaries for transactions that keep an older snapshot.
  static constexpr size_t kBoundariesMax = 4096;
  using Waiting = std::multimap<Scn, std::function<void()>>;

  std::optional<ViewBoundary> before(Scn snapshot) const;
  /// Whose time has come; they are called without the lock.
  std::vector<std::function<void()>> due(Scn through);
  std::vector<std::function<void()>> all();
  static void call(const std::vector<std::function<void()>>& waiting);

  mutable std::mutex mutex_;
  std::deque<ViewBoundary> boundaries_;
  Waiting waiting_;
  bool kept_ = false;
  ViewProgress progress_;
  std::shared_ptr<const ViewReads> reads_ = std::make_shared<ViewReads>();
};
using ViewBoardPtr = std::shared_ptr<ViewBoard>;

/// All of a node, by the view's oid.
class ViewBoards {
 public:
  /// Those of the node whose services these are.
  static ViewBoards& of_node(const void* services);

  /// Made when first asked for.
  ViewBoardPtr of(Oid view);
  /// Null: nobody has asked.
  ViewBoardPtr find(Oid view) const;
  void forget(Oid view);
  /// How many views somebody keeps.
  uint64_t kept() const;

 private:
  mutable std::mutex mutex_;
  std::map<Oid, ViewBoardPtr> boards_;
};

}  // namespace troupe
