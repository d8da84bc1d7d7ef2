#include "runtime/transaction/replication_slots.hpp"

#include <algorithm>

#include "storage/base/bytes.hpp"
#include "storage/base/crc32c.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr uint32_t kFormat = 1;

absl::Status check_name(std::string_view name) {
  constexpr size_t kNameMax = 63;
  if (name.empty()) return error(ErrorCode::kInvalidName, "replication slot name \"", name, "\" is too short");
  if (name.size() > kNameMax) {
    return error(ErrorCode::kNameTooLong, "replication slot name \"", name, "\" is too long");
  }
  const bool plain = std::all_of(name.begin(), name.end(),
                                 [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
  if (plain) return absl::OkStatus();
  return with_hint(
      error(ErrorCode::kInvalidName, "replication slot name \"", name, "\" contains invalid character"),
      "Replication slot names may only contain lower case letters, numbers, and the underscore character.");
}

absl::Status no_slot(std::string_view name) {
  return error(ErrorCode::kUndefinedObject, "replication slot \"", name, "\" does not exist");
}

absl::Status in_use(const ReplicationSlot& slot) {
  return error(ErrorCode::kObjectInUse, "replication slot \"", slot.name, "\" is active for PID ", slot.active_pid);
}

}  // namespace

ReplicationSlot* ReplicationSlots::locate(std::string_view name) {
  const auto at = slots_.find(name);
  return at == slots_.end() ? nullptr : &at->second;
}

absl::Status ReplicationSlots::create(ReplicationSlot slot) {
  TROUPE_RETURN_IF_ERROR(check_name(slot.name));
  const std::lock_guard lock(mutex_);
  if (slots_.contains(slot.name)) {
    return error(ErrorCode::kDuplicateObject, "replication slot \"", slot.name, "\" already exists");
  }
  if (slots_.size() >= slots_max_) {
    return with_hint(error(ErrorCode::kConfigurationLimitExceeded, "all replication slots are in use"),
                     "Free one or increase max_replication_slots.");
  }
  if (!slot.temporary) ++version_;
  std::string name = slot.name;
  slots_.emplace(std::move(name), std::move(slot));
  return absl::OkStatus();
}

absl::Status ReplicationSlots::drop(std::string_view name, int32_t process_id) {
  const std::lock_guard lock(mutex_);
  const ReplicationSlot* slot = locate(name);
  const bool of_another = slot != nullptr && slot->temporary && slot->owner_pid != process_id;
  if (slot == nullptr) return no_slot(name);
  if (of_another) {
    return error(ErrorCode::kObjectInUse, "replication slot \"", name, "\" is active for PID ", slot->owner_pid);
  }
  if (slot->active_pid != 0 && slot->active_pid != process_id) return in_use(*slot);
  if (!slot->temporary) ++version_;
  slots_.erase(slots_.find(name));
  return absl::OkStatus();
}

absl::StatusOr<ReplicationSlot> ReplicationSlots::acquire(std::string_view name, int32_t process_id) {
  const std::lock_guard lock(mutex_);
  ReplicationSlot* slot = locate(name);
  if (slot == nullptr) return no_slot(name);
  if (slot->temporary && slot->owner_pid != process_id) {
    return error(ErrorCode::kObjectInUse, "replication slot \"", name, "\" is active for PID ", slot->owner_pid);
  }
  if (slot->active_pid != 0 && slot->active_pid != process_id) return in_use(*slot);
  if (slot->lost) {
    return with_detail(
        error(ErrorCode::kObjectNotInPrerequisiteState, "cannot read from logical replication slot \"", name, "\""),
        "This slot has been invalidated because it exceeded the maximum reserved size.");
  }
  slot->active_pid = process_id;
  slot->progress = {};
  return *slot;
}

void ReplicationSlots::release(int32_t process_id) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, slot] : slots_) {
    if (slot.active_pid == process_id) slot.active_pid = 0;
  }
}

void ReplicationSlots::end_session(int32_t process_id) {
  release(process_id);
  const std::lock_guard lock(mutex_);
  std::erase_if(slots_,
                [&](const auto& entry) { return entry.second.temporary && entry.second.owner_pid == process_id; });
}

void ReplicationSlots::confirm(std::string_view name, Scn scn) {
  const std::lock_guard lock(mutex_);
  ReplicationSlot* slot = locate(name);
  if (slot == nullptr || scn <= slot->confirmed) return;
  slot->confirmed = scn;
  if (!slot->temporary) ++version_;
}

void ReplicationSlots::lose(std::string_view name) {
  const std::lock_guard lock(mutex_);
  ReplicationSlot* slot = locate(name);
  if (slot == nullptr || slot->lost) return;
  slot->lost = true;
  if (!slot->temporary) ++version_;
}

void ReplicationSlots::note_progress(std::string_view name, const SlotProgress& progress) {
  const std::lock_guard lock(mutex_);
  if (ReplicationSlot* slot = locate(name)) slot->progress = progress;
}

std::vector<std::string> ReplicationSlots::lose_before(Scn earliest) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto& [name, slot] : slots_) {
    if (slot.lost || slot.confirmed >= earliest) continue;
    slot.lost = true;
    names.push_back(name);
    if (!slot.temporary) ++version_;
  }
  return names;
}

std::optional<ReplicationSlot> ReplicationSlots::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto at = slots_.find(name);
  return at == slots_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<ReplicationSlot> ReplicationSlots::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<ReplicationSlot> all;
  for (const auto& [name, slot] : slots_) all.push_back(slot);
  return all;
}

uint64_t ReplicationSlots::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

std::pair<std::string, uint64_t> ReplicationSlots::encode() const {
  const std::lock_guard lock(mutex_);
  std::string bytes;
  ByteWriter out(&bytes);
  out.u32(kFormat);
  for (const auto& [name, slot] : slots_) {
    if (slot.temporary) continue;
    out.bytes(slot.name);
    out.bytes(slot.plugin);
    out.u32(slot.database);
    out.u64(slot.confirmed);
    out.u8(slot.lost ? 1 : 0);
  }
  out.u32(crc32c(bytes));
  return {std::move(bytes), version_};
}

absl::Status ReplicationSlots::decode(std::string_view bytes) {
  const absl::Status damaged = with_hint(error(ErrorCode::kDataCorrupted, "the file of replication slots is damaged"),
                                         "Restore it from a backup, or remove it and make the slots anew.");
  if (bytes.size() < 2 * sizeof(uint32_t)) return damaged;
  const std::string_view content = bytes.substr(0, bytes.size() - sizeof(uint32_t));
  ByteReader sum(bytes.substr(content.size()));
  ByteReader in(content);
  if (sum.u32() != crc32c(content) || in.u32() != kFormat) return damaged;
  const std::lock_guard lock(mutex_);
  while (in.ok() && !in.at_end()) {
    ReplicationSlot slot;
    slot.name = in.bytes();
    slot.plugin = in.bytes();
    slot.database = in.u32();
    slot.confirmed = in.u64();
    slot.lost = in.u8() != 0;
    if (in.ok()) slots_.emplace(slot.name, slot);
  }
  return in.ok() ? absl::OkStatus() : damaged;
}

}  // namespace troupe
