#pragma once
/// CREATE, ALTER and DROP SUBSCRIPTION: the rows of pg_subscription and its kin, and what the publisher is asked for
/// meanwhile. A subscription's worker is told to go before its definition changes, and others start when that is
/// committed.
/// Owner: one statement of a session.
#include <string>
#include <utility>
#include <vector>

#include "actors/session/publisher_client.hpp"
#include "actors/session/subscription_options.hpp"
#include "actors/session/subscription_rows.hpp"

namespace troupe {

class SubscriptionDefinition {
 public:
  explicit SubscriptionDefinition(Backend& backend) : backend_{backend}, rows_{backend} {}

  Task<absl::Status> create(const sql::CreateSubscriptionStatement& create);
  Task<absl::Status> alter(const sql::AlterSubscriptionStatement& alter);
  Task<absl::Status> drop(std::string name, bool if_exists);
  Task<absl::Status> rename(std::string name, std::string new_name);
  Task<absl::Status> set_owner(std::string name, const sql::RoleName& owner);

 private:
  /// Schema and name, as the publisher has them.
  using PublishedName = std::pair<std::string, std::string>;

  absl::Status check_outside_block(std::string_view what) const;
  absl::Status check_owned(const SubscriptionDef& subscription) const;
  Task<absl::StatusOr<SubscriptionDef>> find_owned(std::string name);
  Task<absl::StatusOr<Oid>> new_oid();
  Task<absl::Status> connect_and_create(SubscriptionDef subscription, SubscriptionOptions options);
  Task<absl::Status> check_publications(PublisherClient& publisher, std::vector<std::string> names);
  Task<absl::StatusOr<std::vector<PublishedName>>> published_tables(PublisherClient& publisher,
                                                                    std::vector<std::string> publications);
  absl::StatusOr<Oid> target_named(const PublishedName& name) const;
  absl::Status change(const sql::AlterSubscriptionStatement& alter, SubscriptionDef* subscription,
                      SubscriptionOptions* options);
  Task<absl::Status> check_skip(const SubscriptionDef& subscription);
  Task<absl::Status> refresh(SubscriptionDef subscription, bool copy_data, std::vector<std::string> validated);
  Task<absl::Status> stop_worker(Oid subscription);
  Task<absl::Status> drop_slot(const SubscriptionDef& subscription);
  /// At the transaction's end.
  void tell_of_change(Oid subscription);

  Backend& backend_;
  SubscriptionRows rows_;
};

}  // namespace troupe
