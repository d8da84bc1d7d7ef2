#pragma once
/// What of a webhook's events is under way. A lane is what was delivered to the node of one partition of its group: its
/// events are posted one after the other, so that those of a key keep their order, and lanes do not wait for each
/// other. What the receiver has taken is acknowledged as it goes; at the first event that it has not taken the lane
/// ends, and the group delivers the rest again: that event after a pause, and what is behind it as if it had never been
/// delivered. Pure: what has happened in, what is to be done out. Invariant: of a lane at most one event is posted and
/// at most one acknowledgement is unanswered, but for its last. Owner: one webhook sender.
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace troupe {

struct WebhookEvent {
  std::string token;
  std::string id;  ///< the same whenever it is delivered
  std::string body;
  int32_t delivery = 1;  ///< the how-manieth of it this is
};

struct WebhookAct {
  enum class Kind : uint8_t { kPost, kAcknowledge, kReject };
  Kind kind{};
  uint32_t partition = 0;
  uint64_t post = 0;  ///< by which its end is told
  std::string batch;
  std::string upto;    ///< empty: all of the lane
  std::string reason;  ///< empty: it is given back, nothing is wrong with it
  int64_t pause_us = 0;
  bool last = false;  ///< of the lane
};

class WebhookLanes {
 public:
  using Acts = std::vector<WebhookAct>;

  /// An event of a batch, in the order of the stream. Whatever the partition had of an older batch is void.
  void take(uint32_t partition, const std::string& batch, WebhookEvent event, Acts* acts);
  /// The event that is to be posted; null: the lane is no more.
  const WebhookEvent* posted(uint32_t partition, uint64_t post) const;

  // How a post ended.
  void taken(uint32_t partition, uint64_t post, Acts* acts);
  void refused(uint32_t partition, uint64_t post, std::string reason, int64_t pause_us, Acts* acts);

  // How an acknowledgement or rejection ended.
  void answered(const WebhookAct& act, Acts* acts);
  /// It came too late: somebody else has the batch.
  void lost(const WebhookAct& act);

  /// Nothing more is posted; what is not, is given back.
  void give_back();

  bool empty() const { return lanes_.empty(); }
  /// Events that were not posted, or whose post has not ended.
  size_t waiting() const;

 private:
  struct Lane {
    std::string batch;
    std::deque<WebhookEvent> events;
    uint64_t post = 0;         ///< of the first event; 0: none
    std::string taken;         ///< the last event that was taken,
    std::string acknowledged;  ///< and up to where that was told
    bool telling = false;
    bool closing = false;
  };
  void post(uint32_t partition, Lane& lane, Acts* acts);
  void tell(uint32_t partition, Lane& lane, Acts* acts);
  void close(uint32_t partition, Lane& lane, WebhookAct last, Acts* acts);

  std::map<uint32_t, Lane> lanes_;
  uint64_t posts_ = 0;
  bool giving_back_ = false;
};

/// How long to wait after so many deliveries in vain: twice as long each time, half of it at random, so that a receiver
/// that comes back is not met by all at once. `random`: 0 to 1.
int64_t retry_pause_us(int32_t deliveries, int64_t first_us, int64_t longest_us, double random);

}  // namespace troupe
