#pragma once
/// One item between the commas of a record or range literal: quotes, doubled quotes and backslashes are resolved.
#include <string>
#include <string_view>

#include "runtime/types/text_scan.hpp"

namespace troupe::text_scan {

/// Takes the item off *rest, up to one of `ends` outside quotes. False when the text ends before it does.
inline bool take_item(std::string_view* rest, std::string_view ends, std::string* item) {
  bool quoted = false;
  for (;;) {
    if (rest->empty()) return false;
    const char c = rest->front();
    if (!quoted && ends.find(c) != std::string_view::npos) return true;
    rest->remove_prefix(1);
    if (c == '\\') {
      if (rest->empty()) return false;
      item->push_back(rest->front());
      rest->remove_prefix(1);
    } else if (c != '"') {
      item->push_back(c);
    } else if (quoted && !rest->empty() && rest->front() == '"') {
      item->push_back('"');
      rest->remove_prefix(1);
    } else {
      quoted = !quoted;
    }
  }
}

/// The item as it is written; in quotes when it is empty or has one of `special` or a space in it.
inline void append_item(std::string_view text, std::string_view special, std::string* out) {
  const bool plain = !text.empty() && std::none_of(text.begin(), text.end(), [&](char c) {
    return is_space(c) || special.find(c) != std::string_view::npos;
  });
  if (plain) {
    out->append(text);
    return;
  }
  out->push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') out->push_back(c);
    out->push_back(c);
  }
  out->push_back('"');
}

}  // namespace troupe::text_scan
