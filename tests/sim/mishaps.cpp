#include "tests/sim/mishaps.hpp"

#include <algorithm>
#include <cstring>

#include "actors/node/recovery.hpp"
#include "storage/base/text.hpp"
#include "storage/page/page_format.hpp"
#include "tests/sim/simulation.hpp"

namespace troupe::sim {
namespace {

constexpr int kStartsMax = 12;

}  // namespace

const std::vector<std::string>& fault_names() {
  static const std::vector<std::string> names = {
      "power",        // unsynced bytes, sizes and names are lost, or not
      "power-in-io",  // the same, in the middle of a call
      "kill9",        // the process dies, the kernel lives on
      "stop",         // a clean stop
      "kill-actor",   // any actor, as sys.kill_actor() does
      "disconnect",   // a connection breaks
      "write",        // a write fails, half written
      "sync",         // an fsync fails
      "read",         // a read fails
      "name",         // making, renaming or syncing a name fails
      "full",         // the disk is full for a while
      "flip",         // a bit changes on the disk
      "hesitate",     // nothing runs for a while
  };
  return names;
}

Mishaps::Mishaps(World& world, Referee& referee, const std::vector<std::string>& wanted, uint64_t steps)
    : world_{world}, referee_{referee}, random_{world.seeds().faults} {
  for (const std::string& fault : fault_names()) {
    const bool drawn = random_.chance(fault == "flip" ? 0.15 : 0.45);
    const bool is_wanted = std::find(wanted.begin(), wanted.end(), fault) != wanted.end();
    if (wanted.empty() ? drawn : is_wanted) faults_.insert(fault);
  }
  // As "flip", but always where it counts: for whoever looks whether that is noticed at all.
  if (std::find(wanted.begin(), wanted.end(), "flip-page") != wanted.end()) faults_.insert("flip-page");
  repertoire_.assign(faults_.begin(), faults_.end());
  // No fault of the node's, so never drawn: proves that the checks see what is lost.
  if (std::find(wanted.begin(), wanted.end(), "lie") != wanted.end()) world_.disk().lie_about_syncs(true);
  if (repertoire_.empty()) return;
  for (uint64_t left = 1 + random_.below(12); left > 0; --left) when_.insert(1 + random_.below(steps));
}

std::string Mishaps::story() const {
  std::string text;
  for (const std::string& fault : faults_) text += cat(text.empty() ? "" : ",", fault);
  return text;
}

void Mishaps::step() {
  ++step_;
  if (over_) return;
  if (world_.disk().powered_off() && world_.node_runs()) fall(Ending::kPowerCut);
  if (world_.node_fenced() && world_.node_runs()) look_after_node();
  if (disk_empties_at_ != 0 && step_ >= disk_empties_at_) {
    disk_empties_at_ = 0;
    world_.disk().set_capacity(UINT64_MAX);
  }
  if (!world_.node_runs() && step_ >= rise_at_) rise();
  if (step_ % 64 == 0) watch_events();
  if (when_.erase(step_) > 0) happen();
}

/// A fenced node ends its process; until then it must not lie.
void Mishaps::look_after_node() {
  if (!referee_.mischief().io_failed && !referee_.mischief().bits_flipped) {
    world_.complain("the node fenced itself, but nothing failed");
  }
  if (fence_ends_at_ == 0) fence_ends_at_ = step_ + random_.below(200);
  if (step_ < fence_ends_at_) return;
  fence_ends_at_ = 0;
  fall(random_.chance(0.5) ? Ending::kPowerCut : Ending::kProcessDies);
}

void Mishaps::fall(Ending ending) {
  watch_events();
  world_.end_node(ending);
  seen_event_ = 0;
  armed_ = false;
  rise_at_ = step_ + random_.below(100);
}

void Mishaps::happen() {
  const std::string& fault = repertoire_[random_.below(repertoire_.size())];
  ++happened_;
  world_.trace().add(world_.timeline().now_us(), "mishap", step_, fault);
  if (fault == "hesitate") {
    world_.timeline().advance_to(world_.timeline().now_us() + static_cast<int64_t>(random_.below(2'000'000)));
  }
  if (fault == "flip") flip_bit();
  if (fault == "flip-page") flip_in_page();
  if (!world_.node_runs()) return;
  if (fault == "power") fall(Ending::kPowerCut);
  if (fault == "kill9") fall(Ending::kProcessDies);
  if (fault == "stop") fall(Ending::kClean);
  if (fault == "power-in-io") world_.disk().cut_power_after(1 + random_.below(40));
  if (fault == "kill-actor") kill_actor();
  if (fault == "disconnect") world_.cut_random_connection();
  if (fault == "write" || fault == "sync" || fault == "read" || fault == "name") {
    referee_.mischief().io_failed = true;
    const uint64_t n = 1 + random_.below(20);
    if (fault == "write") world_.disk().fail_nth(SimOperation::write, n);
    if (fault == "sync") world_.disk().fail_nth(SimOperation::sync, n);
    if (fault == "read") world_.disk().fail_nth(SimOperation::read, n);
    if (fault == "name") {
      constexpr SimOperation kNames[] = {SimOperation::open, SimOperation::rename, SimOperation::remove,
                                         SimOperation::sync_directory, SimOperation::preallocate};
      world_.disk().fail_nth(kNames[random_.below(std::size(kNames))], 1 + random_.below(4));
    }
  }
  if (fault == "full") fill_disk();
}

void Mishaps::kill_actor() {
  const auto actors = world_.context()->services.actors.list();
  // The root's end is the process's.
  std::vector<ActorRecordPtr> targets;
  for (const ActorRecordPtr& actor : actors) {
    if (actor->parent != 0) targets.push_back(actor);
  }
  const ActorRecordPtr& target = targets[random_.below(targets.size())];
  world_.trace().add(world_.timeline().now_us(), "kill", target->id, target->name);
  ++kills_;
  if (const auto kill = target->kill.get()) (*kill)();
}

void Mishaps::fill_disk() {
  referee_.mischief().disk_full = true;
  SimFileSystem& disk = world_.disk();
  disk.set_capacity(UINT64_MAX);
  const auto free = disk.free_space("data");
  if (!free.ok()) return;
  disk.set_capacity(UINT64_MAX - *free + random_.below(8'192));
  disk_empties_at_ = step_ + 1 + random_.below(500);
}

/// In any file, where bytes that count are likelier than padding.
void Mishaps::flip_bit() {
  SimFileSystem& disk = world_.disk();
  if (disk.powered_off()) return;
  std::vector<std::string> paths;
  for (const char* directory : {"data", "data/log"}) {
    const auto names = disk.list(directory);
    if (!names.ok()) continue;
    for (const std::string& name : *names) paths.push_back(join_path(directory, name));
  }
  std::erase_if(paths, [&](const std::string& path) { return !disk.file_size(path).ok(); });
  if (paths.empty()) return;
  const std::string& path = paths[random_.below(paths.size())];
  uint64_t size = *disk.file_size(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  // Damage in the last batch of the log cannot be told from a write that was torn (storage/log/format.hpp).
  if (const auto first = parse_segment_name(name)) {
    const uint64_t vouched = world_.vouched_log_bytes();
    size = vouched <= *first ? 0 : std::min(size, vouched - *first);
  }
  if (size == 0) return;
  uint64_t offset = random_.below(size);
  const auto content = read_file(disk, path);
  for (int tries = 0; content.ok() && tries < 8 && (*content)[offset] == '\0'; ++tries) offset = random_.below(size);
  const int bit = static_cast<int>(random_.below(8));
  world_.trace().add(world_.timeline().now_us(), "flip", offset, cat(path, " bit ", static_cast<uint64_t>(bit)));
  disk.flip_bit(path, offset, bit);
  referee_.mischief().bits_flipped = true;
}

/// In the bytes that some page, perhaps of an older checkpoint, holds.
void Mishaps::flip_in_page() {
  SimFileSystem& disk = world_.disk();
  if (disk.powered_off()) return;
  const auto partition = static_cast<PartitionId>(random_.below(world_.config().partitions));
  const std::string path = join_path("data", PartitionStore::file_name(partition));
  const auto content = read_file(disk, path);
  std::vector<std::pair<uint64_t, uint64_t>> pages;  // where their bytes begin, how many there are
  for (uint64_t at = kDataStartBytes; content.ok() && at + sizeof(PageHeader) < content->size(); at += kGrainBytes) {
    PageHeader header;
    std::memcpy(&header, content->data() + at, sizeof header);
    if (header.magic != kPageMagic || PageAddress(header.address).offset_bytes() != at) continue;
    pages.emplace_back(at + sizeof header, header.stored_size);
  }
  if (pages.empty()) return;
  const auto [begin, size] = pages[random_.below(pages.size())];
  const uint64_t offset = begin + random_.below(size);
  const int bit = static_cast<int>(random_.below(8));
  world_.trace().add(world_.timeline().now_us(), "flip", offset, cat(path, " bit ", static_cast<uint64_t>(bit)));
  disk.flip_bit(path, offset, bit);
  referee_.mischief().bits_flipped = true;
}

/// Starts the node, as often as it takes; each start may be hit again.
void Mishaps::rise() {
  for (int starts = 0; starts < kStartsMax; ++starts) {
    if (has("power-in-io") && starts < 4 && random_.chance(0.3)) world_.disk().cut_power_after(1 + random_.below(40));
    if (has("read") && starts < 4 && random_.chance(0.1)) {
      world_.disk().fail_nth(SimOperation::read, 1 + random_.below(20));
      referee_.mischief().io_failed = true;
    }
    const absl::Status status = world_.start_node();
    ++referee_.lives;
    if (status.ok()) return;
    const ErrorCode code = error_code(status);
    const std::string message(status.message());
    if (world_.disk().powered_off()) {
      world_.disk().crash();
      continue;
    }
    if (code == ErrorCode::kIoError && referee_.mischief().io_failed) continue;
    if (code == ErrorCode::kDiskFull && referee_.mischief().disk_full) {
      world_.disk().set_capacity(UINT64_MAX);
      disk_empties_at_ = 0;
      continue;
    }
    if (code == ErrorCode::kDataCorrupted && referee_.is_damage_report("XX001", message)) {
      over_ = true;
      return;
    }
    return world_.complain(cat("the node refuses to start: ", message));
  }
  world_.complain("the node does not start, however often it is tried");
}

/// Every restart has a reason that the run explains.
void Mishaps::watch_events() {
  if (!world_.node_runs()) return;
  for (const NodeEvent& event : world_.context()->services.events.list()) {
    if (event.id <= seen_event_) continue;
    seen_event_ = event.id;
    world_.trace().add(world_.timeline().now_us(), "event", 0, cat(event.kind, " ", event.source, ": ", event.reason));
    if (event.kind == "damage" && !referee_.mischief().bits_flipped && !referee_.mischief().io_failed) {
      world_.complain(cat("the scrubber calls a sound file damaged: ", event.reason));
    }
    if (event.kind != "restart" && event.kind != "give up" && event.kind != "end") continue;
    const bool killed = event.reason.find("kill") != std::string::npos;
    const Mischief& mischief = referee_.mischief();
    if (killed || mischief.io_failed || mischief.disk_full || mischief.bits_flipped) continue;
    if (event.reason.find("a successor has taken over") != std::string::npos) continue;
    world_.complain(cat(event.kind, " of ", event.source, ": ", event.reason));
  }
}

bool Mishaps::settle() {
  when_.clear();
  if (over_) return false;
  SimFileSystem* disk = &world_.disk();
  disk->set_capacity(UINT64_MAX);
  if (disk->powered_off() || world_.node_fenced()) {
    if (world_.node_runs()) fall(Ending::kPowerCut);
    if (world_.disk().powered_off()) world_.disk().crash();
  }
  faults_.clear();
  disk = &world_.disk();
  disk->cut_power_after(0);
  for (size_t i = 0; i < kSimOperations; ++i) disk->fail_nth(static_cast<SimOperation>(i), 0);
  if (!world_.node_runs()) rise();
  return !over_ && world_.complaint().empty();
}

}  // namespace troupe::sim
