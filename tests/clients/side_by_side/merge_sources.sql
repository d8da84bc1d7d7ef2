-- WHERE of a source, and a source of one row, where all rows match.
@a
CREATE TABLE mt (id int PRIMARY KEY, v text);
CREATE TABLE ms (id int, v text, x int);
INSERT INTO mt SELECT n, 'old' FROM generate_series(1, 6) n;
INSERT INTO ms SELECT n, 'new' || n, n FROM generate_series(1, 8) n;
MERGE INTO mt USING (VALUES (3, 'three')) s(id, v) ON mt.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v;
SELECT * FROM mt ORDER BY id;
MERGE INTO mt USING (SELECT * FROM ms WHERE x > 5) s ON mt.id = s.id WHEN MATCHED THEN UPDATE SET v = s.v;
SELECT * FROM mt ORDER BY id;
MERGE INTO mt USING (SELECT 2 AS id) s ON mt.id = s.id WHEN MATCHED THEN DELETE;
SELECT * FROM mt ORDER BY id;
MERGE INTO mt USING (SELECT * FROM ms WHERE x > 6) s ON mt.id = s.id WHEN MATCHED THEN UPDATE SET v = 'both' WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
SELECT * FROM mt ORDER BY id;
MERGE INTO mt USING (SELECT 9 AS id, 'nine' AS v) s ON mt.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.v);
MERGE INTO mt USING (SELECT a.id, b.v FROM ms a JOIN ms b ON a.id = b.x AND a.x < 3) s ON mt.id = s.id WHEN MATCHED AND s.v <> 'new2' THEN UPDATE SET v = s.v;
SELECT * FROM mt ORDER BY id;
DROP TABLE mt, ms;
