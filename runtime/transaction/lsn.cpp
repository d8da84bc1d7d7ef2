#include "runtime/transaction/lsn.hpp"

#include "runtime/types/pg_lsn.hpp"

namespace troupe {

std::string lsn_text(Lsn lsn) { return format_pg_lsn(lsn); }

}  // namespace troupe
