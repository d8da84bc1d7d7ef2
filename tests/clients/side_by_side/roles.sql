-- Making, changing and dropping roles.
@a
CREATE ROLE alice LOGIN;
CREATE USER bob;
CREATE USER carol CREATEDB CREATEROLE CONNECTION LIMIT 3 VALID UNTIL '2030-01-01 00:00:00+00';
CREATE ROLE readers NOLOGIN;
CREATE GROUP writers;
CREATE ROLE alice;
CREATE ROLE pg_me;
CREATE ROLE public;
CREATE ROLE "none";
CREATE ROLE x SUPERUSER NOSUPERUSER;
CREATE ROLE x CONNECTION LIMIT -2;
CREATE ROLE x IN ROLE nosuch;
CREATE ROLE x NONSENSE;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolconnlimit, rolvaliduntil, rolbypassrls FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1;
SELECT rolname FROM pg_roles ORDER BY 1;
SELECT usename, usecreatedb, usesuper, passwd, valuntil FROM pg_user ORDER BY 1;
ALTER ROLE bob CREATEDB NOINHERIT;
ALTER ROLE bob NOCREATEDB INHERIT CONNECTION LIMIT 7;
ALTER ROLE nosuch LOGIN;
ALTER USER bob RENAME TO robert;
ALTER ROLE robert RENAME TO alice;
ALTER ROLE robert RENAME TO bob;
ALTER ROLE postgres RENAME TO pg;
DROP ROLE nosuch;
DROP ROLE IF EXISTS nosuch;
DROP ROLE postgres;
DROP ROLE pg_monitor;
DROP ROLE CURRENT_USER;
ALTER ROLE bob PASSWORD 'secret';
SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%' FROM pg_authid WHERE rolname = 'bob';
ALTER ROLE bob PASSWORD NULL;
SELECT rolpassword FROM pg_authid WHERE rolname = 'bob';
ALTER ROLE bob SET work_mem = '3MB';
ALTER ROLE bob IN DATABASE postgres SET work_mem = '5MB';
SELECT rolconfig FROM pg_roles WHERE rolname = 'bob';
@b bob postgres
SHOW work_mem;
@a
ALTER ROLE bob IN DATABASE postgres RESET work_mem;
@b bob postgres
SHOW work_mem;
@a
ALTER ROLE bob RESET ALL;
-- Who gets in.
@x nobody postgres
@x readers postgres
@x alice nosuch
-- Membership.
@a
GRANT readers TO alice;
GRANT readers TO alice;
GRANT readers TO bob WITH ADMIN OPTION;
GRANT writers TO readers;
GRANT readers TO writers;
GRANT alice TO alice;
GRANT nosuch TO alice;
GRANT readers TO nosuch;
GRANT pg_database_owner TO alice;
SELECT r.rolname, m.rolname, g.rolname, admin_option FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member JOIN pg_roles g ON g.oid = grantor WHERE r.rolname !~ '^pg_' ORDER BY 1, 2;
SELECT pg_has_role('alice', 'readers', 'member'), pg_has_role('alice', 'writers', 'usage'), pg_has_role('alice', 'carol', 'member'), pg_has_role('bob', 'readers', 'MEMBER WITH ADMIN OPTION');
SELECT pg_has_role('alice', 'readers', 'nonsense');
SELECT pg_has_role('nosuch', 'readers', 'member');
REVOKE writers FROM alice;
REVOKE ADMIN OPTION FOR readers FROM bob;
REVOKE readers FROM bob;
SELECT r.rolname, m.rolname, admin_option FROM pg_auth_members JOIN pg_roles r ON r.oid = roleid JOIN pg_roles m ON m.oid = member WHERE r.rolname !~ '^pg_' ORDER BY 1, 2;
ALTER GROUP writers ADD USER bob;
ALTER GROUP writers DROP USER bob;
@alice alice postgres
GRANT writers TO alice;
CREATE ROLE mine;
ALTER ROLE bob LOGIN;
ALTER ROLE alice CREATEDB;
ALTER ROLE alice PASSWORD 'own';
DROP ROLE bob;
CREATE DATABASE hers;
DROP DATABASE postgres;
ALTER DATABASE postgres SET work_mem = '1MB';
ALTER ROLE alice SET work_mem = '2MB';
ALTER ROLE bob SET work_mem = '2MB';
SET session_replication_role = replica;
SELECT * FROM pg_authid;
SELECT count(*) > 0 FROM pg_roles;
SELECT passwd FROM pg_shadow;
CHECKPOINT;
@carol carol postgres
CREATE ROLE of_carol;
CREATE ROLE super SUPERUSER;
CREATE ROLE repl REPLICATION;
CREATE ROLE bypass BYPASSRLS;
ALTER ROLE postgres NOLOGIN;
ALTER ROLE of_carol CREATEDB;
DROP ROLE of_carol;
DROP ROLE postgres;
-- SET ROLE and SET SESSION AUTHORIZATION.
@a
SELECT current_user, session_user, current_role;
SET ROLE alice;
SELECT current_user, session_user, current_role;
SHOW role;
SHOW is_superuser;
SELECT * FROM pg_authid;
SET ROLE NONE;
SELECT current_user, session_user;
SET ROLE nosuch;
BEGIN;
SET LOCAL ROLE bob;
SELECT current_user;
COMMIT;
SELECT current_user;
BEGIN;
SET ROLE bob;
ROLLBACK;
SELECT current_user;
SET SESSION AUTHORIZATION bob;
SELECT current_user, session_user;
SHOW is_superuser;
SET ROLE alice;
SET SESSION AUTHORIZATION carol;
SELECT current_user, session_user;
RESET SESSION AUTHORIZATION;
SELECT current_user, session_user;
@alice
SET ROLE readers;
SELECT current_user, session_user;
SET ROLE writers;
SELECT current_user;
RESET ROLE;
SET ROLE bob;
SET SESSION AUTHORIZATION bob;
SET SESSION AUTHORIZATION alice;
-- Rights on schemas and tables.
CREATE TABLE t (id int);
CREATE SCHEMA hers;
@a
CREATE SCHEMA s;
GRANT USAGE, CREATE ON SCHEMA s TO alice;
GRANT USAGE ON SCHEMA s TO readers;
CREATE TABLE t (id int PRIMARY KEY, v text, w int DEFAULT 1);
INSERT INTO t VALUES (1, 'one', 10), (2, 'two', 20);
CREATE SEQUENCE q;
CREATE VIEW v AS SELECT id, v FROM t;
@alice
SELECT * FROM t;
SELECT count(*) FROM t;
SELECT 1 FROM t;
INSERT INTO t VALUES (3);
UPDATE t SET v = 'x';
DELETE FROM t;
TRUNCATE t;
COPY t TO STDOUT;
COPY t FROM STDIN;
LOCK TABLE t;
BEGIN;
LOCK TABLE t IN ACCESS SHARE MODE;
ROLLBACK;
SELECT nextval('q');
SELECT * FROM q;
SELECT * FROM v;
SELECT nosuch FROM t;
ALTER TABLE t ADD COLUMN z int;
DROP TABLE t;
CREATE INDEX ON t (v);
COMMENT ON TABLE t IS 'mine';
ALTER TABLE t RENAME TO u;
ALTER TABLE t OWNER TO alice;
DROP VIEW v;
DROP SEQUENCE q;
ALTER SEQUENCE q RESTART;
CREATE TABLE copy (LIKE t);
CREATE TABLE s.of_alice (id int PRIMARY KEY, v text);
CREATE VIEW s.over AS SELECT * FROM t;
SELECT * FROM s.over;
EXPLAIN SELECT * FROM t;
ANALYZE t;
VACUUM t;
GRANT SELECT ON t TO bob;
REVOKE SELECT ON t FROM bob;
SELECT has_table_privilege('t', 'select'), has_table_privilege('postgres', 't', 'SELECT, INSERT'), has_schema_privilege('s', 'create'), has_schema_privilege('public', 'create');
SELECT has_table_privilege('t', 'nonsense');
SELECT has_table_privilege('nosuch', 'select');
SELECT has_table_privilege('nosuch', 't', 'select');
@a
GRANT SELECT ON t TO alice;
@alice
SELECT * FROM t ORDER BY id;
SELECT * FROM t FOR UPDATE;
SELECT * FROM v ORDER BY id;
SELECT * FROM s.over ORDER BY id;
INSERT INTO t VALUES (3);
INSERT INTO s.of_alice SELECT id, v FROM t;
UPDATE s.of_alice o SET v = t.v FROM t WHERE t.id = o.id;
DELETE FROM t USING s.of_alice o WHERE o.id = t.id;
COPY t (id) TO STDOUT;
@a
GRANT SELECT ON v TO bob;
@b bob postgres
SELECT * FROM v ORDER BY id;
SELECT * FROM t;
SELECT v.id FROM v JOIN t ON t.id = v.id;
SELECT id FROM v WHERE id IN (SELECT id FROM t);
WITH c AS (SELECT * FROM t) SELECT count(*) FROM c;
WITH c AS (SELECT * FROM t) SELECT 1;
SELECT (SELECT max(id) FROM t);
SELECT * FROM s.of_alice;
SELECT 's.of_alice'::regclass;
-- Columns.
@a
REVOKE ALL ON t FROM alice;
GRANT SELECT (id, v), UPDATE (v), INSERT (id) ON t TO alice;
SELECT relacl FROM pg_class WHERE oid = 't'::regclass;
SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 ORDER BY attnum;
@alice
SELECT id, v FROM t ORDER BY id;
SELECT id FROM t WHERE w > 1;
SELECT * FROM t;
SELECT t FROM t;
SELECT count(*) FROM t;
SELECT id FROM t ORDER BY w;
SELECT t.id FROM t JOIN (VALUES (10)) x (w) USING (w);
UPDATE t SET v = 'uno' WHERE id = 1;
UPDATE t SET w = 5 WHERE id = 1;
UPDATE t SET v = w::text WHERE id = 1;
INSERT INTO t (id) VALUES (7);
INSERT INTO t (id, v) VALUES (8, 'eight');
INSERT INTO t (id) VALUES (9) RETURNING w;
INSERT INTO t (id) VALUES (9) RETURNING v;
INSERT INTO t (id) VALUES (9) ON CONFLICT (id) DO UPDATE SET v = 'again';
INSERT INTO t (id) VALUES (9) ON CONFLICT (id) DO UPDATE SET w = 5;
DELETE FROM t WHERE id = 9;
SELECT has_column_privilege('t', 'id', 'select'), has_column_privilege('t', 'w', 'select'), has_column_privilege('t', 2::int2, 'update'), has_any_column_privilege('t', 'insert'), has_table_privilege('t', 'insert');
SELECT has_column_privilege('t', 'nosuch', 'select');
@a
SELECT grantor, grantee, table_schema, table_name, column_name, privilege_type, is_grantable FROM information_schema.column_privileges WHERE table_name = 't' AND grantee <> 'postgres' ORDER BY 2, 5, 6;
GRANT SELECT (nosuch) ON t TO alice;
GRANT DELETE (id) ON t TO alice;
REVOKE SELECT ON t FROM alice;
SELECT attname, attacl FROM pg_attribute WHERE attrelid = 't'::regclass AND attacl IS NOT NULL ORDER BY attnum;
REVOKE UPDATE (v), INSERT (id) ON t FROM alice;
SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attacl IS NOT NULL;
-- Grant options.
GRANT SELECT, INSERT ON t TO alice WITH GRANT OPTION;
@alice
GRANT SELECT ON t TO bob WITH GRANT OPTION;
GRANT SELECT, UPDATE ON t TO bob;
GRANT UPDATE ON t TO bob;
GRANT ALL ON t TO bob;
GRANT SELECT ON t TO public WITH GRANT OPTION;
@b
GRANT SELECT ON t TO carol;
GRANT SELECT ON t TO alice WITH GRANT OPTION;
@a
SELECT relacl FROM pg_class WHERE oid = 't'::regclass;
SELECT grantee::regrole, grantor::regrole, privilege_type, is_grantable FROM pg_class, aclexplode(relacl) WHERE pg_class.oid = 't'::regclass ORDER BY grantee::regrole::text, 3, grantor::regrole::text;
SELECT grantor, grantee, privilege_type, is_grantable, with_hierarchy FROM information_schema.table_privileges WHERE table_name = 't' AND table_schema = 'public' ORDER BY 2, 3, 1;
REVOKE GRANT OPTION FOR SELECT ON t FROM alice;
REVOKE SELECT ON t FROM alice RESTRICT;
REVOKE SELECT ON t FROM alice CASCADE;
SELECT relacl FROM pg_class WHERE oid = 't'::regclass;
REVOKE ALL ON t FROM alice CASCADE;
REVOKE ALL ON t FROM nosuch;
GRANT SELECT ON nosuch TO alice;
GRANT SELECT ON t TO nosuch;
GRANT USAGE ON t TO alice;
GRANT nonsense ON t TO alice;
GRANT EXECUTE ON SCHEMA s TO alice;
REVOKE ALL ON t FROM postgres;
SELECT relacl FROM pg_class WHERE oid = 't'::regclass;
SELECT count(*) FROM t;
GRANT ALL ON t TO postgres;
-- PUBLIC, ALL IN SCHEMA, sequences.
GRANT SELECT ON t TO PUBLIC;
@b
SELECT count(*) FROM t;
@a
REVOKE SELECT ON t FROM PUBLIC;
CREATE TABLE s.one (id serial PRIMARY KEY);
CREATE TABLE s.two (id int GENERATED ALWAYS AS IDENTITY, v text);
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA s TO alice;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA nosuch TO alice;
SELECT relname, relkind, relacl FROM pg_class WHERE relnamespace = 's'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY 1;
@alice
INSERT INTO s.one DEFAULT VALUES;
INSERT INTO s.two (v) VALUES ('two');
SELECT * FROM s.two;
@a
GRANT USAGE ON ALL SEQUENCES IN SCHEMA s TO alice;
@alice
INSERT INTO s.one DEFAULT VALUES RETURNING id;
SELECT nextval('s.one_id_seq'), currval('s.one_id_seq');
SELECT setval('s.one_id_seq', 100);
SELECT last_value FROM s.one_id_seq;
SELECT has_sequence_privilege('s.one_id_seq', 'usage'), has_sequence_privilege('s.one_id_seq', 'update');
@a
REVOKE USAGE ON SCHEMA s FROM alice, readers;
@alice
SELECT * FROM s.one;
SELECT * FROM s.nosuch;
SET search_path = s, public;
SELECT * FROM one;
SELECT current_schemas(false);
CREATE TABLE where_to (id int);
RESET search_path;
@a
GRANT USAGE ON SCHEMA s TO readers;
-- Prepared statements look again.
GRANT SELECT ON t TO alice;
@alice
PREPARE p AS SELECT count(*) FROM t;
EXECUTE p;
@a
REVOKE SELECT ON t FROM alice;
@alice
EXECUTE p;
@a
GRANT SELECT ON t TO writers;
@alice
EXECUTE p;
@a
ALTER ROLE alice NOINHERIT;
@alice
EXECUTE p;
SET ROLE readers;
EXECUTE p;
SET ROLE writers;
EXECUTE p;
RESET ROLE;
EXECUTE p;
@a
ALTER ROLE alice INHERIT;
REVOKE writers FROM readers;
@alice
EXECUTE p;
@a
REVOKE SELECT ON t FROM writers;
-- Owners.
CREATE TABLE owned (id serial PRIMARY KEY, v text UNIQUE);
ALTER TABLE owned OWNER TO alice;
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'owned%' ORDER BY 1;
ALTER TABLE owned OWNER TO nosuch;
@alice
ALTER TABLE owned ADD COLUMN w int;
INSERT INTO owned (v) VALUES ('a') RETURNING id;
CREATE INDEX ON owned (w);
TRUNCATE owned;
COMMENT ON TABLE owned IS 'hers';
GRANT SELECT ON owned TO bob;
ALTER TABLE owned OWNER TO bob;
ALTER TABLE owned OWNER TO readers;
ALTER TABLE owned RENAME TO owned2;
@b
SELECT * FROM owned;
DROP TABLE owned;
@a
DROP ROLE alice;
SELECT relacl FROM pg_class WHERE relname = 'owned';
REASSIGN OWNED BY alice TO bob;
SELECT relname, pg_get_userbyid(relowner) FROM pg_class WHERE relname LIKE 'owned%' ORDER BY 1;
SELECT relacl FROM pg_class WHERE relname = 'owned';
DROP ROLE alice;
DROP OWNED BY alice;
DROP ROLE alice;
@b
DROP OWNED BY postgres;
REASSIGN OWNED BY carol TO bob;
DROP TABLE owned;
-- Default privileges.
@a
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO bob;
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO bob;
ALTER DEFAULT PRIVILEGES FOR ROLE carol REVOKE ALL ON TABLES FROM carol;
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT USAGE ON SCHEMAS TO bob;
ALTER DEFAULT PRIVILEGES IN SCHEMA nosuch GRANT SELECT ON TABLES TO bob;
SELECT pg_get_userbyid(defaclrole), defaclnamespace::regnamespace, defaclobjtype, defaclacl FROM pg_default_acl ORDER BY 1, 2::text, 3;
CREATE TABLE s.by_default (id serial);
CREATE TABLE plain (id serial);
SELECT relname, relacl FROM pg_class WHERE relname LIKE 'by_default%' OR relname LIKE 'plain%' ORDER BY 1;
DROP ROLE bob;
ALTER DEFAULT PRIVILEGES IN SCHEMA s REVOKE SELECT ON TABLES FROM bob;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON SEQUENCES FROM bob;
ALTER DEFAULT PRIVILEGES FOR ROLE carol GRANT ALL ON TABLES TO carol;
SELECT count(*) FROM pg_default_acl;
-- Databases.
CREATE DATABASE guarded OWNER carol;
SELECT datname, pg_get_userbyid(datdba), datacl FROM pg_database WHERE datname = 'guarded';
REVOKE CONNECT ON DATABASE guarded FROM PUBLIC;
SELECT datacl FROM pg_database WHERE datname = 'guarded';
@x bob guarded
@c carol guarded
CREATE SCHEMA of_carol;
CREATE TABLE public.in_public (id int);
@a
GRANT CONNECT ON DATABASE guarded TO bob;
SELECT has_database_privilege('bob', 'guarded', 'connect'), has_database_privilege('bob', 'guarded', 'create'), has_database_privilege('carol', 'guarded', 'create'), has_database_privilege('alice', 'guarded', 'connect');
@g bob guarded
CREATE SCHEMA of_bob;
SELECT * FROM in_public;
@a
GRANT CREATE ON DATABASE guarded TO bob;
GRANT SELECT ON DATABASE guarded TO bob;
@g
CREATE SCHEMA of_bob;
CREATE SCHEMA AUTHORIZATION carol;
CREATE SCHEMA of_bob2 AUTHORIZATION bob;
SELECT nspname, pg_get_userbyid(nspowner), nspacl FROM pg_namespace WHERE nspname LIKE 'of_%' OR nspname = 'public' ORDER BY 1;
@a
DROP ROLE carol;
DROP ROLE bob;
@g close
@c close
@carol
DROP DATABASE guarded;
ALTER ROLE carol NOCREATEDB;
@a
SELECT role_name FROM information_schema.applicable_roles WHERE grantee = 'alice';
@b
SELECT role_name FROM information_schema.enabled_roles ORDER BY 1;
-- What is left can go.
@a
DROP OWNED BY bob, carol;
DROP ROLE bob, carol;
DROP SCHEMA s CASCADE;
DROP ROLE readers, writers;
SELECT rolname FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY 1;
