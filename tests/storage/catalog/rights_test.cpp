#include "storage/catalog/rights.hpp"

#include <catch2/catch.hpp>

namespace troupe {
namespace {

constexpr Oid kOwner = 20000, kAnn = 20001, kBen = 20002, kGroup = 20003, kOuterGroup = 20004;

std::shared_ptr<RoleDef> make_role(Oid oid, std::string name, std::vector<Oid> groups = {}) {
  auto role = std::make_shared<RoleDef>();
  role->oid = oid;
  role->name = std::move(name);
  for (const Oid group : groups) role->member_of.push_back({group, false, kBootstrapRole});
  return role;
}

/// ann is a member of group, which is one of outer.
CatalogPtr with_roles(bool ann_inherits = true) {
  auto ann = make_role(kAnn, "ann", {kGroup});
  ann->inherit = ann_inherits;
  return (*Catalog::bootstrap()->with_changes({{kOwner, make_role(kOwner, "owner")},
                                               {kAnn, ann},
                                               {kBen, make_role(kBen, "ben")},
                                               {kGroup, make_role(kGroup, "group", {kOuterGroup})},
                                               {kOuterGroup, make_role(kOuterGroup, "outer")}},
                                              7))
      ->in_database(kDefaultDatabase);
}

Acl table_acl() { return default_acl(SecurableKind::kTable, kOwner); }

AclItem item(Oid grantee, Oid grantor, Privileges privileges, Privileges grantable = 0) {
  return {grantee, grantor, privileges, grantable};
}

}  // namespace

TEST_CASE("a role has the rights of the roles it is a member of, directly or through others", "[rights]") {
  const CatalogPtr catalog = with_roles();
  CHECK(has_rights_of(*catalog, kAnn, kOuterGroup));
  CHECK_FALSE(has_rights_of(*catalog, kBen, kGroup));
  CHECK(has_rights_of(*catalog, kBootstrapRole, kBen));
  CHECK(is_member_of(*catalog, kAnn, kOuterGroup));
  CHECK_FALSE(is_given_member_of(*catalog, kBootstrapRole, kBen));
}

TEST_CASE("a role that does not inherit has to SET ROLE first", "[rights]") {
  const CatalogPtr catalog = with_roles(false);
  CHECK_FALSE(has_rights_of(*catalog, kAnn, kGroup));
  CHECK(is_member_of(*catalog, kAnn, kOuterGroup));
}

TEST_CASE("the owner of the database is a member of pg_database_owner", "[rights]") {
  const CatalogPtr catalog = with_roles();
  auto database = std::make_shared<DatabaseDef>(*catalog->find_as<DatabaseDef>(kDefaultDatabase));
  database->owner = kAnn;
  const CatalogPtr owned = *catalog->with_changes({{kDefaultDatabase, database}}, 8);
  const ObjectDef& schema = *owned->find(kPublicSchema);
  CHECK(rights_on(*owned, kAnn, schema, kCreate) == kCreate);
  CHECK(rights_on(*owned, kBen, schema, kCreate | kUsage) == kUsage);
}

TEST_CASE("what was granted to PUBLIC, to the role and to its groups adds up", "[rights]") {
  const CatalogPtr catalog = with_roles();
  Acl acl = table_acl();
  REQUIRE(grant_in(item(kNoOid, kOwner, kSelect), kOwner, *catalog, &acl).ok());
  REQUIRE(grant_in(item(kOuterGroup, kOwner, kInsert), kOwner, *catalog, &acl).ok());
  CHECK(rights_in(*catalog, kAnn, acl, kOwner, kSelect | kInsert | kUpdate) == (kSelect | kInsert));
  CHECK(rights_in(*catalog, kBen, acl, kOwner, kSelect | kInsert) == kSelect);
  CHECK(rights_in(*catalog, kOwner, acl, kOwner, kTablePrivileges) == kTablePrivileges);
}

TEST_CASE("what somebody passed on goes with his grant option, by CASCADE only", "[rights]") {
  const CatalogPtr catalog = with_roles();
  Acl acl = table_acl();
  REQUIRE(grant_in(item(kAnn, kOwner, kSelect, kSelect), kOwner, *catalog, &acl).ok());
  REQUIRE(grant_in(item(kBen, kAnn, kSelect), kOwner, *catalog, &acl).ok());
  Acl kept = acl;
  const absl::Status refused = revoke_in(item(kAnn, kOwner, kSelect, kSelect), false, false, kOwner, &kept);
  CHECK(error_code(refused) == ErrorCode::kDependentObjectsStillExist);
  REQUIRE(revoke_in(item(kAnn, kOwner, kSelect, kSelect), false, true, kOwner, &acl).ok());
  CHECK(acl == table_acl());
}

TEST_CASE("a grant option is not given back to who gave it", "[rights]") {
  const CatalogPtr catalog = with_roles();
  Acl acl = table_acl();
  REQUIRE(grant_in(item(kAnn, kOwner, kSelect, kSelect), kOwner, *catalog, &acl).ok());
  REQUIRE(grant_in(item(kBen, kAnn, kSelect, kSelect), kOwner, *catalog, &acl).ok());
  CHECK(error_code(grant_in(item(kAnn, kBen, kSelect, kSelect), kOwner, *catalog, &acl)) == kInvalidGrantOperation);
}

TEST_CASE("a new owner takes the old one's place among the grants", "[rights]") {
  const CatalogPtr catalog = with_roles();
  Acl acl = table_acl();
  REQUIRE(grant_in(item(kBen, kOwner, kSelect), kOwner, *catalog, &acl).ok());
  change_owner_in(kOwner, kAnn, &acl);
  CHECK(acl.items == std::vector{item(kAnn, kAnn, kTablePrivileges), item(kBen, kAnn, kSelect)});
}

}  // namespace troupe
