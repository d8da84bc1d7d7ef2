#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include <cstdlib>
#include <deque>
#include <fstream>
#include <memory>

#include "storage/base/random.hpp"
#include "tests/runtime/link/link_fixture.hpp"

namespace troupe::link_test {
namespace {

constexpr int64_t kFrom = 1'000'000'000;
constexpr int64_t kUntil = 4'000'000'000;

const CertificateAuthority& authority() {
  static const auto made = CertificateAuthority::create({"authority", kFrom, kUntil}).value();
  return made;
}

uint64_t new_incarnation() {
  static uint64_t last = static_cast<uint64_t>(getpid()) << 32;
  return ++last;
}

}  // namespace

LinkOptions quick_options() {
  LinkOptions options;
  options.window_bytes = 1 << 20;
  options.frame_bytes_max = 512 << 10;
  options.heartbeat_interval_ms = 100;
  options.heartbeat_timeout_ms = 400 * kSlowness;
  options.handshake_timeout_ms = 500 * kSlowness;
  options.backoff_min_ms = 10;
  options.backoff_max_ms = 50;
  return options;
}

LinkIdentity identity_of(const std::string& name) {
  return {name, new_incarnation(), authority().issue({name, kFrom, kUntil}).value(), authority().certificate_pem()};
}

LinkIdentity foreign_identity_of(const std::string& name) {
  const auto foreign = CertificateAuthority::create({"foreign", kFrom, kUntil}).value();
  // It believes our authority, but was signed by another one.
  return {name, new_incarnation(), foreign.issue({name, kFrom, kUntil}).value(), authority().certificate_pem()};
}

LinkIdentity expired_identity_of(const std::string& name) {
  return {name, new_incarnation(), authority().issue({name, kFrom, kFrom + 1}).value(), authority().certificate_pem()};
}

FrameBytes frame_of(size_t size, char fill) { return FrameBytes::copy_of(std::string(size, fill)); }

FrameBytes random_frame(size_t size) {
  Random random(size);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next());
  return FrameBytes::copy_of(bytes);
}

bool run_until(asio::io_context& context, const std::function<bool()>& done, int timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms) * kSlowness;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    context.restart();
    context.run_one_for(std::chrono::milliseconds(10));
  }
  return true;
}

void Echo::serve(const std::shared_ptr<PeerLink>& link) {
  link->on_incoming([this](Incoming incoming) { on_incoming(std::move(incoming)); });
  links_.push_back(link);
}

void Echo::on_incoming(Incoming incoming) {
  switch (incoming.kind()) {
    case kEcho: incoming.reply(incoming.frame()); break;
    case kFail:
      incoming.reply(with_hint(error(ErrorCode::kUniqueViolation, "already there"), "use another key"));
      break;
    case kDrop: break;
    default: kept_.push_back(std::move(incoming));
  }
}

uint64_t Echo::kept_bytes() const {
  uint64_t bytes = 0;
  for (const Incoming& incoming : kept_) bytes += incoming.frame().size();
  return bytes;
}

void Echo::answer_kept(FrameBytes frame) {
  for (Incoming& incoming : kept_) incoming.reply(frame);
  kept_.clear();
}

void Echo::consume_slowly() {
  auto timer = std::make_shared<asio::steady_timer>(context_, std::chrono::milliseconds(2));
  timer->async_wait([this, timer](const asio::error_code& cancelled) {
    if (cancelled) return;
    if (!kept_.empty() && kept_.front().kind() == kSlow) kept_.pop_front();
    consume_slowly();
  });
}

bool ChildSettings::in_child() { return getenv("LINK_REPORT_FD") != nullptr; }

ChildSettings ChildSettings::from_environment() {
  ChildSettings settings{{getenv("LINK_NAME"),
                          new_incarnation(),
                          {getenv("LINK_CERTIFICATE"), getenv("LINK_KEY")},
                          getenv("LINK_AUTHORITY")},
                         quick_options(),
                         static_cast<uint16_t>(std::stoi(getenv("LINK_PORT"))),
                         std::stoi(getenv("LINK_REPORT_FD"))};
  settings.options.window_bytes = std::stoull(getenv("LINK_WINDOW"));
  settings.options.frame_bytes_max = settings.options.window_bytes / 2;
  return settings;
}

void ChildSettings::report(uint16_t listening_port) const {
  if (write(report_fd, &listening_port, sizeof listening_port) != sizeof listening_port) _exit(1);
}

ChildNode::ChildNode(const std::string& name, const LinkOptions& options, uint16_t port, const char* role) {
  const LinkIdentity identity = identity_of(name);
  int report[2];
  REQUIRE(pipe(report) == 0);
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(report[0]);
    setenv("LINK_NAME", name.c_str(), 1);
    setenv("LINK_CERTIFICATE", identity.tls.certificate_pem.c_str(), 1);
    setenv("LINK_KEY", identity.tls.private_key_pem.c_str(), 1);
    setenv("LINK_AUTHORITY", identity.authority_pem.c_str(), 1);
    setenv("LINK_WINDOW", std::to_string(options.window_bytes).c_str(), 1);
    setenv("LINK_PORT", std::to_string(port).c_str(), 1);
    setenv("LINK_REPORT_FD", std::to_string(report[1]).c_str(), 1);
    execl("/proc/self/exe", "link_child", role, nullptr);
    _exit(1);
  }
  close(report[1]);
  const ssize_t got = read(report[0], &port_, sizeof port_);
  close(report[0]);
  REQUIRE(got == sizeof port_);
  REQUIRE(port_ != 0);
}

ChildNode::~ChildNode() { kill(); }

void ChildNode::signal(int number) const {
  ::kill(pid_, number);
  // A thread that runs on another core goes on for a moment after kill() has returned.
  if (number == SIGSTOP) waitpid(pid_, nullptr, WUNTRACED);
}

void ChildNode::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

uint64_t ChildNode::peak_memory_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string word; status >> word;) {
    uint64_t kilobytes = 0;
    if (word == "VmHWM:" && status >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

TEST_CASE("the child's end", "[.link_child]") {
  if (!ChildSettings::in_child()) return;
  const auto settings = ChildSettings::from_environment();
  asio::io_context context;
  Echo echo(context);
  auto listener = LinkListener::create(
      context, settings.options, settings.identity, "127.0.0.1", settings.port, [](const std::string&) { return true; },
      [&](const std::shared_ptr<PeerLink>& link) { echo.serve(link); });
  settings.report(listener.ok() ? (*listener)->port() : 0);
  echo.consume_slowly();
  context.run();  // until it is killed
}

}  // namespace troupe::link_test
