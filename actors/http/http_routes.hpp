#pragma once
/// What the HTTP port has under which path, and for whom.
#include <memory>

#include "actors/http/http_exchange.hpp"
#include "actors/http/http_scene.hpp"

namespace troupe {

/// Null: it is answered already.
std::unique_ptr<HttpExchange> answer_request(HttpScene& scene);

}  // namespace troupe
