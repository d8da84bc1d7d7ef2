-- MERGE.
@a
CREATE TABLE target (tid int PRIMARY KEY, balance int CHECK (balance < 1000), note text DEFAULT 'new');
CREATE TABLE source (sid int, delta int);
INSERT INTO target VALUES (1, 10), (2, 20), (3, 30);
INSERT INTO source VALUES (2, 5), (3, 20), (4, 40);
MERGE INTO target t USING source s ON t.tid = s.sid WHEN MATCHED THEN UPDATE SET balance = balance + delta WHEN NOT MATCHED THEN INSERT VALUES (s.sid, s.delta);
SELECT * FROM target ORDER BY tid;
MERGE INTO target USING source ON tid = sid WHEN MATCHED AND delta > 10 THEN DELETE WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN DO NOTHING;
SELECT * FROM target ORDER BY tid;
MERGE INTO target AS t USING (SELECT sid, sum(delta) AS d FROM source GROUP BY sid) AS s ON t.tid = s.sid WHEN NOT MATCHED AND d > 30 THEN INSERT (balance, tid) VALUES (d, sid) WHEN NOT MATCHED THEN INSERT (tid) VALUES (sid) WHEN MATCHED AND t.balance > s.d THEN UPDATE SET (balance, note) = (t.balance - s.d, 'less');
SELECT * FROM target ORDER BY tid;
WITH w AS (SELECT 7 AS x, 70 AS y) MERGE INTO target USING w ON tid = x WHEN NOT MATCHED THEN INSERT VALUES (x, y, DEFAULT);
WITH w AS (SELECT 7 AS x) MERGE INTO target USING w ON tid = x WHEN MATCHED THEN UPDATE SET note = DEFAULT, balance = (SELECT max(sid) FROM source) + x;
MERGE INTO target USING (VALUES (8, 'a'), (9, 'b')) v (k, l) ON tid = k WHEN NOT MATCHED AND l = 'a' THEN INSERT (tid, note) VALUES (k, upper(l));
MERGE INTO target USING source JOIN (VALUES (2), (4)) v (k) ON sid = k ON tid = sid WHEN MATCHED THEN UPDATE SET note = 'joined ' || k;
MERGE INTO target USING target t2 ON target.tid = t2.tid + 1 WHEN MATCHED THEN UPDATE SET note = coalesce(t2.note, 'x');
SELECT * FROM target ORDER BY tid;
MERGE INTO target USING generate_series(20, 22) g ON tid = g WHEN NOT MATCHED AND g > 20 THEN INSERT (tid, balance) VALUES (g, g);
MERGE INTO target USING generate_series(20, 22) g ON tid = g WHEN NOT MATCHED THEN INSERT DEFAULT VALUES;
MERGE INTO target USING generate_series(20, 22) g ON tid = g WHEN MATCHED THEN UPDATE SET tid = tid + 100;
MERGE INTO target USING source ON false WHEN NOT MATCHED THEN INSERT (tid) VALUES (sid + 1000);
MERGE INTO target USING source ON tid < 10 WHEN MATCHED THEN DELETE;
MERGE INTO target USING (SELECT 1) x ON tid < 10 WHEN MATCHED AND tid > 3 THEN DELETE;
SELECT * FROM target ORDER BY tid;
-- Errors.
INSERT INTO source VALUES (2, 6);
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN UPDATE SET balance = delta;
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE;
MERGE INTO target USING source ON tid = sid WHEN MATCHED AND delta = 6 THEN DELETE;
MERGE INTO target USING (VALUES (50), (50)) v (k) ON tid = k WHEN NOT MATCHED THEN INSERT (tid) VALUES (k);
MERGE INTO target USING (VALUES (51)) v (k) ON tid = k WHEN NOT MATCHED THEN INSERT (tid, balance) VALUES (k, 5000);
MERGE INTO target USING (VALUES (1)) v (k) ON tid = k WHEN MATCHED THEN UPDATE SET balance = 5000;
MERGE INTO target USING (VALUES (1)) v (k) ON tid = k WHEN MATCHED THEN UPDATE SET tid = NULL;
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE WHEN MATCHED AND sid > 1 THEN DO NOTHING;
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid) VALUES (target.tid);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid) VALUES (balance);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED AND tid > 1 THEN DO NOTHING;
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid, balance) VALUES (sid);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid) VALUES (sid, 1);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid, tid) VALUES (sid, 1);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (nosuch) VALUES (sid);
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN UPDATE SET nosuch = 1;
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN UPDATE SET balance = 1, balance = 2;
MERGE INTO target USING source ON tid = sid WHEN MATCHED AND 1 THEN DELETE;
MERGE INTO target USING source ON tid = sid WHEN MATCHED AND max(sid) > 1 THEN DELETE;
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN INSERT VALUES (1);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN DELETE;
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN UPDATE SET balance = 1 RETURNING *;
MERGE INTO target USING target ON true WHEN MATCHED THEN DELETE;
MERGE INTO target USING nosuch ON true WHEN MATCHED THEN DELETE;
MERGE INTO nosuch USING target ON true WHEN MATCHED THEN DELETE;
WITH m AS (MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE) SELECT 1;
WITH RECURSIVE m AS (SELECT 1) MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE;
COPY (MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE) TO STDOUT;
CREATE VIEW target_view AS SELECT * FROM target;
MERGE INTO target_view USING source ON tid = sid WHEN MATCHED THEN DELETE;
MERGE INTO target USING target_view v ON target.tid = v.tid AND v.tid = 1 WHEN MATCHED THEN UPDATE SET note = v.note || '!';
PREPARE m (int, int) AS MERGE INTO target USING (SELECT $1 AS k) x ON tid = k WHEN MATCHED THEN UPDATE SET balance = $2 WHEN NOT MATCHED THEN INSERT VALUES ($1, $2);
EXECUTE m (60, 1);
EXECUTE m (60, 2);
BEGIN;
MERGE INTO target USING source ON false WHEN NOT MATCHED AND sid = 4 THEN INSERT (tid) VALUES (77);
MERGE INTO target USING (SELECT 77 AS k) x ON tid = k WHEN MATCHED THEN UPDATE SET note = 'own';
SELECT * FROM target WHERE tid = 77;
ROLLBACK;
SELECT * FROM target ORDER BY tid;
-- Generated and identity columns, unique indexes, foreign keys.
CREATE TABLE rich (id int GENERATED ALWAYS AS IDENTITY, k int UNIQUE, a int, g int GENERATED ALWAYS AS (a * 2) STORED, s serial, PRIMARY KEY (id));
MERGE INTO rich USING generate_series(1, 3) i ON k = i WHEN NOT MATCHED THEN INSERT (k, a) VALUES (i, i * 10);
MERGE INTO rich USING generate_series(2, 5) i ON k = i WHEN MATCHED THEN UPDATE SET a = a + 1, k = k + 100 WHEN NOT MATCHED THEN INSERT (k, a) VALUES (i, i);
MERGE INTO rich USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT (k, g) VALUES (1, 1);
MERGE INTO rich USING (SELECT 1) x ON false WHEN NOT MATCHED THEN INSERT (id, k) VALUES (1, 1);
MERGE INTO rich USING (SELECT 9 AS i) x ON false WHEN NOT MATCHED THEN INSERT (id, k) OVERRIDING SYSTEM VALUE VALUES (1000, i);
MERGE INTO rich USING (SELECT 4 AS i) x ON k = 1 WHEN MATCHED THEN UPDATE SET k = i;
MERGE INTO rich USING (SELECT 4 AS i) x ON k = 1 WHEN MATCHED THEN UPDATE SET g = 7;
SELECT k, a, g FROM rich ORDER BY k;
CREATE TABLE child (c int PRIMARY KEY, k int REFERENCES rich (k) ON DELETE CASCADE);
MERGE INTO child USING (VALUES (1, 1), (2, 4)) v (c, k) ON child.c = v.c WHEN NOT MATCHED THEN INSERT VALUES (v.c, v.k);
MERGE INTO child USING (VALUES (1, 999)) v (c, k) ON child.c = v.c WHEN MATCHED THEN UPDATE SET k = v.k;
MERGE INTO rich USING (VALUES (4)) v (i) ON k = i WHEN MATCHED THEN DELETE;
SELECT * FROM child ORDER BY 1;
-- Rights.
CREATE ROLE merger LOGIN;
GRANT SELECT ON source TO merger;
@m merger
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE;
@a
GRANT SELECT, UPDATE (note), INSERT (tid) ON target TO merger;
@m
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DELETE;
MERGE INTO target USING source ON tid = sid AND delta = 40 WHEN MATCHED THEN UPDATE SET note = 'm';
MERGE INTO target USING source ON tid = sid AND delta = 40 WHEN MATCHED THEN UPDATE SET balance = 1;
MERGE INTO target USING source ON tid = sid + 500 WHEN NOT MATCHED AND delta = 40 THEN INSERT (tid) VALUES (sid + 500);
MERGE INTO target USING source ON tid = sid WHEN NOT MATCHED THEN INSERT (tid, balance) VALUES (sid, 1);
MERGE INTO target USING source ON tid = sid WHEN MATCHED THEN DO NOTHING;
-- Others change the rows meanwhile: see merge_test.py.
@a
SELECT * FROM target ORDER BY tid;
