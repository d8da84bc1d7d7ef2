#!/usr/bin/python3
"""Scripts whose every statement has PostgreSQL's outcome: those in side_by_side/ that no other test runs."""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../support"))
import node_case  # noqa: E402
import sanitizers  # noqa: E402
import servers  # noqa: E402
import side_by_side  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))


@unittest.skipUnless(os.path.exists(os.path.join(servers.POSTGRES_BIN, "initdb")), "PostgreSQL is not installed")
class SideBySideTest(node_case.NodeCase):
    def compare(self, name):
        with open(os.path.join(HERE, "side_by_side", name)) as script, servers.PostgresServer() as postgres:
            found = side_by_side.differences(script.read(), postgres, self.node)
        self.assertEqual(found, [], side_by_side.report(found))

    def test_functions_at_the_edges_of_their_arguments_and_by_their_operators_names(self):
        self.compare("function_edges.sql")

    def test_generated_columns(self):
        self.compare("generated.sql")

    def test_indexes_of_expressions_and_of_some_rows(self):
        self.compare("indexes.sql")

    def test_deferrable_keys(self):
        self.compare("deferrable_keys.sql")

    def test_exclusions(self):
        self.compare("exclusions.sql")

    def test_foreign_keys_of_and_to_partitioned_tables(self):
        self.compare("partitioned_foreign_keys.sql")

    def test_merge_into_partitioned_tables(self):
        self.compare("merge_partitions.sql")

    def test_tables_like_others(self):
        self.compare("like_tables.sql")

    def test_updatable_views_and_check_options(self):
        self.compare("updatable_views.sql")

    def test_partitioned_tables(self):
        self.compare("partitions.sql")
        self.compare("partitions_queries.sql")

    def test_publications_and_replica_identities(self):
        self.compare("publications.sql")

    def test_merge(self):
        self.compare("merge.sql")

    def test_jsonpath_and_assigning_to_parts_of_jsonb(self):
        self.compare("jsonpath.sql")

    def test_regular_expressions(self):
        self.compare("regular_expressions.sql")

    def test_parts_of_dates(self):
        self.compare("dates.sql")

    def test_variadic_calls_and_large_numbers(self):
        self.compare("variadic.sql")

    def test_lengths_and_precisions_of_array_elements(self):
        self.compare("array_modifiers.sql")

    def test_intervals_and_offsets(self):
        self.compare("intervals.sql")

    def test_lateral_rows(self):
        self.compare("lateral.sql")

    def test_owned_sequences(self):
        self.compare("sequences.sql")

    def test_sources_of_merge(self):
        self.compare("merge_sources.sql")

    def test_recursive_queries(self):
        self.compare("with_recursion.sql")

    def test_rows_in_the_order_of_their_keys(self):
        self.compare("row_order.sql")

    def test_subqueries_with_an_order(self):
        self.compare("ordered_subqueries.sql")

    def test_windows_and_grouping(self):
        self.compare("windows.sql")

    def test_row_security(self):
        self.compare("row_security.sql")

    def test_columns_with_new_names(self):
        self.compare("renamed_columns.sql")

    def test_records_of_json(self):
        self.compare("json_records.sql")

    def test_samples(self):
        self.compare("samples.sql")

    def test_array_slices_and_assigning_to_elements(self):
        self.compare("arrays.sql")

    def test_rights_on_types_and_types_that_are_a_name_only(self):
        self.compare("type_rights.sql")

    def test_materialized_views(self):
        self.compare("materialized_views.sql")

    def test_what_views_mean_stays_the_same(self):
        self.compare("views.sql")

    def test_search_cycle_grouping_and_newer_functions(self):
        self.compare("queries.sql")

    def test_bit_strings(self):
        self.compare("bits.sql")

    def test_composite_types(self):
        self.compare("composites.sql")

    def test_rows_of_tables_as_values(self):
        self.compare("row_types.sql")

    def test_json_as_values_of_composite_types(self):
        self.compare("json_populate.sql")

    def test_aggregates_of_users(self):
        self.compare("aggregates_of_users.sql")

    def test_ranges_and_multiranges(self):
        self.compare("ranges.sql")

    def test_foreign_keys_that_are_checked_later(self):
        self.compare("deferrable.sql")

    def test_where_current_of(self):
        self.compare("current_of.sql")

    def test_listen_and_notify(self):
        self.compare("notifications.sql")

    def test_money_and_addresses(self):
        self.compare("money_and_networks.sql")

    def test_functions_and_procedures(self):
        self.compare("functions.sql")


if __name__ == "__main__":
    unittest.main(verbosity=2 if sanitizers.SLOWNESS > 1 else 1)
