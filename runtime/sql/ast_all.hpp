#pragma once
/// Every family of the syntax tree.
#include "runtime/sql/ast_alter_table.hpp"
#include "runtime/sql/ast_ddl.hpp"
#include "runtime/sql/ast_dml.hpp"
#include "runtime/sql/ast_expr.hpp"
#include "runtime/sql/ast_object.hpp"
#include "runtime/sql/ast_role.hpp"
#include "runtime/sql/ast_routine.hpp"
#include "runtime/sql/ast_select.hpp"
#include "runtime/sql/ast_system.hpp"
#include "runtime/sql/ast_table.hpp"
#include "runtime/sql/ast_utility.hpp"
#include "runtime/sql/ast_window.hpp"
