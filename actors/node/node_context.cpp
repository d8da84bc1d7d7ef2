#include "actors/node/node_context.hpp"

#include "storage/base/text.hpp"

namespace troupe {

void NodeContext::fence(const std::string& what, const absl::Status& why) {
  if (services.fenced.exchange(true)) return;
  const std::string reason = cat(what, ": ", std_view(why.message()));
  services.events.add("fence", "node", reason);
  if (on_fenced) on_fenced(reason);
}

}  // namespace troupe
