-- varchar(3)[] and its kin: each element keeps to the length or precision.
@a
CREATE TABLE at (a varchar(3)[], b char(4)[], c numeric(4,1)[], d timestamp(0)[], e bit(3)[], f varchar(3)[][]);
INSERT INTO at (a) VALUES ('{abcdef}');
INSERT INTO at (a) VALUES (ARRAY['abcdef']);
INSERT INTO at (a) VALUES (ARRAY['abc   ']);
INSERT INTO at (b) VALUES ('{ab}');
INSERT INTO at (b) VALUES ('{abcde}');
INSERT INTO at (c) VALUES ('{1.25,2}'), (ARRAY[3.14159]);
INSERT INTO at (c) VALUES ('{12345}');
INSERT INTO at (d) VALUES ('{2020-01-01 10:11:12.6}');
INSERT INTO at (e) VALUES ('{1011}');
INSERT INTO at (f) VALUES ('{{a,b},{c,defg}}');
UPDATE at SET a[2] = 'toolong';
SELECT * FROM at;
SELECT '{abcdef}'::varchar(3)[], ARRAY['abcdef','x']::varchar(3)[], '{1.25,2}'::numeric(3,1)[];
ALTER TABLE at ADD g text[] DEFAULT '{abcdefgh}';
ALTER TABLE at ALTER g TYPE varchar(3)[];
ALTER TABLE at ALTER g TYPE varchar(8)[];
SELECT g FROM at;
SELECT format_type(atttypid, atttypmod), atttypmod FROM pg_attribute WHERE attrelid = 'at'::regclass AND attnum > 0 ORDER BY attnum;
DROP TABLE at;
