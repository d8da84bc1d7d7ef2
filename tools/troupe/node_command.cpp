/// troupe node: a node in the foreground, until SIGINT or SIGTERM.
///
/// Every thread has the signals blocked; the main one waits for them, and another starts the node meanwhile, so that a
/// long recovery can be interrupted too.
#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "actors/node/node.hpp"
#include "runtime/cell/actor_registry.hpp"
#include "storage/file/posix_file_system.hpp"
#include "tools/troupe/command.hpp"
#include "tools/troupe/version.hpp"

namespace troupe {
namespace {

struct NodeOptions {
  std::string config_file;
  std::optional<std::string> data_directory;
  std::optional<std::string> listen_address;
  std::optional<uint16_t> port;
  std::optional<uint32_t> cells;
  std::optional<uint32_t> partitions;
};

/// What our own threads send to the main one.
constexpr int kStartedSignal = SIGUSR1;
constexpr int kFencedSignal = SIGUSR2;
/// How long a fenced node goes on, so that its sessions learn why their connections end.
constexpr std::chrono::milliseconds kFencedGrace{200};
/// File descriptors besides those of connections: data files, log segments, epoll.
constexpr rlim_t kOwnDescriptors = 512;

absl::StatusOr<NodeConfig> configure(const NodeOptions& options) {
  NodeConfig config;
  if (!options.config_file.empty()) TROUPE_RETURN_IF_ERROR(load_config(options.config_file, config));
  if (options.data_directory) config.data_directory = *options.data_directory;
  if (options.listen_address) config.listen_address = *options.listen_address;
  if (options.port) config.port = *options.port;
  if (options.cells) config.cells = *options.cells;
  if (options.partitions) config.partitions = *options.partitions;
  return config;
}

absl::Status start_logging(const NodeConfig& config) {
  const auto level = spdlog::level::from_str(config.log_level);
  if (level == spdlog::level::off) {
    return with_hint(error(ErrorCode::kInvalidParameterValue, "node.log_level is \"", config.log_level, "\""),
                     "Use debug, info, warn or error.");
  }
  spdlog::set_default_logger(spdlog::stderr_color_mt("troupe"));
  spdlog::set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-8l%$ %v");
  spdlog::set_level(level);
  return absl::OkStatus();
}

/// What the node tells in sys.events is written here too: by a thread of its own, because nobody who has an event to tell
/// may wait for whoever reads our output. When that one does not keep up, the oldest are left out.
void log_events(Node& node) {
  const auto logger = spdlog::create_async_nb<spdlog::sinks::stderr_color_sink_mt>("events");
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-8l%$ %v");
  node.watch_events([logger](const NodeEvent& event) {
    const bool ordinary = event.kind == "start" || event.kind == "checkpoint" || event.kind == "scrub";
    logger->log(ordinary ? spdlog::level::info : spdlog::level::warn, "{} {}: {}", event.kind, event.source,
                event.reason);
  });
}

/// A connection is a file descriptor, and the usual soft limit of 1024 is less than we serve.
void raise_descriptor_limit(const NodeConfig& config) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) spdlog::warn("cannot raise the limit of open files: {}", strerror(errno));
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < config.connections_max + kOwnDescriptors) {
    spdlog::warn("the limit of open files is {}: less than limits.connections_max ({}) needs", limit.rlim_cur,
                 config.connections_max);
  }
}

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, kStartedSignal, kFencedSignal}) sigaddset(&set, signal);
  return set;
}

/// Before the first thread starts: threads inherit what is blocked.
void block_signals() {
  const sigset_t set = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of a write
}

int wait_for_signal() {
  const sigset_t set = awaited_signals();
  int signal = 0;
  while (sigwait(&set, &signal) != 0) {
  }
  return signal;
}

/// From now on SIGINT and SIGTERM end the process at once. The log makes that safe.
void let_signals_kill() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM}) {
    struct sigaction action {};
    action.sa_handler = [](int) { _exit(kExitFailed); };
    sigaction(signal, &action, nullptr);
    sigaddset(&set, signal);
  }
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

/// Others still run, and may be writing to the log.
[[noreturn]] void exit_at_once(int code) {
  spdlog::default_logger_raw()->flush();
  std::fflush(nullptr);
  _exit(code);
}

