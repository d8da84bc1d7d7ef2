#include "actors/http/http_connection.hpp"

#include <algorithm>

#include "actors/http/http_routes.hpp"
#include "actors/session/tls_transport.hpp"
#include "storage/base/text.hpp"

namespace troupe {
namespace {

constexpr int64_t kUsPerS = 1'000'000;
/// Received and not yet used: requests behind the one that is being answered.
constexpr size_t kUnreadBytesMax = 64 * 1024;
/// How long a client that was refused has to read why.
constexpr int64_t kLingerUs = kUsPerS;

HttpLimits limits_of(const NodeConfig& config) { return {config.http_header_bytes_max, config.http_body_bytes_max}; }

}  // namespace

HttpConnection::HttpConnection(caf::actor_config& config, ActorSeat seat, NodeContext& node,
                               std::shared_ptr<HttpFront> front, std::shared_ptr<Transport> transport)
    : ActorOf(config, std::move(seat)),
      node_{node},
      front_{std::move(front)},
      transport_{std::move(transport)},
      reader_{limits_of(node.services.config)} {
  front_->came();
}

HttpConnection::behavior_type HttpConnection::make_behavior() {
  running();
  return {[this](start_atom) { begin(); }, [this](turn_atom) { on_turn(); }, [this](tick_atom) { on_tick(); }};
}

void HttpConnection::on_exit() {
  front_->went();
  exchange_.reset();
  transport_->close();
}

void HttpConnection::begin() {
  const auto wake = [self = address()] {
    if (const auto actor = caf::actor_cast<HttpConnectionActor>(self)) caf::anon_send(actor, turn_atom::value);
  };
  scene_ = std::make_unique<HttpScene>(HttpScene{node_, *front_, *pinned(), wake, out_, {}});
  scene_->peer.name = transport_->peer_name();
  busy_us_ = scene_->now_us();
  transport_->start(static_cast<TransportEvents*>(this));
  if (node_.services.front_door.tls != nullptr) begin_tls();
  on_tick();
}

void HttpConnection::begin_tls() {
  const auto on_failure = [&events = node_.services.events, peer = scene_->peer.name](const absl::Status& why) {
    events.add("tls", "http", cat("client ", peer, ": ", error_fields(why).message));
  };
  auto secured = std::make_shared<TlsTransport>(transport_, node_.services.front_door.tls->context.get(), on_failure);
  secured->start(static_cast<TransportEvents*>(this));
  transport_ = std::move(secured);
}

// --- from the socket ---

void HttpConnection::wake_self() {
  if (!std::exchange(turn_wanted_, true)) scene_->wake();
}

void HttpConnection::on_received(size_t size) {
  received_.received(size);
  if (received_.unread().size() >= kUnreadBytesMax && !std::exchange(paused_, true)) transport_->pause_reading(true);
  wake_self();
}

void HttpConnection::on_sent() {
  sending_ = false;
  wake_self();
}

void HttpConnection::on_closed() {
  closed_ = true;
  wake_self();
}

// --- turns ---

void HttpConnection::on_turn() {
  turn_wanted_ = false;
  if (!closed_ && exchange_ != nullptr) exchange_->run();
  if (!closed_) take_input();
  if (!closed_) write_out();
  if (closed_) quit();
}

void HttpConnection::on_tick() {
  const NodeConfig& config = node_.services.config;
  const int64_t quiet_us = scene_->now_us() - busy_us_;
  if (lingering_ && quiet_us > kLingerUs) transport_->close();
  if (exchange_ != nullptr) {
    exchange_->on_tick();
  } else if (!closing_ && quiet_us > config.http_idle_s * kUsPerS) {
    if (reader_.in_request()) {
      end_with_error(408, "the request did not come to its end");
    } else {
      transport_->close();
    }
  }
  on_turn();
  const int64_t wait_s = std::max<int64_t>(1, std::min(config.http_heartbeat_s, config.http_idle_s) / 4);
  if (!closed_) tell_self_after(std::chrono::seconds(wait_s), tick_atom::value);
}

/// One exchange after the other, as long as the client reads the answers.
void HttpConnection::take_input() {
  while (!closing_ && !sending_) {
    if (exchange_ != nullptr && exchange_->takes_bytes()) {
      exchange_->on_bytes(received_.unread());
      received_.consume(received_.unread().size());
    }
    if (exchange_ != nullptr) {
      if (!exchange_->done()) break;
      exchange_.reset();
      busy_us_ = scene_->now_us();
      closing_ = scene_->closes;
    } else if (!take_request()) {
      break;
    }
  }
  if (closing_) received_.consume(received_.unread().size());  // nobody looks at it
  if (paused_ && received_.unread().size() < kUnreadBytesMax) {
    paused_ = false;
    transport_->pause_reading(false);
  }
}

/// False: none is there.
bool HttpConnection::take_request() {
  std::string_view unread = received_.unread();
  const size_t before = unread.size();
  HttpRequest request;
  const HttpReader::Step step = reader_.read(&unread, &request);
  received_.consume(before - unread.size());
  switch (step) {
    case HttpReader::Step::kNeedMore: return false;
    case HttpReader::Step::kContinue: append_continue(&out_); return false;
    case HttpReader::Step::kError: end_with_error(reader_.error_status(), reader_.error()); return false;
    case HttpReader::Step::kRequest: break;
  }
  busy_us_ = scene_->now_us();
  scene_->request = std::move(request);
  scene_->shared_headers.clear();
  scene_->closes = false;
  answer();
  return true;
}

void HttpConnection::answer() {
  if (const TlsFacts* facts = transport_->tls(); facts != nullptr && scene_->peer.tls == nullptr) {
    scene_->peer.tls = std::make_shared<const TlsFacts>(*facts);
  }
  exchange_ = answer_request(*scene_);
  if (exchange_ == nullptr) closing_ = scene_->closes;
}

/// What was received may be more than is looked at, and to close at once would take the answer back.
void HttpConnection::end_with_error(int status, std::string_view message) {
  scene_->request = HttpRequest();
  scene_->closes = closing_ = lingering_ = true;
  busy_us_ = scene_->now_us();
  scene_->respond_error(status, "08P01", message);
}

void HttpConnection::write_out() {
  if (!sending_ && !out_.empty()) sending_ = !transport_->send(out_);
  if (exchange_ != nullptr) exchange_->hold_back(sending_);
  if (closing_ && !sending_ && !lingering_) transport_->close();
}

ChildSpecPtr http_child(NodeContext& node, caf::execution_unit& unit, std::shared_ptr<HttpFront> front,
                        std::shared_ptr<Transport> transport) {
  auto spec = std::make_shared<ChildSpec>();
  spec->kind = "http";
  spec->name = "http " + transport->peer_name();
  spec->restart = RestartType::kTemporary;
  spec->pinned = &unit;
  spec->start = [&node, front = std::move(front), transport = std::move(transport)](caf::local_actor& supervisor,
                                                                                    const ActorSeat& seat) {
    const auto connection = supervisor.spawn<HttpConnection>(seat, std::ref(node), front, transport);
    caf::anon_send(connection, start_atom::value);
    return caf::actor_cast<caf::actor>(connection);
  };
  return spec;
}

}  // namespace troupe
