/// COPY between a table and a file of the server's machine.
#include "actors/session/backend.hpp"
#include "actors/session/copy_in.hpp"
#include "actors/session/copy_out.hpp"
#include "actors/session/server_file.hpp"
#include "runtime/protocol/wire.hpp"

namespace troupe {
namespace {

constexpr size_t kPieceBytes = 1024 * 1024;

/// What the CopyData messages among those written hold, which is what the file holds.
void take_copied(BackendWriter* messages, std::string* out) {
  std::string_view left = messages->pending();
  const size_t all = left.size();
  while (!left.empty()) {
    const uint32_t length = wire::load_u32(left.data() + 1);  // of itself and what follows
    if (left[0] == 'd') out->append(left.substr(5, length - 4));
    left.remove_prefix(1 + length);
  }
  messages->consume(all);
}

}  // namespace

Task<absl::Status> Backend::run_blocking(std::function<absl::Status()> work) {
  work_request_ = ++next_work_request_ | kWorkRequest;
  host_.send_blocking_work(work_request_, [work = std::move(work)] {
    const absl::Status status = work();
    return status.ok() ? std::string() : encode_error(status);
  });
  while (work_request_ != 0) co_await work_done_;
  co_return work_status_;
}

Task<absl::Status> Backend::send_to_file(Execution& execution, CopyOut& copy, std::string path, uint64_t* rows) {
  const auto file = std::make_shared<ServerFile>(std::move(path));
  auto opening = run_blocking([file] { return file->open_to_write(); });
  absl::Status status = co_await opening;
  if (!status.ok()) co_return status;
  BackendWriter messages;
  const auto piece = std::make_shared<std::string>();
  copy.begin(messages);
  bool more = true;
  while (more) {
    auto fetching = execution.next();
    const BatchResult batch = co_await fetching;
    if (!batch.ok()) co_return batch.status();
    more = batch->rows > 0;
    for (uint32_t row = 0; row < batch->rows; ++row) {
      status = copy.write(*batch, row, messages);
      if (!status.ok()) co_return status;
    }
    *rows += batch->rows;
    if (!more) copy.finish(messages);
    take_copied(&messages, piece.get());
    if (more && piece->size() < kPieceBytes) continue;
    auto writing = run_blocking([file, piece] { return file->write(*piece); });
    status = co_await writing;
    if (status.ok()) status = data_.check_cancelled();
    if (!status.ok()) co_return status;
    piece->clear();
  }
  auto closing = run_blocking([file] { return file->close(); });
  co_return co_await closing;
}

Task<absl::Status> Backend::copy_from_file(CopyIn& copy, std::string path) {
  const auto file = std::make_shared<ServerFile>(std::move(path));
  auto opening = run_blocking([file] { return file->open_to_read(); });
  absl::Status status = co_await opening;
  const auto piece = std::make_shared<std::string>();
  while (status.ok()) {
    auto reading = run_blocking([file, piece] { return file->read(piece.get()); });
    status = co_await reading;
    if (status.ok()) status = data_.check_cancelled();
    if (!status.ok() || piece->empty()) break;
    auto taking = copy.take(*piece);
    status = co_await taking;
  }
  if (!status.ok()) co_return status;
  auto finishing = copy.finish();
  co_return co_await finishing;
}

}  // namespace troupe
