#include "storage/page/page_image.hpp"

#include <new>

namespace troupe {

PageImage PageImage::allocate(uint32_t size) {
  void* memory = ::operator new(sizeof(Block) + size);
  PageImage image;
  image.block_ = new (memory) Block;
  image.block_->size = size;
  return image;
}

void PageImage::free(Block* block) {
  block->~Block();
  ::operator delete(block);
}

}  // namespace troupe
