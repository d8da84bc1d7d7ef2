#pragma once
/// The actor of one webhook: a member of its consumer group (one session CONSUMEs, another one acknowledges) that posts
/// what it is given. It keeps nothing that has to last: what was delivered, how often, why not, and when it is to be
/// tried again is in the group's rows, so it may be killed at any moment.
/// It runs on a cell, and so do its sessions; requests are made elsewhere (http_caller.hpp).
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/session/local_client.hpp"
#include "actors/webhook/http_caller.hpp"
#include "actors/webhook/webhook_board.hpp"
#include "actors/webhook/webhook_place.hpp"
#include "runtime/cell/actor.hpp"
#include "runtime/cell/supervisor.hpp"
#include "runtime/stream/webhook_lanes.hpp"
#include "storage/base/random.hpp"

namespace troupe {

using WebhookSenderActor = caf::typed_actor<
    // Begin to deliver.
    caf::reacts_to<start_atom>,
    // A session has said something, or a request has ended.
    caf::reacts_to<turn_atom>,
    // Time has passed.
    caf::reacts_to<tick_atom>>;

class WebhookSender final : public ActorOf<WebhookSenderActor::base> {
 public:
  WebhookSender(caf::actor_config& config, ActorSeat seat, NodeContext& node, std::shared_ptr<HttpCaller> caller,
                WebhookPlace place);
  behavior_type make_behavior() override;
  const char* name() const override { return "webhook"; }
  void on_exit() override;

 private:
  /// What was posted, by partition and post, and how that ended; filled by the caller's thread.
  struct Inbox {
    struct Ended {
      uint32_t partition = 0;
      uint64_t post = 0;
      HttpOutcome outcome;
    };
    std::mutex mutex;
    std::vector<Ended> ended;
  };
  /// CONSUME.
  class Reader final : public LocalClientEvents {
   public:
    explicit Reader(WebhookSender& sender) : sender_{sender} {}
    void on_ready(char) override;
    void on_row(const DataRow& row) override;
    void on_error(const ServerReport& report) override;
    void on_closed() override;

   private:
    WebhookSender& sender_;
    bool logged_in_ = false;
  };
  /// ACKNOWLEDGE and REJECT; answers come in order.
  class Teller final : public LocalClientEvents {
   public:
    explicit Teller(WebhookSender& sender) : sender_{sender} {}
    void on_ready(char) override;
    void on_error(const ServerReport& report) override;
    void on_closed() override;

   private:
    WebhookSender& sender_;
    bool logged_in_ = false;
    bool too_late_ = false;
  };

  void begin();
  void work();
  void look_at_definition();
  void consume();
  void take_ended();
  void on_ended(const Inbox::Ended& ended);
  void act();
  void post(const WebhookAct& act);
  void tell_group(const WebhookAct& act);
  void fail(const std::string& why);
  std::function<void()> waker();
  void update_board(const std::function<void(WebhookProgress&)>& change);

  NodeContext& node_;
  std::shared_ptr<HttpCaller> caller_;
  const WebhookPlace place_;
  std::optional<WebhookNow> now_;
  HttpUrl url_;
  Scn catalog_seen_ = kNoScn;
  Reader reader_events_{*this};
  Teller teller_events_{*this};
  LocalClient reader_, teller_;
  WebhookLanes lanes_;
  WebhookLanes::Acts acts_;
  std::deque<WebhookAct> told_;  ///< to the group, and not answered
  std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  Random random_;
  bool entered_ = false;  ///< it is the webhook's sender
  bool consuming_ = false;
  bool lane_ended_ = false;  ///< its partition may have more
  bool stopping_ = false;    ///< disabled: what is under way is brought to its end
  int64_t consumed_us_ = 0;
  std::string failure_;
};

/// The child that the streams' supervisor starts.
ChildSpecPtr webhook_child(NodeContext& node, caf::execution_unit* unit, std::shared_ptr<HttpCaller> caller,
                           WebhookPlace place);

}  // namespace troupe
