/// troupe inspect: looks into the files of a stopped node, changes none of them.
#include <cinttypes>
#include <cstdio>
#include <functional>
#include <memory>
#include <vector>

#include "storage/buffer/load_page.hpp"
#include "storage/file/posix_file_system.hpp"
#include "storage/log/inspect.hpp"
#include "storage/log/recovery_point.hpp"
#include "storage/partition/partition_store.hpp"
#include "storage/verify/page_check.hpp"
#include "tools/troupe/command.hpp"
#include "tools/troupe/verify.hpp"

namespace troupe {
namespace {

struct InspectCommandOptions {
  std::string data_directory;
  std::string from;
  uint64_t lines = 0;
};

/// Whether what was inspected is sound; a status says why it could not be inspected.
using Verdict = absl::StatusOr<bool>;

/// Errors: kObjectInUse while a node runs; kUndefinedFile when nothing of ours is there.
absl::StatusOr<std::unique_ptr<DirectoryLock>> enter(FileSystem& files, const std::string& directory) {
  TROUPE_ASSIGN_OR_RETURN(const bool ours, files.exists(join_path(directory, PartitionStore::file_name(0))));
  if (!ours) {
    return with_hint(error(ErrorCode::kUndefinedFile, "\"", directory, "\" is no data directory of a node"),
                     "--data is what \"troupe node\" was given.");
  }
  auto lock = files.lock_directory(directory);
  if (!lock.ok() && error_code(lock.status()) == ErrorCode::kObjectInUse) {
    return with_hint(lock.status(), "Stop that node first: its files change while it runs.");
  }
  return lock;
}

/// The data files, by partition. A missing one in the middle is an error; the node says when the last is missing.
absl::StatusOr<std::vector<std::unique_ptr<File>>> open_data_files(FileSystem& files, const std::string& directory) {
  TROUPE_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.list(directory));
  size_t count = 0;
  for (const std::string& name : names) count += name.starts_with("partition-") && name.ends_with(".data") ? 1 : 0;
  std::vector<std::unique_ptr<File>> opened;
  for (size_t id = 0; id < count; ++id) {
    const std::string name = PartitionStore::file_name(static_cast<PartitionId>(id));
    TROUPE_ASSIGN_OR_RETURN(auto file, files.open(join_path(directory, name), {}));
    opened.push_back(std::move(file));
  }
  return opened;
}

// --- log ---

/// Positions are printed as 16 hexadecimal digits, so these are taken too.
bool parse_position(const std::string& text, LogPosition* position) {
  const bool hex = text.size() == 16 || text.starts_with("0x");
  char* end = nullptr;
  *position = std::strtoull(text.c_str(), &end, hex ? 16 : 10);
  return !text.empty() && text[0] != '-' && *end == '\0';
}

Verdict inspect_log_of(FileSystem& files, const InspectCommandOptions& options) {
  InspectOptions log_options;
  log_options.lines_max = options.lines;
  if (!options.from.empty() && !parse_position(options.from, &log_options.from)) {
    return error(ErrorCode::kInvalidParameterValue, "--from ", options.from, " is no log position");
  }
  TROUPE_ASSIGN_OR_RETURN(const RecoveryPoint point, read_recovery_point(files, options.data_directory));
  log_options.known_durable = point.reached;
  bool sound = true;
  TROUPE_RETURN_IF_ERROR(inspect_log(files, join_path(options.data_directory, "log"), log_options,
                                     [&sound](std::string_view line) {
                                       sound = sound && !line.starts_with("damaged");
                                       std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
                                     }));
  return sound;
}

// --- checkpoint ---

std::string describe_page(PageAddress address) {
  if (address.is_null()) return "none";
  return cat(address.size_bytes(), " bytes at ", address.offset_bytes());
}

absl::Status print_slots(const File& file) {
  const auto newest = read_superblock(file);
  for (uint64_t slot = 0; slot < 2; ++slot) {
    std::string bytes(kSuperblockBytes, '\0');
    TROUPE_ASSIGN_OR_RETURN(const size_t size, file.read_up_to(slot * kSuperblockBytes, bytes));
    bytes.resize(size);
    std::printf("  slot %" PRIu64 ": ", slot);
    if (bytes.find_first_not_of('\0') == std::string::npos) {
      std::printf("never written\n");
      continue;
    }
    const auto superblock = decode_superblock(bytes, file.path());
    if (!superblock.ok()) {
      std::printf("not valid: %s\n", error_fields(superblock.status()).message.c_str());
      continue;
    }
    const bool current = newest.ok() && newest->sequence == superblock->sequence;
    std::printf("checkpoint %" PRIu64 ", SCN %" PRIu64 ", directory %s, free map %s, file %" PRIu64 " bytes%s\n",
                superblock->sequence, superblock->covered_scn, describe_page(superblock->directory).c_str(),
                describe_page(superblock->free_map).c_str(), superblock->file_grains * kGrainBytes,
                current ? "  <- current" : "");
  }
  return newest.status();
}

absl::Status print_trees(const File& file) {
  TROUPE_ASSIGN_OR_RETURN(const Superblock superblock, read_superblock(file));
  if (superblock.directory.is_null()) {
    std::printf("  no trees: everything is still in the log\n");
    return absl::OkStatus();
  }
  TROUPE_ASSIGN_OR_RETURN(const PageImage page, load_page(file, superblock.directory, PageKind::kDirectory));
  TROUPE_ASSIGN_OR_RETURN(const Directory directory, decode_directory(page.view()));
  std::printf("  %10s %14s %12s %6s %14s\n", "tree", "rows", "tombstones", "level", "overflow values");
  for (const DirectoryEntry& tree : directory.trees) {
    std::printf("  %10u %14" PRIu64 " %12" PRIu64 " %6u %14" PRIu64, tree.id, tree.root.entries - tree.tombstones,
                tree.tombstones, tree.root.level, tree.root.overflow_entries);
    if (tree.dropped_at != kNoScn) std::printf("   dropped at SCN %" PRIu64, tree.dropped_at);
    std::printf("\n");
  }
  if (!directory.reclaim.empty()) std::printf("  %zu dropped subtrees to reclaim\n", directory.reclaim.size());
  return absl::OkStatus();
}

/// Runs `print` for every data file; one that is damaged does not hide the others.
Verdict for_each_data_file(FileSystem& files, const std::string& directory,
                           const std::function<absl::Status(const File&)>& print) {
  TROUPE_ASSIGN_OR_RETURN(const auto data_files, open_data_files(files, directory));
  bool sound = true;
  for (const auto& file : data_files) {
    TROUPE_ASSIGN_OR_RETURN(const uint64_t size, file->size());
    std::printf("%s: %" PRIu64 " bytes\n", file->path().c_str(), size);
    const absl::Status status = print(*file);
    if (status.ok()) continue;
    std::printf("  damaged: %s\n", error_fields(status).message.c_str());
    sound = false;
  }
  return sound;
}

Verdict inspect_checkpoint(FileSystem& files, const InspectCommandOptions& options) {
  return for_each_data_file(files, options.data_directory, [](const File& file) {
    const absl::Status slots = print_slots(file);
    return slots.ok() ? print_trees(file) : slots;
  });
}

// --- pages ---

Verdict inspect_pages(FileSystem& files, const InspectCommandOptions& options) {
  uint64_t pages = 0;
  uint64_t damaged = 0;
  const Verdict sound = for_each_data_file(files, options.data_directory, [&](const File& file) -> absl::Status {
    TROUPE_ASSIGN_OR_RETURN(const Superblock superblock, read_superblock(file));
    const PageReport report = PageCheck(file, superblock).run();
    const auto of = [&report](PageKind kind) { return report.pages[static_cast<size_t>(kind)]; };
    std::printf("  checkpoint %" PRIu64 ", SCN %" PRIu64 "\n", superblock.sequence, superblock.covered_scn);
    std::printf("  %" PRIu64 " pages: %" PRIu64 " leaf, %" PRIu64 " inner, %" PRIu64 " overflow, %" PRIu64
                " directory, %" PRIu64 " free map\n",
                report.page_count(), of(PageKind::kLeaf), of(PageKind::kInner), of(PageKind::kOverflow),
                of(PageKind::kDirectory), of(PageKind::kFreeMap));
    std::printf("  %" PRIu64 " bytes stored, %" PRIu64 " decompressed, %" PRIu64 " free, %" PRIu64
                " lost; %" PRIu64 " entries\n",
                report.stored_bytes, report.raw_bytes, report.free_bytes, report.lost_bytes, report.entries);
    for (const std::string& what : report.damage) std::printf("  damaged: %s\n", what.c_str());
    pages += report.page_count();
    damaged += report.damage.size();
    return absl::OkStatus();
  });
  if (!sound.ok()) return sound;
  std::printf("%" PRIu64 " pages checked, %s\n", pages,
              damaged == 0 && *sound ? "all sound" : "damage found: restore the file from the newest backup");
  return *sound && damaged == 0;
}

// --- verify ---

Verdict inspect_all(FileSystem& files, const InspectCommandOptions& options) {
  return Verification(files, options.data_directory).run() == 0;
}

using Inspection = Verdict (*)(FileSystem&, const InspectCommandOptions&);

int run_inspection(const InspectCommandOptions& options, Inspection inspection) {
  PosixFileSystem files;
  const auto lock = enter(files, options.data_directory);
  if (!lock.ok()) return report(lock.status());
  const Verdict sound = inspection(files, options);
  if (!sound.ok()) return report(sound.status());
  return *sound ? kExitOk : kExitFailed;
}

}  // namespace

void add_inspect_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<InspectCommandOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Look into the files of a stopped node and check them");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, Inspection inspection) {
    CLI::App* sub = command->add_subcommand(name, description);
    sub->add_option("--data,data", options->data_directory, "The node's data directory")->required();
    sub->callback([=, &exit_code] { exit_code = run_inspection(*options, inspection); });
    return sub;
  };
  CLI::App* log = add("log", "Print the log's records and where it ends", inspect_log_of);
  log->add_option("--from", options->from, "Position to begin at, as printed");
  log->add_option("--lines", options->lines, "Records to print at most (0: all)");
  add("checkpoint", "Print the superblocks and trees of every partition", inspect_checkpoint);
  add("pages", "Check every page of every partition", inspect_pages);
  add("verify", "Prove that everything is whole: files, log, rows, indexes; or say what is not", inspect_all);
}

}  // namespace troupe
