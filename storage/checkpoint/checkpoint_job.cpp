#include "storage/checkpoint/checkpoint_job.hpp"

#include "storage/base/check.hpp"
#include "storage/checkpoint/hole_rule.hpp"

namespace troupe {
namespace {

constexpr size_t kWriteBytes = 1 << 20;
/// The free map's own extent changes the map it stores by a few bytes.
constexpr size_t kFreeMapSlackBytes = 64;

PageImage packed_image(const PageImage& image) {
  std::string packed;
  SlottedPage(image.data()).append_packed(&packed);
  PageImage copy = PageImage::allocate(static_cast<uint32_t>(packed.size()));
  std::memcpy(copy.mutable_data(), packed.data(), packed.size());
  return copy;
}

}  // namespace

CheckpointJob::CheckpointJob(Plan plan) : plan_{std::move(plan)}, encoder_{plan_.codec} {}

CheckpointResult CheckpointJob::run() {
  allocator_.emplace(*plan_.allocator);
  result_.superblock = plan_.next;
  result_.addresses.resize(plan_.pages.size());
  result_.patched.resize(plan_.pages.size());
  const auto write_all = [this]() -> absl::Status {
    TROUPE_RETURN_IF_ERROR(write_pages());
    TROUPE_RETURN_IF_ERROR(write_directory());
    TROUPE_RETURN_IF_ERROR(write_free_map());
    TROUPE_RETURN_IF_ERROR(flush());
    TROUPE_RETURN_IF_ERROR(sync());
    TROUPE_RETURN_IF_ERROR(write_superblock(result_.superblock.first_offset()));
    return write_superblock(result_.superblock.second_offset());
  };
  result_.status = write_all();
  if (result_.status.ok()) give_room_back();
  if (!result_.status.ok()) result_.status = annotate(result_.status, "writing a checkpoint");
  plan_.pages.clear();
  return std::move(result_);
}

absl::Status CheckpointJob::write_pages() {
  for (size_t i = 0; i < plan_.pages.size(); ++i) {
    const FrozenPage& page = plan_.pages[i];
    PageImage& patched = result_.patched[i];
    raw_.clear();
    std::string_view raw = page.image.view();
    if (patched) {
      raw = patched.view();
    } else if (page.kind != PageKind::kOverflow) {
      SlottedPage(page.image.data()).append_packed(&raw_);
      raw = raw_;
    }
    TROUPE_RETURN_IF_ERROR(write_page(page.kind, raw, encoder_, &result_.addresses[i]));
    set_parent_word(page, result_.addresses[i]);
    ++result_.pages_written;
  }
  return absl::OkStatus();
}

/// The frozen parent is shared with the partition, so a copy of it gets the word.
void CheckpointJob::set_parent_word(const FrozenPage& page, PageAddress address) {
  if (page.parent == kNoFrozenParent) return;
  PageImage& parent = result_.patched[page.parent];
  if (!parent) parent = packed_image(plan_.pages[page.parent].image);
  SlottedEditor(&parent).set_word(page.slot, address.word());
}

absl::Status CheckpointJob::write_page(PageKind kind, std::string_view raw, PageEncoder& encoder,
                                       PageAddress* address) {
  *address = PageAddress::of(allocator_->allocate(encoder.prepare(raw)));
  return append(kind, encoder, *address);
}

absl::Status CheckpointJob::append(PageKind kind, PageEncoder& encoder, PageAddress address) {
  const bool adjacent = buffer_offset_ + buffer_.size() == address.offset_bytes();
  if (!adjacent || buffer_.size() >= kWriteBytes) {
    TROUPE_RETURN_IF_ERROR(flush());
    buffer_offset_ = address.offset_bytes();
  }
  encoder.append(kind, address, plan_.next.sequence, &buffer_);
  return absl::OkStatus();
}

absl::Status CheckpointJob::flush() {
  if (buffer_.empty()) return absl::OkStatus();
  TROUPE_RETURN_IF_ERROR(plan_.file->write(buffer_offset_, buffer_));
  result_.bytes_written += buffer_.size();
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status CheckpointJob::sync() {
  absl::Status status = plan_.file->sync();
  result_.must_fence = !status.ok();
  return status;
}

/// When it fails it may be there all the same, and its pages must not be written again.
absl::Status CheckpointJob::write_superblock(uint64_t offset) {
  const absl::Status written = plan_.file->write(offset, encode_superblock(result_.superblock));
  result_.must_fence = !written.ok();
  TROUPE_RETURN_IF_ERROR(written);
  return sync();
}

absl::Status CheckpointJob::write_directory() {
  for (size_t i = 0; i < plan_.directory.trees.size(); ++i) {
    if (plan_.dirty_roots[i] == kNoFrozenParent) continue;
    plan_.directory.trees[i].root.word = result_.addresses[plan_.dirty_roots[i]].word();
  }
  return write_page(PageKind::kDirectory, encode_directory(plan_.directory), encoder_, &result_.superblock.directory);
}

/// Stores the free space as it will be when this checkpoint is the current one: without what it wrote, with what only
/// its predecessor needs.
absl::Status CheckpointJob::write_free_map() {
  const auto release_into = [this](ExtentAllocator& allocator) {
    for (const PageAddress address : plan_.released) allocator.release(address.extent());
    for (const PageAddress old : {plan_.previous.directory, plan_.previous.free_map}) {
      if (!old.is_null()) allocator.release(old.extent());
    }
  };
  ExtentAllocator estimate = *allocator_;
  release_into(estimate);
  // Every read extent may be a hole of its own: two numbers of at most ten bytes.
  const size_t bytes = estimate.encode().size() + plan_.being_read.size() * 20 + kFreeMapSlackBytes;
  const PageAddress address = PageAddress::of(allocator_->allocate(grains_for(sizeof(PageHeader) + bytes)));
  release_into(*allocator_);
  ExtentAllocator stored = *allocator_;
  for (const PageAddress read : plan_.being_read) stored.release(read.extent());
  PageEncoder plain(PageCodec::kNone);
  const std::string encoded = stored.encode();
  plain.prepare(encoded);
  TROUPE_RETURN_IF_ERROR(append(PageKind::kFreeMap, plain, address));
  const uint64_t written_bytes = result_.bytes_written + buffer_.size();
  const auto smallest = smallest_hole(allocator_->free_grains(), allocator_->end(), written_bytes, plan_.disk_full);
  if (smallest) holes_ = allocator_->take_holes(*smallest);
  result_.superblock.free_map = address;
  result_.superblock.file_grains = allocator_->end();
  result_.allocator = std::make_shared<const ExtentAllocator>(*std::move(allocator_));
  return absl::OkStatus();
}

/// After a drop or TRUNCATE of much. Nothing depends on it: the extents are free, whatever they hold.
void CheckpointJob::give_room_back() {
  for (const Extent hole : holes_) {
    const uint64_t from = (hole.first * kGrainBytes + kHoleBytes - 1) / kHoleBytes * kHoleBytes;
    const uint64_t to = hole.end() * kGrainBytes / kHoleBytes * kHoleBytes;
    if (from < to && !plan_.file->punch_hole(from, to - from).ok()) return;
  }
}

}  // namespace troupe
