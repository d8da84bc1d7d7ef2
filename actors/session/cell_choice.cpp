#include "actors/session/cell_choice.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

/// A cell may have so many clients more than its share, to have those together that belong together.
constexpr uint64_t kClientsMoreThanShare = 3;

}  // namespace

int client_core(int socket) {
  int core = -1;
  socklen_t size = sizeof core;
  return ::getsockopt(socket, SOL_SOCKET, SO_INCOMING_CPU, &core, &size) == 0 ? core : -1;
}

Cell* CellChoice::on(int core) const {
  if (core < 0) return nullptr;
  uint64_t all = 0;
  Cell* found = nullptr;
  for (Cell* cell : *cells_) {
    all += load(*cell);
    if (cell->sockets().core() == core && (found == nullptr || load(*cell) < load(*found))) found = cell;
  }
  return found != nullptr && load(*found) < all / cells_->size() + kClientsMoreThanShare ? found : nullptr;
}

Cell& CellChoice::for_new(int core) const {
  if (Cell* near = on(core); near != nullptr && !near->stuck()) return *near;
  return **std::min_element(cells_->begin(), cells_->end(), [](const Cell* a, const Cell* b) {
    return std::pair(a->stuck(), load(*a)) < std::pair(b->stuck(), load(*b));
  });
}

Cell* CellChoice::better(const Cell& now, int core) const {
  Cell* near = on(core);
  return near == &now ? nullptr : near;
}

}  // namespace troupe
