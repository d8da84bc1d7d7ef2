-- Two databases with the same names in them.
@a
CREATE DATABASE one;
CREATE DATABASE two WITH OWNER = postgres TEMPLATE template0 ENCODING 'UTF8' CONNECTION LIMIT 5;
CREATE DATABASE one;
CREATE DATABASE three TEMPLATE nosuch;
CREATE DATABASE three OWNER nobody;
CREATE DATABASE three nonsense = 1;
CREATE DATABASE three CONNECTION LIMIT 1 CONNECTION LIMIT 2;
CREATE DATABASE three CONNECTION LIMIT -7;
CREATE DATABASE three ALLOW_CONNECTIONS perhaps;
CREATE DATABASE three TABLESPACE nosuch;
SELECT datname, datistemplate, datallowconn, datconnlimit, pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database ORDER BY datname;
BEGIN;
CREATE DATABASE three;
ROLLBACK;
BEGIN;
DROP DATABASE two;
ROLLBACK;
CREATE DATABASE "Mixed Case";
DROP DATABASE "Mixed Case";
DROP DATABASE nosuch;
DROP DATABASE IF EXISTS nosuch;
DROP DATABASE postgres;
DROP DATABASE template1;
CREATE TABLE t (id int PRIMARY KEY, v text);
INSERT INTO t VALUES (0, 'postgres');
@one postgres one
SELECT current_database(), current_catalog, current_schema;
SELECT datname FROM pg_stat_activity WHERE pid = pg_backend_pid();
SELECT * FROM t;
CREATE TABLE t (id int PRIMARY KEY, v text DEFAULT 'x');
CREATE SCHEMA app;
CREATE TABLE app.t (id serial, w int CHECK (w > 0));
CREATE VIEW v AS SELECT v FROM t;
CREATE INDEX t_v ON t (v);
CREATE SEQUENCE s START 10;
INSERT INTO t VALUES (1, 'one');
INSERT INTO app.t (w) VALUES (11), (12);
SELECT nextval('s');
CREATE SCHEMA app;
CREATE TABLE t (x int);
@two postgres two
CREATE SCHEMA app;
CREATE TABLE t (id bigint, other date);
CREATE TABLE app.t (id text);
CREATE SEQUENCE s START 20;
INSERT INTO t VALUES (2, '2020-02-02');
INSERT INTO app.t VALUES ('two');
SELECT nextval('s');
SELECT * FROM t;
SELECT * FROM app.t;
SELECT * FROM v;
@one
SELECT * FROM t;
SELECT * FROM app.t;
SELECT * FROM v;
SELECT nextval('s');
@a
SELECT * FROM t;
SELECT * FROM app.t;
-- What the catalog shows is the database's own.
@one
SELECT relname, relkind FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'app') ORDER BY 1, 2;
SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%' AND nspname <> 'sys' ORDER BY 1;
SELECT table_catalog, table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('public', 'app') ORDER BY 1, 2, 3;
SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'app') ORDER BY 1, 2;
SELECT indexname FROM pg_indexes WHERE schemaname IN ('public', 'app') ORDER BY 1;
SELECT conname FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('public', 'app')) ORDER BY 1;
@two
SELECT relname, relkind FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname IN ('public', 'app') ORDER BY 1, 2;
SELECT table_catalog, table_schema, table_name, column_name FROM information_schema.columns WHERE table_schema IN ('public', 'app') ORDER BY 1, 2, 3, 4;
SELECT catalog_name, schema_name FROM information_schema.schemata WHERE schema_name IN ('public', 'app') ORDER BY 2;
-- One's objects are not another's, not even by number.
@one
SELECT one.public.t.id FROM one.public.t;
SELECT * FROM two.public.t;
SELECT two.public.t.id FROM t;
INSERT INTO two.public.t VALUES (1);
UPDATE two.public.t SET id = 1;
DELETE FROM two.public.t;
CREATE TABLE two.public.u (id int);
DROP TABLE two.public.t;
ALTER TABLE two.public.t ADD COLUMN z int;
CREATE VIEW two.public.w AS SELECT 1;
TRUNCATE two.public.t;
COPY two.public.t TO STDOUT;
CREATE TABLE one.public.u (id int);
DROP TABLE one.public.u;
SELECT 'two.public.t'::regclass;
SELECT CAST(1 AS two.pg_catalog.int4);
-- In the way of DROP and RENAME.
@a
DROP DATABASE one;
ALTER DATABASE one RENAME TO uno;
@one close
@a
ALTER DATABASE one RENAME TO two;
ALTER DATABASE postgres RENAME TO pg;
ALTER DATABASE nosuch RENAME TO pg;
ALTER DATABASE one RENAME TO uno;
@x postgres one
@uno postgres uno
SELECT current_database(), id, v FROM t;
@a
DROP DATABASE uno WITH (FORCE);
SELECT datname FROM pg_database WHERE datname IN ('one', 'two', 'uno') ORDER BY 1;
@uno postgres uno
@two
SELECT * FROM t;
-- Who may come in.
@x postgres template0
@t1 postgres template1
SELECT current_database();
@t1 close
@a
ALTER DATABASE two WITH ALLOW_CONNECTIONS false;
@x postgres two
@a
ALTER DATABASE two WITH ALLOW_CONNECTIONS true CONNECTION LIMIT 3 IS_TEMPLATE true;
DROP DATABASE two;
ALTER DATABASE two IS_TEMPLATE false;
ALTER DATABASE two OWNER TO nobody;
ALTER DATABASE two OWNER TO postgres;
ALTER DATABASE postgres ALLOW_CONNECTIONS false;
ALTER DATABASE nosuch CONNECTION LIMIT 3;
ALTER DATABASE two OWNER = postgres;
-- Parameters of a database's sessions.
ALTER DATABASE two SET work_mem = '7MB';
ALTER DATABASE two SET search_path = app, public;
ALTER DATABASE two SET nosuch = 1;
ALTER DATABASE two SET work_mem = 'much';
ALTER DATABASE nosuch SET work_mem = '7MB';
SELECT datname, setrole, setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase;
@b postgres two
SHOW work_mem;
SELECT current_schema;
SELECT * FROM t;
SET work_mem = '1MB';
RESET work_mem;
SHOW work_mem;
@a
SHOW work_mem;
ALTER DATABASE two RESET search_path;
@c postgres two
SELECT current_schema;
@a
ALTER DATABASE two RESET ALL;
SELECT count(*) FROM pg_db_role_setting;
COMMENT ON DATABASE two IS 'the second';
SELECT description FROM pg_shdescription WHERE objoid = (SELECT oid FROM pg_database WHERE datname = 'two');
@b close
@c close
@two close
@a
DROP DATABASE two;
@x postgres two
SELECT datname FROM pg_database ORDER BY 1;
-- A new one has nothing of the old one's.
CREATE DATABASE two;
@two postgres two
SELECT * FROM t;
CREATE TABLE t (new int);
DROP SCHEMA public CASCADE;
CREATE TABLE t (new int);
CREATE SCHEMA public;
CREATE TABLE t (new int);
