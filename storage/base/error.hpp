#pragma once
/// Errors: absl::Status whose payload carries what PostgreSQL's ErrorResponse carries. Shape: one ErrorCode = one
/// SQLSTATE. Usage: `return error(ErrorCode::kUniqueViolation, "duplicate key value ...");` and, where more is known,
/// `return with_hint(status, "...")`.
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/base/text.hpp"

namespace troupe {

/// Five SQLSTATE characters, six bits each.
constexpr uint32_t pack_sqlstate(const char (&s)[6]) {
  uint32_t packed = 0;
  for (int i = 0; i < 5; ++i) packed = (packed << 6) | (static_cast<uint32_t>(s[i] - '0') & 0x3F);
  return packed;
}
std::string unpack_sqlstate(uint32_t packed);

/// PostgreSQL 15's conditions (errcodes.txt) that Troupe raises. Add what you need, in SQLSTATE order.
enum class ErrorCode : uint32_t {
  kOk = pack_sqlstate("00000"),
  kWarning = pack_sqlstate("01000"),
  kNoData = pack_sqlstate("02000"),
  kConnectionFailure = pack_sqlstate("08006"),
  kProtocolViolation = pack_sqlstate("08P01"),
  kFeatureNotSupported = pack_sqlstate("0A000"),
  kInvalidTransactionInitiation = pack_sqlstate("0B000"),
  kCardinalityViolation = pack_sqlstate("21000"),
  kDataException = pack_sqlstate("22000"),
  kStringDataRightTruncation = pack_sqlstate("22001"),
  kStringDataLengthMismatch = pack_sqlstate("22026"),
  kNumericValueOutOfRange = pack_sqlstate("22003"),
  kNullValueNotAllowed = pack_sqlstate("22004"),
  kInvalidDatetimeFormat = pack_sqlstate("22007"),
  kDatetimeFieldOverflow = pack_sqlstate("22008"),
  kInvalidTimeZoneDisplacement = pack_sqlstate("22009"),
  kEscapeCharacterConflict = pack_sqlstate("2200B"),
  kInvalidEscapeCharacter = pack_sqlstate("22019"),
  kSubstringError = pack_sqlstate("22011"),
  kDivisionByZero = pack_sqlstate("22012"),
  kInvalidPrecedingOrFollowingSize = pack_sqlstate("22013"),
  kInvalidArgumentForNtile = pack_sqlstate("22014"),
  kIntervalFieldOverflow = pack_sqlstate("22015"),
  kInvalidArgumentForNthValue = pack_sqlstate("22016"),
  kInvalidArgumentForLogarithm = pack_sqlstate("2201E"),
  kInvalidArgumentForPowerFunction = pack_sqlstate("2201F"),
  kInvalidArgumentForWidthBucket = pack_sqlstate("2201G"),
  kInvalidRowCountInLimit = pack_sqlstate("2201W"),
  kInvalidRowCountInOffset = pack_sqlstate("2201X"),
  kInvalidRegularExpression = pack_sqlstate("2201B"),
  kCharacterNotInRepertoire = pack_sqlstate("22021"),
  kInvalidParameterValue = pack_sqlstate("22023"),
  kInvalidEscapeSequence = pack_sqlstate("22025"),
  kArraySubscriptError = pack_sqlstate("2202E"),
  kInvalidTextRepresentation = pack_sqlstate("22P02"),
  kInvalidBinaryRepresentation = pack_sqlstate("22P03"),
  kBadCopyFileFormat = pack_sqlstate("22P04"),
  kUntranslatableCharacter = pack_sqlstate("22P05"),
  kNonstandardUseOfEscapeCharacter = pack_sqlstate("22P06"),
  kSequenceGeneratorLimitExceeded = pack_sqlstate("2200H"),
  kIntegrityConstraintViolation = pack_sqlstate("23000"),
  kNotNullViolation = pack_sqlstate("23502"),
  kForeignKeyViolation = pack_sqlstate("23503"),
  kUniqueViolation = pack_sqlstate("23505"),
  kExclusionViolation = pack_sqlstate("23P01"),
  kCheckViolation = pack_sqlstate("23514"),
  kInvalidCursorState = pack_sqlstate("24000"),
  kActiveSqlTransaction = pack_sqlstate("25001"),
  kReadOnlySqlTransaction = pack_sqlstate("25006"),
  kNoActiveSqlTransaction = pack_sqlstate("25P01"),
  kInFailedSqlTransaction = pack_sqlstate("25P02"),
  kIdleInTransactionTimeout = pack_sqlstate("25P03"),
  kInvalidSqlStatementName = pack_sqlstate("26000"),
  kInvalidAuthorization = pack_sqlstate("28000"),
  kInvalidPassword = pack_sqlstate("28P01"),
  kDependentObjectsStillExist = pack_sqlstate("2BP01"),
  kInvalidTransactionTermination = pack_sqlstate("2D000"),
  kInvalidCursorName = pack_sqlstate("34000"),
  kInvalidSavepoint = pack_sqlstate("3B001"),
  kInvalidCatalogName = pack_sqlstate("3D000"),
  kInvalidSchemaName = pack_sqlstate("3F000"),
  kTransactionRollback = pack_sqlstate("40000"),
  kSerializationFailure = pack_sqlstate("40001"),
  kStatementCompletionUnknown = pack_sqlstate("40003"),
  kDeadlockDetected = pack_sqlstate("40P01"),
  kSyntaxErrorOrAccessRule = pack_sqlstate("42000"),
  kInsufficientPrivilege = pack_sqlstate("42501"),
  kSyntaxError = pack_sqlstate("42601"),
  kInvalidName = pack_sqlstate("42602"),
  kInvalidColumnDefinition = pack_sqlstate("42611"),
  kNameTooLong = pack_sqlstate("42622"),
  kDuplicateColumn = pack_sqlstate("42701"),
  kAmbiguousColumn = pack_sqlstate("42702"),
  kUndefinedColumn = pack_sqlstate("42703"),
  kUndefinedObject = pack_sqlstate("42704"),
  kDuplicateObject = pack_sqlstate("42710"),
  kDuplicateAlias = pack_sqlstate("42712"),
  kDuplicateFunction = pack_sqlstate("42723"),
  kAmbiguousFunction = pack_sqlstate("42725"),
  kGroupingError = pack_sqlstate("42803"),
  kInvalidForeignKey = pack_sqlstate("42830"),
  kDatatypeMismatch = pack_sqlstate("42804"),
  kWrongObjectType = pack_sqlstate("42809"),
  kCannotCoerce = pack_sqlstate("42846"),
  kUndefinedFunction = pack_sqlstate("42883"),
  kGeneratedAlways = pack_sqlstate("428C9"),
  kInvalidObjectDefinition = pack_sqlstate("42P17"),
  kReservedName = pack_sqlstate("42939"),
  kUndefinedTable = pack_sqlstate("42P01"),
  kUndefinedParameter = pack_sqlstate("42P02"),
  kDuplicateCursor = pack_sqlstate("42P03"),
  kDuplicateDatabase = pack_sqlstate("42P04"),
  kDuplicatePreparedStatement = pack_sqlstate("42P05"),
  kDuplicateSchema = pack_sqlstate("42P06"),
  kDuplicateTable = pack_sqlstate("42P07"),
  kAmbiguousParameter = pack_sqlstate("42P08"),
  kAmbiguousAlias = pack_sqlstate("42P09"),
  kInvalidColumnReference = pack_sqlstate("42P10"),
  kInvalidCursorDefinition = pack_sqlstate("42P11"),
  kInvalidTableDefinition = pack_sqlstate("42P16"),
  kIndeterminateDatatype = pack_sqlstate("42P18"),
  kInvalidRecursion = pack_sqlstate("42P19"),
  kWindowingError = pack_sqlstate("42P20"),
  kCollationMismatch = pack_sqlstate("42P21"),
  kIndeterminateCollation = pack_sqlstate("42P22"),
  kInsufficientResources = pack_sqlstate("53000"),
  kDiskFull = pack_sqlstate("53100"),
  kOutOfMemory = pack_sqlstate("53200"),
  kTooManyConnections = pack_sqlstate("53300"),
  kConfigurationLimitExceeded = pack_sqlstate("53400"),
  kProgramLimitExceeded = pack_sqlstate("54000"),
  kStatementTooComplex = pack_sqlstate("54001"),
  kTooManyColumns = pack_sqlstate("54011"),
  kTooManyArguments = pack_sqlstate("54023"),
  kObjectNotInPrerequisiteState = pack_sqlstate("55000"),
  kObjectInUse = pack_sqlstate("55006"),
  kCantChangeRuntimeParam = pack_sqlstate("55P02"),
  kLockNotAvailable = pack_sqlstate("55P03"),
  kQueryCanceled = pack_sqlstate("57014"),
  kAdminShutdown = pack_sqlstate("57P01"),
  kCrashShutdown = pack_sqlstate("57P02"),
  kCannotConnectNow = pack_sqlstate("57P03"),
  kIdleSessionTimeout = pack_sqlstate("57P05"),
  kSystemError = pack_sqlstate("58000"),
  kIoError = pack_sqlstate("58030"),
  kUndefinedFile = pack_sqlstate("58P01"),
  kDuplicateFile = pack_sqlstate("58P02"),
  kSnapshotTooOld = pack_sqlstate("72000"),
  kInternalError = pack_sqlstate("XX000"),
  kDataCorrupted = pack_sqlstate("XX001"),
  kIndexCorrupted = pack_sqlstate("XX002"),
};

/// Everything a client may be told about one error. Empty strings and position 0 are not sent.
struct ErrorFields {
  ErrorCode code = ErrorCode::kInternalError;
  std::string message;
  std::string detail;
  std::string hint;
  int position = 0;  ///< 1-based, in characters of the statement's text
  std::string where;
  std::string schema;
  std::string table;
  std::string column;
  std::string data_type;
  std::string constraint;
};

absl::Status make_error(const ErrorFields& fields);

/// What `status` says; an absl::Status that did not come from here is an internal error with its message.
ErrorFields error_fields(const absl::Status& status);
ErrorCode error_code(const absl::Status& status);

template <typename... Pieces>
[[gnu::cold]] absl::Status error(ErrorCode code, const Pieces&... pieces) {
  ErrorFields fields;
  fields.code = code;
  fields.message = cat(pieces...);
  return make_error(fields);
}

/// Each returns `status` with one field set; an OK status stays OK.
absl::Status with_detail(absl::Status status, std::string detail);
absl::Status with_hint(absl::Status status, std::string hint);
/// Keeps a position that is already there: the innermost one is the most precise.
absl::Status with_position(absl::Status status, int position);
/// Prefixes the message with where it happened ("reading the log at 4096: ...").
absl::Status annotate(const absl::Status& status, std::string_view context);

/// ErrorFields as bytes, for messages between actors, and back.
std::string encode_error(const absl::Status& status);
absl::Status decode_error(std::string_view bytes);

}  // namespace troupe

#define TROUPE_CONCAT_INNER(a, b) a##b
#define TROUPE_CONCAT(a, b) TROUPE_CONCAT_INNER(a, b)

/// Leaves the function with the status when `expression` is not OK.
#define TROUPE_RETURN_IF_ERROR(expression)                        \
  do {                                                            \
    if (auto troupe_status = (expression); !troupe_status.ok()) [[unlikely]] \
      return troupe_status;                                       \
  } while (false)

/// TROUPE_ASSIGN_OR_RETURN(auto x, f()): x is f()'s value, or the function is left with its status.
#define TROUPE_ASSIGN_OR_RETURN(target, expression) \
  TROUPE_ASSIGN_OR_RETURN_INNER(TROUPE_CONCAT(troupe_statusor_, __LINE__), target, expression)
#define TROUPE_ASSIGN_OR_RETURN_INNER(holder, target, expression) \
  auto holder = (expression);                                     \
  if (!holder.ok()) [[unlikely]]                                  \
    return std::move(holder).status();                            \
  target = *std::move(holder)
