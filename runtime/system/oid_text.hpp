#pragma once
/// PostgreSQL's oids as compact text: entries separated by blanks. Only for runtime/system.
#include <string_view>

namespace troupe::system_text {

extern const std::string_view kFunctionOids;        ///< name=oid(argument,argument)oid(...)...
extern const std::string_view kOperatorOids;        ///< name,oid,left,right,function,commutator,negator,[m][h]
extern const std::string_view kCastOids;            ///< source,target,oid,function
extern const std::string_view kOperatorFamilyOids;  ///< oid,method,name
extern const std::string_view kOperatorClassOids;   ///< oid,method,name,family,type,default
extern const std::string_view
    kTypeSupport;  ///< oid,in,out,receive,send,modin,modout,analyze,subscript,storage,collation

// The same of ranges, multiranges, macaddr8 and pg_lsn.
extern const std::string_view kRangeFunctionOids, kRangeOperatorOids, kRangeCastOids, kRangeOperatorFamilyOids,
    kRangeOperatorClassOids, kRangeTypeSupport;

}  // namespace troupe::system_text
