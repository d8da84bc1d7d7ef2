#include "runtime/sql/arena.hpp"

#include <algorithm>
#include <cstdlib>

namespace troupe::sql {
namespace {
constexpr size_t kBlockBytesMax = size_t{1} << 20;
}

Arena::~Arena() {
  while (blocks_ != nullptr) {
    Block* next = blocks_->next;
    std::free(blocks_);
    blocks_ = next;
  }
}

void Arena::add_block(size_t bytes) {
  void* memory = std::malloc(sizeof(Block) + bytes);
  if (memory == nullptr) throw std::bad_alloc();
  blocks_ = new (memory) Block{blocks_};
  at_ = static_cast<char*>(memory) + sizeof(Block);
  end_ = at_ + bytes;
  allocated_bytes_ += sizeof(Block) + bytes;
}

void* Arena::allocate_slow(size_t bytes) {
  add_block(std::max(bytes, next_block_bytes_));
  next_block_bytes_ = std::min(next_block_bytes_ * 2, kBlockBytesMax);
  void* at = at_;
  at_ += bytes;
  return at;
}

void Arena::reserve(size_t bytes) {
  if (bytes > static_cast<size_t>(end_ - at_)) add_block((bytes + 7) & ~size_t{7});
}

std::string_view Arena::copy(std::string_view text) {
  if (text.empty()) return {};
  char* at = bytes(text.size());
  std::memcpy(at, text.data(), text.size());
  return {at, text.size()};
}

}  // namespace troupe::sql
