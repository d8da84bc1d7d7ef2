#pragma once
/// A link to one other node, as its users see it; the simulator has one of its own. Every request is answered exactly
/// once: by the peer, by its deadline, or by the link the moment it is lost.
/// Owner: one execution context (an io_context, a cell); calls and callbacks happen there, and no callback runs inside
/// the call that caused it.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "storage/base/error.hpp"
#include "storage/base/frame.hpp"

namespace troupe {

/// What a frame is about; the users of links number their conversations.
using LinkKind = uint16_t;

class Incoming;

/// A link's end of an Incoming: replies, and gives the sender its credit back.
class IncomingOwner {
 public:
  virtual ~IncomingOwner() = default;
  virtual void reply(uint64_t correlation, FrameBytes frame) = 0;
  virtual void reply_error(uint64_t correlation, const absl::Status& status) = 0;
  /// `bytes` of the window are free again.
  virtual void consumed(uint64_t bytes) = 0;
};

/// A frame from the peer. Its bytes count against the window until the Incoming is destroyed (or done() is called), so
/// keeping it is how a slow reader holds its peer back. A request that is dropped unanswered is answered with an error.
class Incoming {
 public:
  Incoming(std::weak_ptr<IncomingOwner> owner, LinkKind kind, FrameBytes frame, uint64_t correlation,
           uint32_t deadline_ms, uint64_t charged_bytes)
      : owner_{std::move(owner)},
        frame_{std::move(frame)},
        correlation_{correlation},
        charged_bytes_{charged_bytes},
        deadline_ms_{deadline_ms},
        kind_{kind} {}
  Incoming(Incoming&& other) noexcept;
  Incoming& operator=(Incoming&& other) noexcept;
  ~Incoming() { done(); }

  LinkKind kind() const { return kind_; }
  const FrameBytes& frame() const { return frame_; }
  bool wants_reply() const { return correlation_ != 0; }
  /// What was left of the requester's patience when the frame was sent; 0 for a message.
  uint32_t deadline_ms() const { return deadline_ms_; }

  /// Without effect when the connection that the request came over is gone, even if the link is up again.
  void reply(FrameBytes frame);
  void reply(const absl::Status& error);
  void done();

 private:
  std::weak_ptr<IncomingOwner> owner_;
  FrameBytes frame_;
  uint64_t correlation_ = 0;
  uint64_t charged_bytes_ = 0;
  uint32_t deadline_ms_ = 0;
  LinkKind kind_ = 0;
};

class PeerLink {
 public:
  using Reply = std::function<void(absl::StatusOr<FrameBytes>)>;
  using Handler = std::function<void(Incoming)>;

  virtual ~PeerLink() = default;

  /// One way, at most once: lost with the link.
  /// Errors: kConnectionFailure when the link is down; kConfigurationLimitExceeded when the peer's window and the queue
  /// behind it (link.window_bytes) are full: wait for on_writable; kProgramLimitExceeded for a frame above
  /// link.frame_bytes_max.
  virtual absl::Status send(LinkKind kind, FrameBytes frame) = 0;

  /// `reply` gets the peer's frame, the error the peer answered with, kQueryCanceled after `deadline_ms` (at least 1),
  /// kConnectionFailure when the link is down or lost meanwhile, or an error of send().
  virtual void request(LinkKind kind, FrameBytes frame, uint32_t deadline_ms, Reply reply) = 0;

  virtual bool connected() const = 0;
  virtual const std::string& peer_name() const = 0;
  /// Changes with every connection; 0 while there is none.
  virtual uint64_t incarnation() const = 0;

  /// What the peer asks or tells; set before the first connection.
  virtual void on_incoming(Handler handler) = 0;
  /// The link is up (OK) or was lost (why).
  virtual void on_state(std::function<void(const absl::Status&)> handler) = 0;
  /// After send() was refused for want of room: half of the queue is free again.
  virtual void on_writable(std::function<void()> handler) = 0;
};

}  // namespace troupe
