#pragma once
/// GET /: a page that follows tables and shows each change once, also over a restart of the node. It is what the page
/// of an application does, in a hundred lines without anything from elsewhere.
#include <string_view>

namespace troupe {

struct LivePage {
  std::string_view content_type;
  std::string_view body;
};

const LivePage& live_page();
const LivePage& live_script();
const LivePage& live_style();

}  // namespace troupe
