#include <algorithm>
#include <array>
#include <vector>

#include "runtime/types/type.hpp"
#include "runtime/types/user_types.hpp"

namespace troupe {
namespace {

/// pg_type of PostgreSQL 15, by oid. The compare kind follows from oid and representation.
struct Row {
  Oid oid;
  std::string_view name, sql_name;
  int16_t typlen;
  char category;
  bool preferred;
  char align;
  bool by_value;
  Oid element, array;
  bool is_collatable;
  char kind;
  Physical physical;
};

using enum Physical;
constexpr Row kRows[] = {
    {16, "bool", "boolean", 1, 'B', true, 'c', true, 0, 1000, false, 'b', kBool},
    {17, "bytea", "bytea", -1, 'U', false, 'i', false, 0, 1001, false, 'b', kVarlen},
    {18, "char", "\"char\"", 1, 'Z', false, 'c', true, 0, 1002, false, 'b', kInt16},
    {19, "name", "name", 64, 'S', false, 'c', false, 18, 1003, true, 'b', kVarlen},
    {20, "int8", "bigint", 8, 'N', false, 'd', true, 0, 1016, false, 'b', kInt64},
    {21, "int2", "smallint", 2, 'N', false, 's', true, 0, 1005, false, 'b', kInt16},
    {22, "int2vector", "int2vector", -1, 'A', false, 'i', false, 21, 1006, false, 'b', kVarlen},
    {23, "int4", "integer", 4, 'N', false, 'i', true, 0, 1007, false, 'b', kInt32},
    {24, "regproc", "regproc", 4, 'N', false, 'i', true, 0, 1008, false, 'b', kInt64},
    {25, "text", "text", -1, 'S', true, 'i', false, 0, 1009, true, 'b', kVarlen},
    {26, "oid", "oid", 4, 'N', true, 'i', true, 0, 1028, false, 'b', kInt64},
    {27, "tid", "tid", 6, 'U', false, 's', false, 0, 1010, false, 'b', kInt64},
    {28, "xid", "xid", 4, 'U', false, 'i', true, 0, 1011, false, 'b', kInt64},
    {29, "cid", "cid", 4, 'U', false, 'i', true, 0, 1012, false, 'b', kInt64},
    {30, "oidvector", "oidvector", -1, 'A', false, 'i', false, 26, 1013, false, 'b', kVarlen},
    {114, "json", "json", -1, 'U', false, 'i', false, 0, 199, false, 'b', kVarlen},
    {142, "xml", "xml", -1, 'U', false, 'i', false, 0, 143, false, 'b', kVarlen},
    {143, "_xml", "xml[]", -1, 'A', false, 'i', false, 142, 0, false, 'b', kVarlen},
    {194, "pg_node_tree", "pg_node_tree", -1, 'Z', false, 'i', false, 0, 0, true, 'b', kVarlen},
    {199, "_json", "json[]", -1, 'A', false, 'i', false, 114, 0, false, 'b', kVarlen},
    {271, "_xid8", "xid8[]", -1, 'A', false, 'd', false, 5069, 0, false, 'b', kVarlen},
    {650, "cidr", "cidr", -1, 'I', false, 'i', false, 0, 651, false, 'b', kVarlen},
    {651, "_cidr", "cidr[]", -1, 'A', false, 'i', false, 650, 0, false, 'b', kVarlen},
    {700, "float4", "real", 4, 'N', false, 'i', true, 0, 1021, false, 'b', kFloat32},
    {701, "float8", "double precision", 8, 'N', true, 'd', true, 0, 1022, false, 'b', kFloat64},
    {705, "unknown", "unknown", -2, 'X', false, 'c', false, 0, 0, false, 'p', kVarlen},
    {774, "macaddr8", "macaddr8", 8, 'U', false, 'i', false, 0, 775, false, 'b', kVarlen},
    {775, "_macaddr8", "macaddr8[]", -1, 'A', false, 'i', false, 774, 0, false, 'b', kVarlen},
    {790, "money", "money", 8, 'N', false, 'd', true, 0, 791, false, 'b', kInt64},
    {791, "_money", "money[]", -1, 'A', false, 'd', false, 790, 0, false, 'b', kVarlen},
    {829, "macaddr", "macaddr", 6, 'U', false, 'i', false, 0, 1040, false, 'b', kVarlen},
    {869, "inet", "inet", -1, 'I', true, 'i', false, 0, 1041, false, 'b', kVarlen},
    {1000, "_bool", "boolean[]", -1, 'A', false, 'i', false, 16, 0, false, 'b', kVarlen},
    {1001, "_bytea", "bytea[]", -1, 'A', false, 'i', false, 17, 0, false, 'b', kVarlen},
    {1002, "_char", "\"char\"[]", -1, 'A', false, 'i', false, 18, 0, false, 'b', kVarlen},
    {1003, "_name", "name[]", -1, 'A', false, 'i', false, 19, 0, true, 'b', kVarlen},
    {1005, "_int2", "smallint[]", -1, 'A', false, 'i', false, 21, 0, false, 'b', kVarlen},
    {1006, "_int2vector", "int2vector[]", -1, 'A', false, 'i', false, 22, 0, false, 'b', kVarlen},
    {1007, "_int4", "integer[]", -1, 'A', false, 'i', false, 23, 0, false, 'b', kVarlen},
    {1008, "_regproc", "regproc[]", -1, 'A', false, 'i', false, 24, 0, false, 'b', kVarlen},
    {1009, "_text", "text[]", -1, 'A', false, 'i', false, 25, 0, true, 'b', kVarlen},
    {1010, "_tid", "tid[]", -1, 'A', false, 'i', false, 27, 0, false, 'b', kVarlen},
    {1011, "_xid", "xid[]", -1, 'A', false, 'i', false, 28, 0, false, 'b', kVarlen},
    {1012, "_cid", "cid[]", -1, 'A', false, 'i', false, 29, 0, false, 'b', kVarlen},
    {1013, "_oidvector", "oidvector[]", -1, 'A', false, 'i', false, 30, 0, false, 'b', kVarlen},
    {1014, "_bpchar", "character[]", -1, 'A', false, 'i', false, 1042, 0, true, 'b', kVarlen},
    {1015, "_varchar", "character varying[]", -1, 'A', false, 'i', false, 1043, 0, true, 'b', kVarlen},
    {1016, "_int8", "bigint[]", -1, 'A', false, 'd', false, 20, 0, false, 'b', kVarlen},
    {1021, "_float4", "real[]", -1, 'A', false, 'i', false, 700, 0, false, 'b', kVarlen},
    {1022, "_float8", "double precision[]", -1, 'A', false, 'd', false, 701, 0, false, 'b', kVarlen},
    {1028, "_oid", "oid[]", -1, 'A', false, 'i', false, 26, 0, false, 'b', kVarlen},
    {1033, "aclitem", "aclitem", 12, 'U', false, 'i', false, 0, 1034, false, 'b', kVarlen},
    {1034, "_aclitem", "aclitem[]", -1, 'A', false, 'i', false, 1033, 0, false, 'b', kVarlen},
    {1040, "_macaddr", "macaddr[]", -1, 'A', false, 'i', false, 829, 0, false, 'b', kVarlen},
    {1041, "_inet", "inet[]", -1, 'A', false, 'i', false, 869, 0, false, 'b', kVarlen},
    {1042, "bpchar", "character", -1, 'S', false, 'i', false, 0, 1014, true, 'b', kVarlen},
    {1043, "varchar", "character varying", -1, 'S', false, 'i', false, 0, 1015, true, 'b', kVarlen},
    {1082, "date", "date", 4, 'D', false, 'i', true, 0, 1182, false, 'b', kInt32},
    {1083, "time", "time without time zone", 8, 'D', false, 'd', true, 0, 1183, false, 'b', kInt64},
    {1114, "timestamp", "timestamp without time zone", 8, 'D', false, 'd', true, 0, 1115, false, 'b', kInt64},
    {1115, "_timestamp", "timestamp without time zone[]", -1, 'A', false, 'd', false, 1114, 0, false, 'b', kVarlen},
    {1182, "_date", "date[]", -1, 'A', false, 'i', false, 1082, 0, false, 'b', kVarlen},
    {1183, "_time", "time without time zone[]", -1, 'A', false, 'd', false, 1083, 0, false, 'b', kVarlen},
    {1184, "timestamptz", "timestamp with time zone", 8, 'D', true, 'd', true, 0, 1185, false, 'b', kInt64},
    {1185, "_timestamptz", "timestamp with time zone[]", -1, 'A', false, 'd', false, 1184, 0, false, 'b', kVarlen},
    {1186, "interval", "interval", 16, 'T', true, 'd', false, 0, 1187, false, 'b', kFixed16},
    {1187, "_interval", "interval[]", -1, 'A', false, 'd', false, 1186, 0, false, 'b', kVarlen},
    {1231, "_numeric", "numeric[]", -1, 'A', false, 'i', false, 1700, 0, false, 'b', kVarlen},
    {1263, "_cstring", "cstring[]", -1, 'A', false, 'i', false, 2275, 0, false, 'b', kVarlen},
    {1266, "timetz", "time with time zone", 12, 'D', false, 'd', false, 0, 1270, false, 'b', kFixed16},
    {1270, "_timetz", "time with time zone[]", -1, 'A', false, 'd', false, 1266, 0, false, 'b', kVarlen},
    {1560, "bit", "bit", -1, 'V', false, 'i', false, 0, 1561, false, 'b', kVarlen},
    {1561, "_bit", "bit[]", -1, 'A', false, 'i', false, 1560, 0, false, 'b', kVarlen},
    {1562, "varbit", "bit varying", -1, 'V', true, 'i', false, 0, 1563, false, 'b', kVarlen},
    {1563, "_varbit", "bit varying[]", -1, 'A', false, 'i', false, 1562, 0, false, 'b', kVarlen},
    {1700, "numeric", "numeric", -1, 'N', false, 'i', false, 0, 1231, false, 'b', kVarlen},
    {1790, "refcursor", "refcursor", -1, 'U', false, 'i', false, 0, 2201, false, 'b', kVarlen},
    {2201, "_refcursor", "refcursor[]", -1, 'A', false, 'i', false, 1790, 0, false, 'b', kVarlen},
    {2202, "regprocedure", "regprocedure", 4, 'N', false, 'i', true, 0, 2207, false, 'b', kInt64},
    {2203, "regoper", "regoper", 4, 'N', false, 'i', true, 0, 2208, false, 'b', kInt64},
    {2204, "regoperator", "regoperator", 4, 'N', false, 'i', true, 0, 2209, false, 'b', kInt64},
    {2205, "regclass", "regclass", 4, 'N', false, 'i', true, 0, 2210, false, 'b', kInt64},
    {2206, "regtype", "regtype", 4, 'N', false, 'i', true, 0, 2211, false, 'b', kInt64},
    {2207, "_regprocedure", "regprocedure[]", -1, 'A', false, 'i', false, 2202, 0, false, 'b', kVarlen},
    {2208, "_regoper", "regoper[]", -1, 'A', false, 'i', false, 2203, 0, false, 'b', kVarlen},
    {2209, "_regoperator", "regoperator[]", -1, 'A', false, 'i', false, 2204, 0, false, 'b', kVarlen},
    {2210, "_regclass", "regclass[]", -1, 'A', false, 'i', false, 2205, 0, false, 'b', kVarlen},
    {2211, "_regtype", "regtype[]", -1, 'A', false, 'i', false, 2206, 0, false, 'b', kVarlen},
    {2249, "record", "record", -1, 'P', false, 'd', false, 0, 2287, false, 'p', kVarlen},
    {2275, "cstring", "cstring", -2, 'P', false, 'c', false, 0, 1263, false, 'p', kVarlen},
    {2276, "any", "\"any\"", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {2277, "anyarray", "anyarray", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {2278, "void", "void", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {2279, "trigger", "trigger", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {2281, "internal", "internal", 8, 'P', false, 'd', true, 0, 0, false, 'p', kVarlen},
    {2283, "anyelement", "anyelement", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {2287, "_record", "record[]", -1, 'P', false, 'd', false, 2249, 0, false, 'p', kVarlen},
    {2776, "anynonarray", "anynonarray", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {2950, "uuid", "uuid", 16, 'U', false, 'c', false, 0, 2951, false, 'b', kFixed16},
    {2951, "_uuid", "uuid[]", -1, 'A', false, 'i', false, 2950, 0, false, 'b', kVarlen},
    {3220, "pg_lsn", "pg_lsn", 8, 'U', false, 'd', true, 0, 3221, false, 'b', kInt64},
    {3221, "_pg_lsn", "pg_lsn[]", -1, 'A', false, 'd', false, 3220, 0, false, 'b', kVarlen},
    {3500, "anyenum", "anyenum", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {3734, "regconfig", "regconfig", 4, 'N', false, 'i', true, 0, 3735, false, 'b', kInt64},
    {3735, "_regconfig", "regconfig[]", -1, 'A', false, 'i', false, 3734, 0, false, 'b', kVarlen},
    {3802, "jsonb", "jsonb", -1, 'U', false, 'i', false, 0, 3807, false, 'b', kVarlen},
    {3807, "_jsonb", "jsonb[]", -1, 'A', false, 'i', false, 3802, 0, false, 'b', kVarlen},
    {3831, "anyrange", "anyrange", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {3904, "int4range", "int4range", -1, 'R', false, 'i', false, 0, 3905, false, 'r', kVarlen},
    {3905, "_int4range", "int4range[]", -1, 'A', false, 'i', false, 3904, 0, false, 'b', kVarlen},
    {3906, "numrange", "numrange", -1, 'R', false, 'i', false, 0, 3907, false, 'r', kVarlen},
    {3907, "_numrange", "numrange[]", -1, 'A', false, 'i', false, 3906, 0, false, 'b', kVarlen},
    {3908, "tsrange", "tsrange", -1, 'R', false, 'd', false, 0, 3909, false, 'r', kVarlen},
    {3909, "_tsrange", "tsrange[]", -1, 'A', false, 'd', false, 3908, 0, false, 'b', kVarlen},
    {3910, "tstzrange", "tstzrange", -1, 'R', false, 'd', false, 0, 3911, false, 'r', kVarlen},
    {3911, "_tstzrange", "tstzrange[]", -1, 'A', false, 'd', false, 3910, 0, false, 'b', kVarlen},
    {3912, "daterange", "daterange", -1, 'R', false, 'i', false, 0, 3913, false, 'r', kVarlen},
    {3913, "_daterange", "daterange[]", -1, 'A', false, 'i', false, 3912, 0, false, 'b', kVarlen},
    {3926, "int8range", "int8range", -1, 'R', false, 'd', false, 0, 3927, false, 'r', kVarlen},
    {3927, "_int8range", "int8range[]", -1, 'A', false, 'd', false, 3926, 0, false, 'b', kVarlen},
    {4072, "jsonpath", "jsonpath", -1, 'U', false, 'i', false, 0, 4073, false, 'b', kVarlen},
    {4073, "_jsonpath", "jsonpath[]", -1, 'A', false, 'i', false, 4072, 0, false, 'b', kVarlen},
    {4089, "regnamespace", "regnamespace", 4, 'N', false, 'i', true, 0, 4090, false, 'b', kInt64},
    {4090, "_regnamespace", "regnamespace[]", -1, 'A', false, 'i', false, 4089, 0, false, 'b', kVarlen},
    {4096, "regrole", "regrole", 4, 'N', false, 'i', true, 0, 4097, false, 'b', kInt64},
    {4097, "_regrole", "regrole[]", -1, 'A', false, 'i', false, 4096, 0, false, 'b', kVarlen},
    {4451, "int4multirange", "int4multirange", -1, 'R', false, 'i', false, 0, 6150, false, 'm', kVarlen},
    {4532, "nummultirange", "nummultirange", -1, 'R', false, 'i', false, 0, 6151, false, 'm', kVarlen},
    {4533, "tsmultirange", "tsmultirange", -1, 'R', false, 'd', false, 0, 6152, false, 'm', kVarlen},
    {4534, "tstzmultirange", "tstzmultirange", -1, 'R', false, 'd', false, 0, 6153, false, 'm', kVarlen},
    {4535, "datemultirange", "datemultirange", -1, 'R', false, 'i', false, 0, 6155, false, 'm', kVarlen},
    {4536, "int8multirange", "int8multirange", -1, 'R', false, 'd', false, 0, 6157, false, 'm', kVarlen},
    {4537, "anymultirange", "anymultirange", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {4538, "anycompatiblemultirange", "anycompatiblemultirange", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {5069, "xid8", "xid8", 8, 'U', false, 'd', true, 0, 271, false, 'b', kInt64},
    {5077, "anycompatible", "anycompatible", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {5078, "anycompatiblearray", "anycompatiblearray", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {5079, "anycompatiblenonarray", "anycompatiblenonarray", 4, 'P', false, 'i', true, 0, 0, false, 'p', kVarlen},
    {5080, "anycompatiblerange", "anycompatiblerange", -1, 'P', false, 'd', false, 0, 0, false, 'p', kVarlen},
    {6150, "_int4multirange", "int4multirange[]", -1, 'A', false, 'i', false, 4451, 0, false, 'b', kVarlen},
    {6151, "_nummultirange", "nummultirange[]", -1, 'A', false, 'i', false, 4532, 0, false, 'b', kVarlen},
    {6152, "_tsmultirange", "tsmultirange[]", -1, 'A', false, 'd', false, 4533, 0, false, 'b', kVarlen},
    {6153, "_tstzmultirange", "tstzmultirange[]", -1, 'A', false, 'd', false, 4534, 0, false, 'b', kVarlen},
    {6155, "_datemultirange", "datemultirange[]", -1, 'A', false, 'i', false, 4535, 0, false, 'b', kVarlen},
    {6157, "_int8multirange", "int8multirange[]", -1, 'A', false, 'd', false, 4536, 0, false, 'b', kVarlen},
};

std::vector<TypeInfo> make_table() {
  std::vector<TypeInfo> table;
  for (const Row& r : kRows) {
    table.push_back({r.oid, r.name, r.sql_name, r.typlen, r.category, r.preferred, r.align, r.by_value, r.element,
                     r.array, r.is_collatable, r.kind, r.physical, compare_kind(r.oid, r.physical)});
  }
  return table;
}

}  // namespace

std::span<const TypeInfo> all_types() {
  static const std::vector<TypeInfo> table = make_table();
  return table;
}

const TypeInfo* find_type(Oid type) {
  if (type >= kFirstUserTypeOid) return find_user_type_info(type);
  const auto table = all_types();
  const auto at = std::lower_bound(table.begin(), table.end(), type,
                                   [](const TypeInfo& row, Oid wanted) { return row.oid < wanted; });
  return at != table.end() && at->oid == type ? &*at : nullptr;
}

}  // namespace troupe
