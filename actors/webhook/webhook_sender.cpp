#include "actors/webhook/webhook_sender.hpp"

#include "actors/webhook/webhook_event.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerS = 1'000'000;
/// While some partitions have events under way, the others are looked at so often.
constexpr int64_t kLookUs = 100'000;
constexpr std::chrono::milliseconds kTick{100};
constexpr size_t kEventsMax = 200;  ///< of one CONSUME, and under way before the next
constexpr std::string_view kMember = "webhook";

std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted.push_back(c);
    if (c == '\'') quoted.push_back(c);
  }
  return quoted + "'";
}

std::string why_refused(const HttpOutcome& outcome) {
  return outcome.answer.status == 0 ? outcome.error : cat("HTTP status ", outcome.answer.status);
}

bool is_taken(const HttpOutcome& outcome) {
  constexpr int kFirstGood = 200, kFirstOther = 300;
  return outcome.answer.status >= kFirstGood && outcome.answer.status < kFirstOther;
}

}  // namespace

WebhookSender::WebhookSender(caf::actor_config& config, ActorSeat seat, NodeContext& node,
                             std::shared_ptr<HttpCaller> caller, WebhookPlace place)
    : ActorOf(config, std::move(seat)),
      node_{node},
      caller_{std::move(caller)},
      place_{std::move(place)},
      reader_{reader_events_, waker()},
      teller_{teller_events_, waker()},
      random_{static_cast<uint64_t>(node.services.clock.monotonic_us())} {}

std::function<void()> WebhookSender::waker() {
  return [self = address()] {
    if (const auto actor = caf::actor_cast<WebhookSenderActor>(self)) caf::anon_send(actor, turn_atom::value);
  };
}

WebhookSender::behavior_type WebhookSender::make_behavior() {
  running();
  return {[this](start_atom) { begin(); }, [this](turn_atom) { work(); },
          [this](tick_atom) {
            work();
            tell_self_after(kTick, tick_atom::value);
          }};
}

void WebhookSender::on_exit() {
  if (entered_) update_board([](WebhookProgress& board) { board.sending = false; });
  reader_.hang_up();
  teller_.hang_up();
}

void WebhookSender::begin() {
  look_at_definition();
  // Started again while the first one was on its way.
  update_board([this](WebhookProgress& board) { entered_ = !std::exchange(board.sending, true); });
  if (!now_ || !entered_) return quit(caf::exit_reason::normal);
  LocalLogin login;
  login.user = now_->owner;
  login.database = now_->database;
  login.application_name = cat("webhook ", place_.name);
  login.settings = {{"TimeZone", "UTC"}, {"DateStyle", "ISO"}};
  login.peer.known = as_the_node(now_->owner);
  reader_.connect(node_, *pinned(), login);
  teller_.connect(node_, *pinned(), login);
  tell_self_after(kTick, tick_atom::value);
}

/// It may be altered at any time; the next delivery follows.
void WebhookSender::look_at_definition() {
  const CatalogPtr catalog = node_.services.catalog.get();
  if (catalog->version() == catalog_seen_) return;
  catalog_seen_ = catalog->version();
  auto now = webhook_now(catalog, place_);
  // Sessions are the owner's.
  if (!now || (now_ && now->owner != now_->owner)) {
    now_.reset();
    return;
  }
  now_ = std::move(now);
  if (auto url = parse_http_url(now_->group.webhook.url); url.ok()) url_ = *std::move(url);
  if (!now_->group.webhook.enabled && !std::exchange(stopping_, true)) {
    lanes_.give_back();
    if (consuming_) reader_.cancel();
  }
}

void WebhookSender::work() {
  look_at_definition();
  if (!now_) return quit(caf::exit_reason::normal);
  reader_.run();
  teller_.run();
  take_ended();
  act();
  if (!failure_.empty()) return fail(failure_);
  if (stopping_ && lanes_.empty() && !consuming_) return quit(caf::exit_reason::normal);
  consume();
}

/// With nothing under way it waits for events; otherwise others may have some, and partitions that were acknowledged.
void WebhookSender::consume() {
  if (consuming_ || stopping_ || lanes_.waiting() >= kEventsMax) return;
  const int64_t now_us = node_.services.clock.monotonic_us();
  if (!lanes_.empty() && !lane_ended_ && now_us - consumed_us_ < kLookUs) return;
  consuming_ = true;
  lane_ended_ = false;
  consumed_us_ = now_us;
  reader_.execute(cat("CONSUME ", kEventsMax, " FROM ", now_->sql_stream, " GROUP ", now_->sql_group, " MEMBER '",
                      kMember, "' WAIT '", lanes_.empty() ? "2s" : "0s", "'"),
                  {});
}

void WebhookSender::take_ended() {
  std::vector<Inbox::Ended> ended;
  {
    const std::lock_guard lock(inbox_->mutex);
    ended.swap(inbox_->ended);
  }
  for (const Inbox::Ended& one : ended) on_ended(one);
}

void WebhookSender::on_ended(const Inbox::Ended& ended) {
  const WebhookEvent* event = lanes_.posted(ended.partition, ended.post);
  if (event == nullptr) return;
  const int64_t wall_us = node_.services.clock.wall_us();
  if (is_taken(ended.outcome)) {
    update_board([&](WebhookProgress& board) {
      ++board.delivered;
      board.last_status = ended.outcome.answer.status;
      board.last_delivered_us = wall_us;
    });
    return lanes_.taken(ended.partition, ended.post, &acts_);
  }
  const std::string why = why_refused(ended.outcome);
  update_board([&](WebhookProgress& board) {
    ++board.failed;
    board.last_status = ended.outcome.answer.status;
    board.last_error = why;
    board.last_error_us = wall_us;
  });
  const WebhookDef& webhook = now_->group.webhook;
  constexpr double kParts = 1'000'000;
  const double random = static_cast<double>(random_.below(static_cast<uint64_t>(kParts))) / kParts;
  int64_t pause_us = retry_pause_us(event->delivery, webhook.retry_first_us, webhook.retry_longest_us, random);
  if (ended.outcome.answer.retry_after_s) {
    pause_us = std::max(pause_us, std::min(*ended.outcome.answer.retry_after_s * kUsPerS, webhook.retry_longest_us));
  }
  const int32_t most = now_->group.max_deliveries;
  if (most > 0 && event->delivery >= most) pause_us = 0;  // the next thing is its funeral
  lanes_.refused(ended.partition, ended.post, why, pause_us, &acts_);
}

