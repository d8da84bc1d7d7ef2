/// What a client sets to shape its session: formats, timeouts, transactions, compatibility.
#include "runtime/settings/parameter_table.hpp"

namespace troupe::parameter_table {
namespace {

using enum ParameterContext;
using enum ParameterUnit;

constexpr ParameterInfo kParameters[] = {
    boolean("array_nulls", kUser, "on", kPreviousVersions, "Reads NULL in arrays as a null."),
    choice("backslash_quote", kUser, "safe_encoding", "safe_encoding, on, off", kPreviousVersions,
           "Sets whether \\' stands for a quote in string literals."),
    choice("bytea_output", kUser, "hex", "escape, hex", kStatement, "Sets how bytea values are shown."),
    boolean("check_function_bodies", kUser, "on", kStatement, "Checks function bodies when functions are created."),
    string("client_encoding", kUser, "UTF8", kLocale, "Sets the character set of the client.").report(),
    choice("client_min_messages", kUser, "notice",
           "debug5, debug4, debug3, debug2, debug1, log, notice, warning, error", kStatement,
           "Sets the least severe message that is sent to the client."),
    string("DateStyle", kUser, "ISO, MDY", kLocale,
           "Sets how dates are shown, and whether day or month comes first in ambiguous input.")
        .report(),
    string("default_table_access_method", kUser, "heap", kStatement, "Names the access method of new tables."),
    string("default_tablespace", kUser, "", kStatement, "Names the tablespace of new tables and indexes."),
    string("default_text_search_config", kUser, "pg_catalog.simple", kLocale,
           "Names the default configuration of text search."),
    choice("default_toast_compression", kUser, "pglz", "pglz, lz4", kStatement,
           "Names the compression of long values; pages are compressed as a whole, so it has no effect."),
    boolean("default_transaction_deferrable", kUser, "off", kStatement,
            "Sets whether new transactions are deferrable."),
    choice("default_transaction_isolation", kUser, "read committed",
           "serializable, repeatable read, read committed, read uncommitted", kStatement,
           "Sets the isolation level of new transactions."),
    boolean("default_transaction_read_only", kUser, "off", kStatement, "Sets whether new transactions are read-only.")
        .report(),
    string("dynamic_library_path", kSuperuser, "$libdir", kOtherDefaults,
           "Accepted for compatibility; there are no libraries to load."),
    boolean("escape_string_warning", kUser, "on", kPreviousVersions,
            "Warns of backslashes in ordinary string literals."),
    boolean("exit_on_error", kUser, "off", kErrorHandling, "Ends the session at any error."),
    integer("extra_float_digits", kUser, "1", kNone, -15, 3, kLocale,
            "Sets how many digits of floating-point values are shown; above 0 the shortest exact ones."),
    integer("gin_fuzzy_search_limit", kUser, "0", kNone, 0, kIntMax, kOtherDefaults,
            "Accepted for compatibility; GIN searches are never cut short."),
    integer("gin_pending_list_limit", kUser, "4096", kKilobytes, 64, kIntMax, kStatement,
            "Accepted for compatibility; indexes have no pending list."),
    integer("idle_in_transaction_session_timeout", kUser, "0", kMilliseconds, 0, kIntMax, kStatement,
            "Ends a session that idles in an open transaction for longer; 0 turns it off."),
    integer("idle_session_timeout", kUser, "0", kMilliseconds, 0, kIntMax, kStatement,
            "Ends a session that idles outside a transaction for longer; 0 turns it off."),
    choice("IntervalStyle", kUser, "postgres", "postgres, postgres_verbose, sql_standard, iso_8601", kLocale,
           "Sets how intervals are shown.")
        .report(),
    string("lc_messages", kSuperuser, "C.UTF-8", kLocale, "Sets the language of messages."),
    string("lc_monetary", kUser, "C.UTF-8", kLocale, "Sets the locale of monetary amounts."),
    string("lc_numeric", kUser, "C.UTF-8", kLocale, "Sets the locale of numbers."),
    string("lc_time", kUser, "C.UTF-8", kLocale, "Sets the locale of day and month names."),
    boolean("lo_compat_privileges", kSuperuser, "off", kPreviousVersions,
            "Accepted for compatibility; there are no large objects."),
    string("local_preload_libraries", kUser, "", kPreload,
           "Accepted for compatibility; there are no libraries to load."),
    integer("lock_timeout", kUser, "0", kMilliseconds, 0, kIntMax, kStatement,
            "Cancels a statement that waits for a lock for longer; 0 turns it off."),
    boolean("quote_all_identifiers", kUser, "off", kPreviousVersions, "Quotes every identifier in generated SQL."),
    boolean("row_security", kUser, "on", kStatement, "Applies row security policies."),
    string("search_path", kUser, "\"$user\", public", kStatement,
           "Sets the schemas in which names without a schema are looked up."),
    string("session_preload_libraries", kSuperuser, "", kPreload,
           "Accepted for compatibility; there are no libraries to load."),
    choice("session_replication_role", kSuperuser, "origin", "origin, replica, local", kStatement,
           "Sets whether triggers and rules fire as on an origin or a replica."),
    string("shared_preload_libraries", kRestart, "", kPreload,
           "Accepted for compatibility; there are no libraries to load."),
    boolean("standard_conforming_strings", kUser, "on", kPreviousVersions,
            "Takes backslashes in ordinary string literals as they are.")
        .report(),
    integer("statement_timeout", kUser, "0", kMilliseconds, 0, kIntMax, kStatement,
            "Cancels a statement that runs for longer; 0 turns it off."),
    boolean("synchronize_seqscans", kUser, "on", kPreviousVersions,
            "Accepted for compatibility; scans do not disturb each other."),
    string("temp_tablespaces", kUser, "", kStatement, "Names the tablespaces of temporary tables."),
    string("TimeZone", kUser, "UTC", kLocale, "Sets the time zone in which timestamps are shown and read.").report(),
    string("timezone_abbreviations", kUser, "Default", kLocale, "Selects the set of time zone abbreviations."),
    boolean("transaction_deferrable", kUser, "off", kStatement,
            "Sets whether this read-only serializable transaction may wait for a safe snapshot.")
        .keep_on_reset(),
    choice("transaction_isolation", kUser, "read committed",
           "serializable, repeatable read, read committed, read uncommitted", kStatement,
           "Sets the isolation level of this transaction.")
        .keep_on_reset(),
    boolean("transaction_read_only", kUser, "off", kStatement, "Sets whether this transaction is read-only.")
        .keep_on_reset(),
    boolean("transform_null_equals", kUser, "off", kOtherPlatforms, "Reads \"expr = NULL\" as \"expr IS NULL\"."),
    integer("vacuum_failsafe_age", kUser, "1600000000", kNone, 0, 2100000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    integer("vacuum_freeze_min_age", kUser, "50000000", kNone, 0, 1000000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    integer("vacuum_freeze_table_age", kUser, "150000000", kNone, 0, 2000000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    integer("vacuum_multixact_failsafe_age", kUser, "1600000000", kNone, 0, 2100000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    integer("vacuum_multixact_freeze_min_age", kUser, "5000000", kNone, 0, 1000000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    integer("vacuum_multixact_freeze_table_age", kUser, "150000000", kNone, 0, 2000000000, kStatement,
            "Accepted for compatibility; versions need no freezing."),
    choice("xmlbinary", kUser, "base64", "base64, hex", kStatement, "Sets how binary values are written in XML."),
    choice("xmloption", kUser, "content", "content, document", kStatement,
           "Sets whether XML is read as a document or as content."),
};

}  // namespace

std::span<const ParameterInfo> client_parameters() { return kParameters; }

}  // namespace troupe::parameter_table
