-- LISTEN, NOTIFY and their functions.
@a
SELECT * FROM pg_listening_channels();
LISTEN news;
LISTEN news;
LISTEN "Other Channel";
SELECT pg_listening_channels();
SELECT * FROM pg_listening_channels() ORDER BY 1;
SELECT pg_notification_queue_usage() < 0.5, pg_typeof(pg_notification_queue_usage());
NOTIFY news;
NOTIFY news, 'hello';
NOTIFY news, '';
NOTIFY "Other Channel", 'it''s me';
NOTIFY nobody_listens, 'x';
SELECT pg_notify('news', 'from a function');
SELECT pg_notify('news', NULL);
SELECT pg_notify(NULL, 'x');
SELECT pg_notify('', 'x');
SELECT pg_notify(repeat('c', 63), 'x');
SELECT pg_notify(repeat('c', 64), 'x');
SELECT pg_notify('news', repeat('p', 7999));
SELECT pg_notify('news', repeat('p', 8000));
SELECT pg_notify(repeat('c', 64), repeat('p', 8000));
SELECT pg_notify('news', i::text) FROM generate_series(1, 5) i;
SELECT pg_notify('news', (i % 2)::text) FROM generate_series(1, 5) i;
SELECT pg_notify(1, 2);
SELECT pg_notify('news');
SELECT count(pg_notify('news', 'counted')) FROM generate_series(1, 3);
NOTIFY a_name_that_is_longer_than_sixty_three_bytes_is_cut_to_as_much_of_it, 'x';
LISTEN a_name_that_is_longer_than_sixty_three_bytes_is_cut_to_as_much_of_it;
NOTIFY a_name_that_is_longer_than_sixty_three_bytes_is_cut_to_as_much_of_it_all, 'the same';
UNLISTEN a_name_that_is_longer_than_sixty_three_bytes_is_cut_to_as_much_of_it;
LISTEN;
LISTEN 'news';
LISTEN *;
NOTIFY;
NOTIFY news, hello;
NOTIFY news 'hello';
NOTIFY news, E'a\nb';
UNLISTEN;
UNLISTEN 'x';
LISTEN a.b;
LISTEN select;
LISTEN "select";
UNLISTEN "select";
-- In their order, and once each.
BEGIN;
NOTIFY news, '1';
NOTIFY news, '2';
NOTIFY news, '1';
NOTIFY "Other Channel", '1';
SELECT 1;
COMMIT;
NOTIFY news, '1'; NOTIFY news, '2'; NOTIFY news, '1'; SELECT 5;
-- What is rolled back was not said.
BEGIN;
NOTIFY news, 'never';
ROLLBACK;
BEGIN;
NOTIFY news, 'kept';
SAVEPOINT s;
NOTIFY news, 'dropped';
NOTIFY news, 'kept';
ROLLBACK TO s;
NOTIFY news, 'after';
SAVEPOINT s2;
NOTIFY news, 'released';
NOTIFY news, 'after';
RELEASE s2;
COMMIT;
BEGIN;
SAVEPOINT s;
NOTIFY news, 'x';
ROLLBACK TO s;
NOTIFY news, 'x';
COMMIT;
BEGIN;
NOTIFY news, 'never';
SELECT 1/0;
NOTIFY news, 'never';
COMMIT;
NOTIFY news, 'never'; SELECT 1/0;
SELECT pg_notify('news', 'never'), 1/(i - 2) FROM generate_series(1, 3) i;
-- LISTEN counts when it commits.
BEGIN;
LISTEN more;
SELECT * FROM pg_listening_channels() ORDER BY 1;
NOTIFY more, 'to myself';
COMMIT;
SELECT * FROM pg_listening_channels() ORDER BY 1;
BEGIN;
UNLISTEN more;
NOTIFY more, 'I do not want to hear it';
COMMIT;
NOTIFY more, 'nor this';
BEGIN;
LISTEN more;
ROLLBACK;
NOTIFY more, 'nor that';
BEGIN;
SAVEPOINT s;
LISTEN more;
ROLLBACK TO s;
COMMIT;
SELECT * FROM pg_listening_channels() ORDER BY 1;
BEGIN;
UNLISTEN *;
SELECT * FROM pg_listening_channels() ORDER BY 1;
ROLLBACK;
SELECT * FROM pg_listening_channels() ORDER BY 1;
BEGIN;
UNLISTEN *;
LISTEN more;
COMMIT;
SELECT * FROM pg_listening_channels() ORDER BY 1;
BEGIN;
LISTEN news;
UNLISTEN *;
LISTEN last;
UNLISTEN more;
COMMIT;
SELECT * FROM pg_listening_channels() ORDER BY 1;
UNLISTEN never_listened_to;
UNLISTEN last;
SELECT count(*) FROM pg_listening_channels();
LISTEN news;
-- From another session, between transactions only.
@b
NOTIFY news, 'one';
@a
SELECT 'a statement';
@b
NOTIFY news, 'two';
NOTIFY news, 'three';
BEGIN;
NOTIFY news, 'not yet';
@a
SELECT 'a statement';
BEGIN;
SELECT 'in a block';
@b
COMMIT;
NOTIFY news, 'and another';
@a
SELECT 'in a block';
SELECT 1/0;
SELECT 'in a failed block';
ROLLBACK;
BEGIN;
@b
NOTIFY news, 'at the end of a block';
@a
SELECT 'in a block';
COMMIT;
-- Others with changes, and without.
CREATE TABLE t (id int PRIMARY KEY, v text);
@b
BEGIN;
INSERT INTO t VALUES (1, 'a');
NOTIFY news, 'inserted';
COMMIT;
BEGIN;
SELECT * FROM t FOR UPDATE;
NOTIFY news, 'locked';
COMMIT;
INSERT INTO t SELECT 2, 'b' WHERE pg_notify('news', 'in an INSERT') IS NOT NULL;
BEGIN;
INSERT INTO t VALUES (1, 'again');
NOTIFY news, 'never';
COMMIT;
BEGIN READ ONLY;
NOTIFY news, 'a reader says';
LISTEN own;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM t;
INSERT INTO t VALUES (3, 'c');
NOTIFY news, 'in SERIALIZABLE';
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM t;
NOTIFY news, 'in SERIALIZABLE without a change';
COMMIT;
CREATE TABLE made (id int);
BEGIN;
DROP TABLE made;
NOTIFY news, 'dropped';
COMMIT;
@a
SELECT 'a statement';
-- Said for rows of tables.
SELECT pg_notify('news', v) FROM t ORDER BY id;
SELECT count(*) FROM t WHERE pg_notify('news', 'row ' || id) IS NOT NULL;
UPDATE t SET v = 'z' WHERE id = 1 AND pg_notify('news', 'updated') IS NOT NULL;
WITH made AS (INSERT INTO t VALUES (11, 'k') RETURNING id) SELECT pg_notify('news', 'inserted ' || id) FROM made;
WITH said AS MATERIALIZED (SELECT pg_notify('news', 'in WITH')) SELECT count(*) FROM said;
-- Prepared statements, EXPLAIN, cursors.
PREPARE says AS SELECT pg_notify('news', $1);
EXECUTE says('prepared');
EXPLAIN (COSTS OFF) SELECT pg_notify('news', 'explained');
PREPARE p AS NOTIFY news;
EXPLAIN NOTIFY news;
BEGIN;
DECLARE c CURSOR FOR SELECT pg_notify('news', i::text), i FROM generate_series(1, 10) i;
FETCH 10 FROM c;
COMMIT;
DISCARD ALL;
SELECT count(*) FROM pg_listening_channels();
@b
NOTIFY news, 'to nobody';
@a
SELECT 1;
LISTEN news;
DISCARD TEMP;
DISCARD PLANS;
SELECT count(*) FROM pg_listening_channels();
@b postgres template1
NOTIFY news, 'another database';
@a
SELECT 1;
