#pragma once
/// One SUBSCRIBE TO STREAM: what its coroutines share.
#include "actors/session/event_writer.hpp"

namespace troupe {

struct StreamFollowing {
  std::shared_ptr<const StreamDef> stream;
  StreamTeller& teller;
  Subscription& subscription;
  EventWriter& out;
  bool transactions = false;  ///< where each begins and ends is told
  int64_t progress_us = 0;    ///< so often it is told how far reading is; 0: never
  int64_t retention_us = 0;
  bool begun = false;  ///< the transaction's begin was told
  Scn shown = kNoScn;  ///< what was told last of the progress
  int64_t shown_us = 0;
};

}  // namespace troupe
