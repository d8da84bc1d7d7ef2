#pragma once
/// Two ends of a link for tests: in one process, or with the other end in a child process that is this very test
/// binary in another mode.
#include <sys/types.h>

#include <asio/io_context.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/link/link_connector.hpp"
#include "runtime/link/link_listener.hpp"
#include "runtime/security/certificate.hpp"
#include "tests/support/slowness.hpp"

namespace troupe::link_test {

/// What the other end does with a frame, by its kind.
inline constexpr LinkKind kEcho = 1;
inline constexpr LinkKind kNeverAnswer = 2;
inline constexpr LinkKind kSlow = 3;  ///< messages, consumed one at a time
inline constexpr LinkKind kFail = 4;
inline constexpr LinkKind kDrop = 5;

LinkOptions quick_options();
/// A node's identity, signed by the tests' authority or by a foreign one.
LinkIdentity identity_of(const std::string& name);
LinkIdentity foreign_identity_of(const std::string& name);
/// Signed by the tests' authority, but no longer valid.
LinkIdentity expired_identity_of(const std::string& name);

FrameBytes frame_of(size_t size, char fill = 'x');
FrameBytes random_frame(size_t size);

/// Runs the context until `done` or the time is over; says whether it was done.
bool run_until(asio::io_context& context, const std::function<bool()>& done, int timeout_ms = 5'000);

/// Answers as the kinds say. Everything it keeps is dropped with it.
class Echo {
 public:
  explicit Echo(asio::io_context& context) : context_{context} {}
  void serve(const std::shared_ptr<PeerLink>& link);
  size_t links() const { return links_.size(); }
  const std::shared_ptr<PeerLink>& last_link() const { return links_.back(); }
  void drop_links() { links_.clear(); }
  size_t kept() const { return kept_.size(); }
  uint64_t kept_bytes() const;
  void answer_kept(FrameBytes frame);
  void consume_slowly();

 private:
  void on_incoming(Incoming incoming);

  asio::io_context& context_;
  std::vector<std::shared_ptr<PeerLink>> links_;
  std::deque<Incoming> kept_;
};

/// What a child process was started with.
struct ChildSettings {
  LinkIdentity identity;
  LinkOptions options;
  uint16_t port = 0;
  int report_fd = -1;

  /// Only in a child: a hidden test is its main function.
  static bool in_child();
  static ChildSettings from_environment();
  /// The parent waits for it; 0: it could not listen.
  void report(uint16_t listening_port) const;
};

/// A child process that listens as `name`; it is this very program in the role of a hidden test.
class ChildNode {
 public:
  ChildNode(const std::string& name, const LinkOptions& options, uint16_t port = 0,
            const char* role = "[.link_child]");
  ~ChildNode();
  uint16_t port() const { return port_; }
  void signal(int number) const;
  void kill();
  uint64_t peak_memory_bytes() const;

 private:
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

}  // namespace troupe::link_test
