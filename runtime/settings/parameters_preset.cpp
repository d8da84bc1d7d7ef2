/// What the server only shows, and who the user is.
#include "runtime/settings/parameter_table.hpp"

namespace troupe::parameter_table {
namespace {

using enum ParameterContext;
using enum ParameterUnit;

constexpr ParameterInfo kParameters[] = {
    integer("block_size", kInternal, "8192", kNone, 8192, 8192, kPreset, "Shows the size of a page."),
    boolean("data_checksums", kInternal, "on", kPreset, "Shows whether pages carry checksums."),
    integer("data_directory_mode", kInternal, "448", kNone, 0, 511, kPreset,
            "Shows the permissions of the data directory."),
    boolean("debug_assertions", kInternal, "off", kPreset, "Shows whether assertions are checked."),
    boolean("in_hot_standby", kInternal, "off", kPreset, "Shows whether the server is a standby that answers reads.")
        .report(),
    boolean("integer_datetimes", kInternal, "on", kPreset, "Shows that dates and times are kept as integers.").report(),
    boolean("is_superuser", kInternal, "on", kPreset, "Shows whether the current user is a superuser.").report().hide(),
    string("lc_collate", kInternal, "C.UTF-8", kPreset, "Shows the collation of the database."),
    string("lc_ctype", kInternal, "C.UTF-8", kPreset, "Shows the character classification of the database."),
    integer("max_function_args", kInternal, "100", kNone, 100, 100, kPreset,
            "Shows how many arguments a function may have."),
    integer("max_identifier_length", kInternal, "63", kNone, 63, 63, kPreset,
            "Shows how long an identifier may be, in bytes."),
    integer("max_index_keys", kInternal, "32", kNone, 32, 32, kPreset, "Shows how many columns an index may have."),
    string("role", kUser, "none", kPreset, "Sets the role whose privileges count.").hide(),
    integer("segment_size", kInternal, "131072", kPages, 131072, 131072, kPreset, "Shows how many pages a file holds."),
    string("server_encoding", kInternal, "UTF8", kPreset, "Shows the character set of the database.").report(),
    string("server_version", kInternal, "15.0", kPreset, "Shows the PostgreSQL version whose behaviour is followed.")
        .report(),
    integer("server_version_num", kInternal, "150000", kNone, 150000, 150000, kPreset,
            "Shows the PostgreSQL version as a number."),
    real("seed", kUser, "0", kNone, -1, 1, kPreset, "Sets the seed of random().").hide(),
    string("session_authorization", kUser, "", kPreset, "Sets the session's user.").report().hide(),
    integer("shared_memory_size", kInternal, "0", kMegabytes, 0, kIntMax, kPreset,
            "Shows the size of shared memory; there is none."),
    string("ssl_library", kInternal, "OpenSSL", kPreset, "Names the library behind TLS connections."),
    string("troupe_version", kInternal, "0.1.0", kPreset, "Shows the version of Troupe."),
    integer("wal_block_size", kInternal, "8192", kNone, 8192, 8192, kPreset, "Shows the size of a block of the log."),
    integer("wal_segment_size", kInternal, "16777216", kBytes, 1048576, 1073741824, kPreset,
            "Shows the size of a log segment."),
};

}  // namespace

std::span<const ParameterInfo> preset_parameters() { return kParameters; }

}  // namespace troupe::parameter_table
