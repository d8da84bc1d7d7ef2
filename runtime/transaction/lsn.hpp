#pragma once
/// PostgreSQL's log positions for a log of commits. One fixed rule (docs/replication.md): the commit with SCN n is at
/// 16 n and ends at 16 n + 8, so that positions grow in commit order, no commit ends where the next begins, and whoever
/// has everything before a position has the commits up to (position - 1) / 16.
#include <cstdint>
#include <string>

#include "storage/base/ids.hpp"

namespace troupe {

using Lsn = uint64_t;
inline constexpr Lsn kNoLsn = 0;

constexpr Lsn lsn_of_commit(Scn scn) { return scn << 4; }
constexpr Lsn lsn_behind(Scn scn) { return (scn << 4) + 8; }
/// The newest commit of which `lsn` is behind the beginning.
constexpr Scn scn_before(Lsn lsn) { return lsn == kNoLsn ? kNoScn : (lsn - 1) >> 4; }

/// As PostgreSQL writes it: "0/16B3748".
std::string lsn_text(Lsn lsn);

}  // namespace troupe
