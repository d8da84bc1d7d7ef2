#pragma once
/// POST /v1/session: whoever logs in as on the SQL port gets an access token.
#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"
#include "actors/session/local_client.hpp"

namespace troupe {

class LoginExchange final : public HttpExchange, private LocalClientEvents {
 public:
  LoginExchange(HttpScene& scene, const LocalLogin& login);

  void run() override { client_.run(); }
  bool done() const override { return done_; }

 private:
  void on_ready(char transaction) override;
  void on_error(const ServerReport& report) override;
  void on_closed() override;

  HttpScene& scene_;
  LocalClient client_;
  const std::string user_;
  const std::string database_;
  bool done_ = false;
};

/// DELETE /v1/session: the token of the request is good no longer.
void end_token(HttpScene& scene);

}  // namespace troupe
