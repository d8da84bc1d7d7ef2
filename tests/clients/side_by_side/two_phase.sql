-- Two-phase commit: PREPARE TRANSACTION, COMMIT PREPARED, ROLLBACK PREPARED, pg_prepared_xacts.
@main
CREATE TABLE account (id int PRIMARY KEY, v int);
INSERT INTO account VALUES (1, 10), (2, 20), (3, 30);
SELECT * FROM pg_prepared_xacts;
-- outside a block, and in a failed one
PREPARE TRANSACTION 'nothing';
BEGIN;
SELECT 1 / 0;
PREPARE TRANSACTION 'failed';
SELECT gid FROM pg_prepared_xacts;
-- committed later
BEGIN;
UPDATE account SET v = v + 1 WHERE id = 1;
INSERT INTO account VALUES (4, 40);
PREPARE TRANSACTION 'one';
SELECT gid, owner, database, prepared <= now() AS past FROM pg_prepared_xacts;
SELECT * FROM account ORDER BY id;
BEGIN;
UPDATE account SET v = v + 1 WHERE id = 2;
PREPARE TRANSACTION 'one';
SELECT 'no transaction is left';
BEGIN;
COMMIT PREPARED 'one';
ROLLBACK;
BEGIN;
ROLLBACK PREPARED 'one';
ROLLBACK;
COMMIT PREPARED 'other';
ROLLBACK PREPARED 'other';
-- its locks
SET lock_timeout = '100ms';
UPDATE account SET v = 0 WHERE id = 1;
INSERT INTO account VALUES (4, 0);
BEGIN;
LOCK TABLE account IN SHARE MODE;
ROLLBACK;
ALTER TABLE account ADD COLUMN w int;
SELECT * FROM account WHERE id = 1 FOR UPDATE NOWAIT;
UPDATE account SET v = v + 1 WHERE id = 2;
RESET lock_timeout;
COMMIT PREPARED 'one';
COMMIT PREPARED 'one';
SELECT * FROM account ORDER BY id;
SELECT * FROM pg_prepared_xacts;
-- rolled back
BEGIN;
DELETE FROM account;
SAVEPOINT s;
INSERT INTO account VALUES (9, 9);
ROLLBACK TO s;
PREPARE TRANSACTION 'two';
ROLLBACK PREPARED 'two';
SELECT * FROM account ORDER BY id;
-- of another session, of another role
BEGIN;
SELECT * FROM account WHERE id = 3 FOR SHARE;
PREPARE TRANSACTION 'three';
CREATE ROLE other LOGIN;
CREATE ROLE boss LOGIN SUPERUSER;
@stranger other
COMMIT PREPARED 'three';
ROLLBACK PREPARED 'three';
SELECT gid FROM pg_prepared_xacts;
@chief boss
COMMIT PREPARED 'three';
@main
-- of another database
BEGIN;
UPDATE account SET v = 33 WHERE id = 3;
PREPARE TRANSACTION 'here';
@elsewhere postgres template1
COMMIT PREPARED 'here';
@elsewhere close
@main
ROLLBACK PREPARED 'here';
-- a database where some wait stays
CREATE DATABASE kept;
@there postgres kept
CREATE TABLE t (i int);
BEGIN;
INSERT INTO t VALUES (1);
PREPARE TRANSACTION 'there';
@main
@there close
DROP DATABASE kept;
DROP DATABASE kept WITH (FORCE);
@there postgres kept
ROLLBACK PREPARED 'there';
@there close
@main
DROP DATABASE kept WITH (FORCE);
-- what cannot be prepared
CREATE TEMP TABLE passing (i int);
BEGIN;
INSERT INTO passing VALUES (1);
PREPARE TRANSACTION 'temporary';
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT 1;
PREPARE TRANSACTION 'held';
BEGIN;
DECLARE plain CURSOR FOR SELECT 1;
PREPARE TRANSACTION 'cursor';
ROLLBACK PREPARED 'cursor';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT length(pg_export_snapshot()) > 0 AS exported;
PREPARE TRANSACTION 'exported';
-- names
BEGIN;
PREPARE TRANSACTION '01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789';
BEGIN;
UPDATE account SET v = v WHERE id = 1;
PREPARE TRANSACTION 'it''s "fine"';
SELECT gid FROM pg_prepared_xacts;
COMMIT PREPARED 'it''s "fine"';
PREPARE TRANSACTION one;
-- only reading
BEGIN READ ONLY;
SELECT count(*) FROM account;
PREPARE TRANSACTION 'reader';
SELECT gid FROM pg_prepared_xacts;
COMMIT PREPARED 'reader';
-- deferred checks come before
CREATE TABLE child (a int REFERENCES account DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO child VALUES (77);
PREPARE TRANSACTION 'orphan';
SELECT gid FROM pg_prepared_xacts;
-- settings stay as after a commit
BEGIN;
SET work_mem = '5MB';
PREPARE TRANSACTION 'setting';
SHOW work_mem;
ROLLBACK PREPARED 'setting';
SHOW work_mem;
-- a referred row is kept
BEGIN;
INSERT INTO child VALUES (3);
PREPARE TRANSACTION 'refers';
SET lock_timeout = '100ms';
DELETE FROM account WHERE id = 3;
RESET lock_timeout;
COMMIT PREPARED 'refers';
DELETE FROM account WHERE id = 3;