void WebhookSender::act() {
  while (!acts_.empty()) {
    const WebhookLanes::Acts acts = std::exchange(acts_, {});
    for (const WebhookAct& one : acts) {
      if (one.kind == WebhookAct::Kind::kPost) {
        post(one);
      } else {
        tell_group(one);
      }
    }
  }
}

void WebhookSender::post(const WebhookAct& act) {
  const WebhookEvent* event = lanes_.posted(act.partition, act.post);
  if (event == nullptr) return;
  // Disabled while it waited for its turn.
  if (stopping_) return lanes_.refused(act.partition, act.post, "", 0, &acts_);
  const WebhookDef& webhook = now_->group.webhook;
  HttpCall call;
  call.url = url_;
  call.timeout_us = webhook.timeout_us;
  call.text =
      http_post_text(url_, webhook_headers(webhook, *event, node_.services.clock.wall_us() / kUsPerS), event->body);
  caller_->call(std::move(call), [inbox = inbox_, wake = waker(), partition = act.partition,
                                  post = act.post](const HttpOutcome& outcome) {
    {
      const std::lock_guard lock(inbox->mutex);
      inbox->ended.push_back({partition, post, outcome});
    }
    wake();
  });
}

void WebhookSender::tell_group(const WebhookAct& act) {
  const bool rejects = act.kind == WebhookAct::Kind::kReject;
  std::string text = cat(rejects ? "REJECT " : "ACKNOWLEDGE ", now_->sql_stream, " GROUP ", now_->sql_group, " BATCH '",
                         act.batch, "' PARTITION ", act.partition);
  if (!act.upto.empty()) text += cat(" UPTO '", act.upto, "'");
  if (rejects && !act.reason.empty()) text += cat(" REASON ", literal(act.reason));
  if (rejects) text += cat(" AFTER '", act.pause_us, " us'");
  teller_.execute(text, {});
  told_.push_back(act);
}

void WebhookSender::fail(const std::string& why) {
  update_board([&](WebhookProgress& board) {
    board.last_error = why;
    board.last_error_us = node_.services.clock.wall_us();
  });
  seat().failure->set(why);
  quit(caf::exit_reason::user_shutdown);
}

void WebhookSender::update_board(const std::function<void(WebhookProgress&)>& change) {
  WebhookBoards::of_node(&node_.services).update(place_.webhook, change);
}

// --- CONSUME ---

void WebhookSender::Reader::on_ready(char) {
  if (std::exchange(logged_in_, true)) sender_.consuming_ = false;
}

void WebhookSender::Reader::on_row(const DataRow& row) {
  ConsumedEvent consumed = consumed_event(row, sender_.place_.webhook);
  sender_.lanes_.take(consumed.partition, consumed.batch, std::move(consumed.event), &sender_.acts_);
}

void WebhookSender::Reader::on_error(const ServerReport& report) {
  // Cancelled by ourselves: it is to stop.
  if (sender_.stopping_ && report.sqlstate == "57014") return;
  sender_.failure_ = cat(report.message, " (", report.sqlstate, ")");
}

void WebhookSender::Reader::on_closed() {
  if (sender_.failure_.empty()) sender_.failure_ = "its session has ended";
}

// --- ACKNOWLEDGE and REJECT ---

void WebhookSender::Teller::on_ready(char) {
  if (!std::exchange(logged_in_, true) || sender_.told_.empty()) return;
  const WebhookAct act = std::move(sender_.told_.front());
  sender_.told_.pop_front();
  sender_.lane_ended_ = sender_.lane_ended_ || act.last;
  if (std::exchange(too_late_, false)) {
    sender_.lanes_.lost(act);
  } else {
    sender_.lanes_.answered(act, &sender_.acts_);
  }
}

void WebhookSender::Teller::on_error(const ServerReport& report) {
  // The group was sent elsewhere, or it took too long: what it is has been, or will be, delivered again.
  too_late_ = report.sqlstate == "55000";
  if (!too_late_) sender_.failure_ = cat(report.message, " (", report.sqlstate, ")");
}

void WebhookSender::Teller::on_closed() {
  if (sender_.failure_.empty()) sender_.failure_ = "its session has ended";
}

ChildSpecPtr webhook_child(NodeContext& node, caf::execution_unit* unit, std::shared_ptr<HttpCaller> caller,
                           WebhookPlace place) {
  auto spec = std::make_shared<ChildSpec>();
  spec->kind = "webhook";
  spec->name = cat("webhook ", place.name);
  spec->restart = RestartType::kTemporary;  // whoever starts them looks who is there
  spec->pinned = unit;
  spec->start = [&node, caller = std::move(caller), place = std::move(place)](caf::local_actor& supervisor,
                                                                              const ActorSeat& seat) {
    const auto sender = supervisor.spawn<WebhookSender>(seat, std::ref(node), caller, place);
    caf::anon_send(sender, start_atom::value);
    return caf::actor_cast<caf::actor>(sender);
  };
  return spec;
}

}  // namespace troupe
