#pragma once
/// POST /v1/query: one statement with its parameters, and its rows, as JSON. Each is a session and a transaction of its
/// own.
#include <string>
#include <vector>

#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"
#include "actors/session/local_client.hpp"

namespace troupe {

class QueryExchange final : public HttpExchange, private LocalClientEvents {
 public:
  QueryExchange(HttpScene& scene, const LocalLogin& login);

  void run() override { client_.run(); }
  bool done() const override { return done_; }

 private:
  void on_ready(char transaction) override;
  void on_columns(std::span<const ColumnDescriptor> columns) override;
  void on_row(const DataRow& row) override;
  void on_complete(std::string_view tag) override { tag_ = tag; }
  void on_error(const ServerReport& report) override;
  void on_closed() override;

  HttpScene& scene_;
  LocalClient client_;
  std::vector<Oid> types_;
  std::string columns_;
  std::string rows_;
  std::string tag_;
  bool logged_in_ = false;
  bool done_ = false;
};

}  // namespace troupe
