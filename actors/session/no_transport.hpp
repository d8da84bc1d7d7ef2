#pragma once
/// The transport of a session that has no client: what it says is for nobody.
#include "actors/session/transport.hpp"

namespace troupe {

class NoTransport final : public Transport {
 public:
  explicit NoTransport(std::string name) : name_{std::move(name)} {}

  void start(TransportEvents*) override {}
  void tell(TransportEvents*) override {}
  void pause_reading(bool) override {}
  bool send(OutputBuffer& buffer) override {
    buffer.consume(buffer.size());
    return true;
  }
  void close() override {}
  std::string peer_name() const override { return name_; }

 private:
  std::string name_;
};

}  // namespace troupe