/// Nothing is cleaned up: the disk cannot be trusted, and the next start recovers from what is durable.
[[noreturn]] void exit_fenced() {
  std::this_thread::sleep_for(kFencedGrace);
  exit_at_once(kExitFailed);
}

void on_fenced(const std::string& reason) {
  spdlog::critical("fenced, nothing is acknowledged any more: {}", reason);
  kill(getpid(), kFencedSignal);
}

void say_ready(const NodeConfig& config, const Node::Facts& facts) {
  // After a crash that is where it was torn; after a clean stop, where its preallocated space begins.
  if (!facts.log_ended.empty()) spdlog::info("the log ends behind its last record: {}", facts.log_ended);
  spdlog::info("recovered to SCN {} in {} ms", facts.recovered_scn, facts.recovery_ms);
  std::printf("troupe %s ready on %s:%u, data in %s (%u cells, %u partitions, recovered to SCN %llu in %lld ms)\n",
              kVersion, config.listen_address.c_str(), config.port, config.data_directory.c_str(), facts.cells,
              facts.partitions, static_cast<unsigned long long>(facts.recovered_scn),
              static_cast<long long>(facts.recovery_ms));
  std::fflush(stdout);
}

int serve_until_signal(Node& node) {
  int signal = kStartedSignal;
  while (signal == kStartedSignal) signal = wait_for_signal();
  if (signal == kFencedSignal) exit_fenced();
  spdlog::info("{}: stopping; a second one ends the process at once", signal == SIGINT ? "SIGINT" : "SIGTERM");
  let_signals_kill();
  node.stop();
  sigset_t pending;
  if (sigpending(&pending) == 0 && sigismember(&pending, kFencedSignal) == 1) exit_fenced();
  spdlog::info("stopped");
  return kExitOk;
}

int run_node(const NodeOptions& options) {
  absl::StatusOr<NodeConfig> config = configure(options);
  if (!config.ok()) return report(config.status());
  if (config->data_directory.empty()) {
    report(with_hint(error(ErrorCode::kInvalidParameterValue, "no data directory given"),
                     "Use --data DIR or node.data_directory."));
    return kExitUsage;
  }
  if (const absl::Status logging = start_logging(*config); !logging.ok()) return report(logging);
  block_signals();
  raise_descriptor_limit(*config);
  spdlog::info("troupe {} starts, process {}, data in {}", kVersion, getpid(), config->data_directory);

  PosixFileSystem files;
  SystemClock clock;
  absl::StatusOr<std::unique_ptr<Node>> node;
  std::thread starter([&] {
    node = Node::start(*config, files, clock, on_fenced, nullptr, [](const std::string& line) { spdlog::info(line); });
    kill(getpid(), kStartedSignal);
  });
  if (const int signal = wait_for_signal(); signal != kStartedSignal) {
    starter.detach();  // the process ends without waiting for it
    if (signal == kFencedSignal) exit_fenced();
    spdlog::warn("stopped before the node was ready");
    exit_at_once(kExitFailed);
  }
  starter.join();
  if (!node.ok()) return report(node.status());
  log_events(**node);
  say_ready(*config, (*node)->facts());
  return serve_until_signal(**node);
}

}  // namespace

void add_node_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* command = app.add_subcommand("node", "Run a node in the foreground; Ctrl-C or SIGTERM stops it cleanly");
  command->add_option("--config", options->config_file, "TOML file; what is given here overrides it")
      ->check(CLI::ExistingFile);
  command->add_option("--data", options->data_directory, "Directory of everything it keeps; made when there is none");
  command->add_option("--listen", options->listen_address, "Address to serve SQL on (127.0.0.1)");
  command->add_option("--port,-p", options->port, "Port to serve SQL on (5432)")->check(CLI::Range(1, 65535));
  command->add_option("--cells", options->cells, "Threads that serve (one per core)")->check(CLI::Range(1, 1024));
  command->add_option("--partitions", options->partitions, "Only for a new directory (as many as cells)")
      ->check(CLI::Range(1, 64));
  command->callback([=, &exit_code] { exit_code = run_node(*options); });
}

}  // namespace troupe
