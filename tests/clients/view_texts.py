"""Queries that a view may be of, for comparing how its text is shown, and the statements that make what they read."""

TABLES = """
CREATE TABLE t (a int PRIMARY KEY, b text, c numeric(10,2), d date, e varchar(10), f bool, g timestamptz, h int[], i bigint,
    j jsonb, k char(4), l float8, m interval, n smallint);
CREATE TABLE u (a int, b text, x int, y varchar(20), "Z z" int);
CREATE TABLE w (a bigint, q text);
CREATE SCHEMA other;
CREATE TABLE other.t (a int, o text);
CREATE TABLE other.only (a int, o text);
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE DOMAIN pos AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (p int, q text);
CREATE TABLE v (m mood, p pos, pr pair, ms mood[]);
CREATE FUNCTION twice(x int) RETURNS int LANGUAGE sql AS 'SELECT x * 2';
CREATE SEQUENCE s;
"""

EXPRESSIONS = """
1
-1
1.5
-1.5
'x'
NULL
true
99999999999
1e10
a
-a
a + 1
a + 1 * 2
(a + 1) * 2
a - (1 - 2)
a - 1 - 2
a / 2 % 3
a || b
b || 'x'
e || 'x'
b || a
a = 1
a <> 1
a != 1
a = i
a < n
a = c
a = l
c = 1
c > 1.5
i = 5
n = 5
e = 'x'
e = b
k = 'x'
k = b
d = '2020-01-02'
d < g
d + 1
d - d
g + '1 day'
g - interval '1 hour'
g > now()
d > current_date - 7
current_timestamp
current_timestamp(2)
localtime
current_user
session_user
current_schema
a IS NULL
a IS NOT NULL
f IS TRUE
f IS NOT UNKNOWN
f
NOT f
f AND a > 1
f AND a > 1 AND b = 'x'
f OR a > 1 AND b = 'x'
(f OR a > 1) AND b = 'x'
NOT (f OR a > 1)
f AND (a > 1 AND b = 'x')
a BETWEEN 1 AND 2
a NOT BETWEEN 1 AND 2
a BETWEEN SYMMETRIC 1 AND 2
a NOT BETWEEN SYMMETRIC 1 AND 2
a IN (1)
a IN (1, 2)
a NOT IN (1, 2)
a IN (1, n)
a IN (1, 2, n)
b IN ('x', 'y')
e IN ('x', 'y')
c IN (1, 2)
i IN (1, 2)
a = ANY (h)
a <> ALL (h)
a = ANY ('{1,2}')
b = ANY (ARRAY['x','y'])
b LIKE 'x%'
b NOT LIKE 'x%'
b ILIKE 'x%'
b LIKE 'x%' ESCAPE '!'
b SIMILAR TO 'x%'
b ~ 'x'
e LIKE 'x%'
a IS DISTINCT FROM 1
a IS NOT DISTINCT FROM n
a IS DISTINCT FROM NULL
a::text
a::bigint
a::numeric
a::numeric(5,1)
b::int
b::varchar(5)
'x'::varchar(5)
'x'::text
'5'::int
1::numeric(4,1)
1.5::numeric(4,1)
'x'::char(4)
'x'::bpchar
'x'::"char"
e::text
b::varchar
c::int
c::float8
a::bool
f::int
g::date
g::timestamp
d::timestamptz
'2020-01-01'::date
date '2020-01-01'
interval '1 day'
interval '1' day
'1 day'::interval day to second(2)
time '10:11'
timestamptz '2020-01-01 00:00+00'
m * 2
upper(b)
lower(e)
length(e)
length('x')
coalesce(b, 'x')
coalesce(e, 'x')
coalesce(a, 1.5)
nullif(a, 1)
nullif(e, 'x')
greatest(a, 1, c)
least(b, 'x')
CASE WHEN a > 1 THEN 'x' END
CASE WHEN a > 1 THEN 'x' ELSE b END
CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END
CASE e WHEN 'x' THEN 1 ELSE 2.5 END
CASE WHEN f THEN CASE WHEN a > 1 THEN 1 ELSE 2 END ELSE 3 END
ARRAY[1, 2]
ARRAY[a, 1]
ARRAY['x', 'y']
ARRAY['x', b]
ARRAY[[1, 2], [3, 4]]
ARRAY[1, 2.5]
ARRAY[]::int[]
ARRAY[1,2]::bigint[]
ARRAY['x']::varchar[]
'{1,2}'::int[]
h[1]
h[1:2]
h[a]
(ARRAY[1,2])[1]
h || 1
array_length(h, 1)
ROW(a, b)
ROW(1, 'x')
(a, b) = (1, 'x')
(a, b) < (1, 'x')
(a, b) IN ((1, 'x'), (2, 'y'))
(a, b) IS NULL
substring(b from 1 for 2)
substring(b from 2)
substring(b from 'x')
substring(b, 1, 2)
substr(b, 1)
position('x' in b)
overlay(b placing 'x' from 1 for 2)
trim(b)
trim(both 'x' from b)
trim(leading from b)
trim(trailing 'x' from e)
btrim(b)
extract(year from d)
extract(epoch from g)
date_part('year', d)
g AT TIME ZONE 'UTC'
(d, d) OVERLAPS (d, d)
normalize(b)
b IS NORMALIZED
left(b, 1)
right(b, 1)
round(c, 1)
round(l)
round(a)
mod(a, 2)
abs(a)
power(a, 2)
sqrt(a)
pi()
to_char(g, 'YYYY')
to_date('2020', 'YYYY')
concat(a, b, 'x')
concat_ws(',', a, b)
format('%s', a)
j -> 'x'
j ->> 'x'
j #>> '{a,b}'
j['x']
j @> '{"a": 1}'
jsonb_extract_path(j, 'a', 'b')
json_build_object('a', a)
md5(b)
string_to_array(b, ',')
array_to_string(h, ',')
generate_series(1, 3)
unnest(h)
nextval('s')
a COLLATE "C"
b COLLATE "C"
b COLLATE "C" < 'x'
b < 'x' COLLATE "C"
twice(a)
twice(n)
t
t.*
t IS NOT NULL
row_to_json(t)
to_json(t.*)
(SELECT 1)
(SELECT max(x) FROM u)
(SELECT x FROM u WHERE u.a = t.a)
EXISTS (SELECT 1 FROM u WHERE u.a = t.a)
NOT EXISTS (SELECT * FROM u WHERE u.a = t.a)
a IN (SELECT a FROM u)
a NOT IN (SELECT x FROM u)
a = ANY (SELECT x FROM u)
a > ALL (SELECT x FROM u)
(a, b) IN (SELECT x, y FROM u)
(a, b) = (SELECT x, b FROM u)
ARRAY(SELECT x FROM u ORDER BY x)
a + (SELECT count(*) FROM u)
a IN (SELECT a FROM t)
@ a
a ! ~ b
|/ l
a & 1
a << 2
bit '101'
b'101'
x'1F'
'\\x01'::bytea
E'a\\\\b'
'it''s'
count(*) OVER ()
sum(a) OVER (PARTITION BY b ORDER BY d)
row_number() OVER (ORDER BY a DESC NULLS LAST, b)
rank() OVER (PARTITION BY lower(b) ORDER BY a)
lag(a, 1, 0) OVER (ORDER BY a)
first_value(b) OVER (ORDER BY a ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
sum(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING)
sum(a) OVER (ORDER BY a RANGE BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE TIES)
sum(a) FILTER (WHERE f) OVER (ORDER BY a)
avg(c) OVER (ORDER BY a GROUPS 2 PRECEDING)
ntile(4) OVER (ORDER BY a)
txid_current()
pg_typeof(a)
current_setting('x')
'x'::regclass
't'::regclass
'int4'::regtype
0 = ANY (h)
uuid '00000000-0000-0000-0000-000000000001'
int4range(1, 5)
int4range(a, 5) @> 3
'[1,5)'::int4range
'a'::name
oid '5'
a::oid
c::money
'1.5'::float8
1.5::float8
l = 1
l = 1.5
l * 2
c * 2
c * a
a * 1.5
n + 1
n + n
i + 1
i + a
n * 1.0
a > '5'
g < '2020-01-01'
e < e
k < k
k || 'x'
lower(k)
b = k
f = true
f <> 'f'
h = '{1,2}'
h @> ARRAY[1]
h && '{1}'
'a' < 'b'
'a' || 'b'
1 + 1
1 = 1.0
now() - g
age(g)
date_trunc('day', g)
make_date(2020, 1, 1)
greatest(d, '2020-01-01')
""".strip().split("\n")

OTHER_TABLE_EXPRESSIONS = """
m = 'sad'
'ok'::mood
m::text
m IN ('sad', 'ok')
p + 1
5::pos
p = 5
(pr).p
(v.pr).q
pr = ROW(1, 'x')::pair
ROW(1,'x')::pair
ms[1]
'sad' = ANY (ms)
enum_range(m)
""".strip().split("\n")

AGGREGATES = """
count(*)
count(a)
count(DISTINCT a)
sum(a)
avg(c)
max(b)
min(e)
string_agg(b, ',')
string_agg(b, ',' ORDER BY a DESC)
array_agg(a ORDER BY b, a)
bool_and(f)
count(*) FILTER (WHERE a > 1)
percentile_cont(0.5) WITHIN GROUP (ORDER BY l)
mode() WITHIN GROUP (ORDER BY b)
sum(a) + 1
sum(a + 1)
sum(c * 2)
json_agg(t)
array_agg(t.*)
max(e) || 'x'
sum(a) / count(*)
rank(1) WITHIN GROUP (ORDER BY a)
""".strip().split("\n")

QUERIES = """
SELECT * FROM t
SELECT a FROM t
SELECT t.a FROM t
SELECT a AS x FROM t
SELECT a AS a FROM t
SELECT a x, b y FROM t AS z
SELECT z.a, z.* FROM u z
SELECT a, a AS a1 FROM t
SELECT "Z z" FROM u
SELECT x AS "Select", y AS "A b" FROM u
SELECT * FROM t, u WHERE t.a = u.a
SELECT t.a, u.x FROM t, u
SELECT t.a, u.x FROM t, u, w
SELECT t.a FROM t JOIN u ON t.a = u.a
SELECT t.a FROM t JOIN u ON t.a = u.a JOIN w ON w.a = u.a
SELECT t.a FROM t LEFT JOIN u ON t.a = u.a AND u.x > 1
SELECT t.a FROM t RIGHT JOIN u ON t.a = u.a
SELECT t.a FROM t FULL JOIN u ON t.a = u.a
SELECT t.a FROM t CROSS JOIN u
SELECT t.a FROM t JOIN (u JOIN w ON u.a = w.a) ON t.a = u.a
SELECT t.a FROM (t JOIN u ON t.a = u.a), w
SELECT a, x FROM t JOIN u USING (a, b)
SELECT a, t.a AS ta, u.a AS ua FROM t JOIN u USING (a)
SELECT a FROM t LEFT JOIN u USING (a)
SELECT a FROM t RIGHT JOIN u USING (a)
SELECT a FROM t FULL JOIN u USING (a)
SELECT a, q FROM t FULL JOIN w USING (a)
SELECT a, q FROM t JOIN w USING (a)
SELECT * FROM u JOIN w USING (a)
SELECT * FROM u NATURAL JOIN w
SELECT x FROM u NATURAL LEFT JOIN w
SELECT * FROM (u JOIN w USING (a)) AS j
SELECT j.x, j.a FROM (u JOIN w ON u.a = w.a) AS j(a, b, c, d, e, f, g)
SELECT x.a FROM u JOIN w USING (a) AS x
SELECT t1.a, t2.a AS b FROM t t1 JOIN t t2 ON t1.a = t2.a
SELECT t.a, o FROM t JOIN other.t ot ON t.a = ot.a
SELECT * FROM other.t
SELECT * FROM other.only
SELECT t.a FROM other.t, other.only
SELECT * FROM (SELECT a, b FROM t) s
SELECT s.x FROM (SELECT a FROM t) s(x)
SELECT * FROM (SELECT a, b FROM t WHERE a > 1 ORDER BY b LIMIT 3) s WHERE s.a < 5
SELECT * FROM (SELECT t.a FROM t JOIN u ON t.a = u.a) s, u
SELECT * FROM (VALUES (1, 'x'), (2, 'y')) AS v(n, m)
SELECT * FROM (VALUES (1), (2)) v
VALUES (1, 'x'), (2, NULL)
VALUES (1, 2.5), (3, 4)
SELECT * FROM t, LATERAL (SELECT x FROM u WHERE u.a = t.a) s
SELECT * FROM t LEFT JOIN LATERAL (SELECT x FROM u WHERE u.a = t.a) s ON true
SELECT * FROM generate_series(1, 3)
SELECT * FROM generate_series(1, 3) g
SELECT * FROM generate_series(1, 3) AS g(n)
SELECT * FROM generate_series(1, 3) WITH ORDINALITY AS g(n, o)
SELECT * FROM t, unnest(h) AS z
SELECT * FROM t, unnest(t.h) WITH ORDINALITY
SELECT * FROM unnest(ARRAY[1,2], ARRAY['x','y']) AS z(a, b)
SELECT * FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS z(a, b)
SELECT * FROM jsonb_to_record('{"a": 1}') AS r(a int, b text)
SELECT * FROM jsonb_to_recordset('[]') AS r(a int, b varchar(5), c numeric(5,1))
SELECT * FROM jsonb_each('{}')
SELECT * FROM json_array_elements('[1]') AS e
SELECT * FROM upper('x')
SELECT * FROM current_date
SELECT * FROM coalesce(1, 2) AS z
SELECT * FROM regexp_matches('a', 'b')
SELECT a, count(*) FROM t GROUP BY a
SELECT b, sum(a) AS total FROM t GROUP BY b HAVING sum(a) > 10
SELECT lower(b), count(*) FROM t GROUP BY lower(b)
SELECT lower(b) AS l, count(*) FROM t GROUP BY 1
SELECT lower(b) AS low, count(*) FROM t GROUP BY low
SELECT a + 1, count(*) FROM t GROUP BY a + 1
SELECT b, d, count(*) FROM t GROUP BY ROLLUP (b, d)
SELECT b, d, count(*) FROM t GROUP BY CUBE (b, d)
SELECT b, d, count(*), grouping(b) FROM t GROUP BY GROUPING SETS ((b, d), (b), ())
SELECT b, d, count(*) FROM t GROUP BY b, ROLLUP (d, (e, f))
SELECT b, count(*) FROM t GROUP BY DISTINCT ROLLUP (b), ROLLUP (b, d)
SELECT b FROM t GROUP BY b, b
SELECT count(*) FROM t GROUP BY ()
SELECT count(*) FROM t HAVING count(*) > 1
SELECT CASE WHEN a > 1 THEN 1 ELSE 2 END FROM t GROUP BY CASE WHEN a > 1 THEN 1 ELSE 2 END
SELECT DISTINCT b FROM t
SELECT DISTINCT ON (b) a, b FROM t ORDER BY b, a DESC
SELECT DISTINCT ON (lower(b)) a FROM t ORDER BY lower(b)
SELECT a FROM t ORDER BY a
SELECT a FROM t ORDER BY 1 DESC
SELECT a AS z FROM t ORDER BY z
SELECT a FROM t ORDER BY b NULLS FIRST, c DESC NULLS LAST, d ASC, e DESC
SELECT a FROM t ORDER BY lower(b), a + 1, -a
SELECT a FROM t ORDER BY a USING >
SELECT a FROM t LIMIT 5
SELECT a FROM t LIMIT 5 OFFSET 2
SELECT a FROM t ORDER BY a OFFSET 2 ROWS FETCH FIRST 3 ROWS ONLY
SELECT a FROM t ORDER BY a FETCH FIRST 3 ROWS WITH TIES
SELECT a FROM t LIMIT ALL
SELECT a FROM t LIMIT 2 + 3
SELECT a FROM t FOR UPDATE
SELECT t.a FROM t, u FOR UPDATE OF t
SELECT t.a FROM t, u FOR SHARE SKIP LOCKED
SELECT a FROM t UNION SELECT x FROM u
SELECT a FROM t UNION ALL SELECT x FROM u
SELECT a FROM t INTERSECT SELECT x FROM u EXCEPT SELECT 5
SELECT a FROM t UNION SELECT x FROM u UNION SELECT 1
SELECT a FROM t UNION ALL SELECT x FROM u UNION SELECT 1
SELECT a FROM t UNION (SELECT x FROM u UNION ALL SELECT 1)
(SELECT a FROM t ORDER BY a LIMIT 1) UNION ALL (SELECT x FROM u LIMIT 2)
SELECT a FROM t UNION SELECT x FROM u ORDER BY 1
SELECT a AS z FROM t UNION SELECT x FROM u ORDER BY z DESC LIMIT 3
SELECT 'x' UNION SELECT 'y'
SELECT 1, 'x' UNION SELECT 2.5, b FROM t
SELECT a, b FROM t UNION SELECT x, y FROM u
SELECT NULL UNION SELECT 1
SELECT a FROM t EXCEPT ALL SELECT x FROM u
VALUES (1) UNION VALUES (2)
SELECT * FROM (SELECT a FROM t UNION SELECT x FROM u) s
WITH c AS (SELECT a FROM t) SELECT * FROM c
WITH c(z) AS (SELECT a FROM t) SELECT z FROM c
WITH c AS (SELECT a FROM t), d AS (SELECT a FROM c) SELECT * FROM d, c
WITH c AS MATERIALIZED (SELECT a FROM t) SELECT * FROM c x
WITH c AS NOT MATERIALIZED (SELECT a FROM t) SELECT * FROM c
WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT n FROM r
WITH RECURSIVE r AS (SELECT 1 AS n UNION SELECT n + 1 FROM r WHERE n < 5) SELECT * FROM r
WITH t AS (SELECT 1 AS a) SELECT * FROM t
WITH t AS (SELECT a FROM t) SELECT t.a FROM t
WITH c AS (SELECT a FROM t) SELECT t.a FROM t WHERE a IN (SELECT a FROM c)
SELECT * FROM (WITH c AS (SELECT 1 AS one) SELECT one FROM c) s
SELECT a FROM t WHERE EXISTS (SELECT 1 FROM t t2 WHERE t2.a = t.a)
SELECT a FROM t WHERE a IN (SELECT a FROM t WHERE b = 'x')
SELECT a FROM t WHERE a = (SELECT max(a) FROM t)
SELECT a FROM t old
SELECT new.a FROM t new
SELECT sum(a) OVER w, count(*) OVER (w ORDER BY d) FROM t WINDOW w AS (PARTITION BY b)
SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY a), w2 AS (w ROWS 1 PRECEDING)
SELECT a FROM t TABLESAMPLE BERNOULLI (10)
SELECT a FROM t TABLESAMPLE SYSTEM (10) REPEATABLE (3)
SELECT a FROM ONLY t
SELECT 1
SELECT
SELECT FROM t
SELECT 1 AS one, 'x' AS two
SELECT CASE WHEN a = 1 THEN 'one' WHEN a = 2 THEN 'two' ELSE 'many' END AS word, b FROM t
SELECT b, CASE WHEN a = 1 THEN 'one' ELSE 'many' END FROM t WHERE CASE WHEN f THEN a > 1 ELSE false END
SELECT relname FROM pg_class
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'
SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) AS n, b FROM t
SELECT s.a, s.n FROM (SELECT a, (SELECT count(*) FROM u WHERE u.a = t.a) AS n FROM t) s WHERE s.n > 1
SELECT t.* FROM t JOIN u ON t.a = u.a AND (t.b = u.b OR u.x IS NULL) WHERE NOT (t.a > 5 AND u.x < 3)
SELECT a FROM t WHERE a > 1 AND (b = 'x' OR b = 'y') AND NOT f
SELECT a FROM t WHERE f
SELECT a FROM t WHERE (a, b) IN (SELECT x, y FROM u)
SELECT (SELECT (SELECT t.a + u.x) FROM u LIMIT 1) FROM t
SELECT x.a FROM t x WHERE x.a IN (SELECT x.a FROM u x)
SELECT tableoid FROM t
SELECT * FROM t JOIN u USING (a) JOIN w USING (a)
SELECT * FROM t t1 JOIN t t2 USING (a)
SELECT u.b, w.q FROM u JOIN w ON u.a = w.a AND u.x = 1 LEFT JOIN t ON t.a = w.a
SELECT count(*), max(s.a) FROM (SELECT DISTINCT a FROM t) s
""".strip().split("\n")


# Known to be shown in other words, for what runtime/definition/README.md says.
SHOWN_OTHERWISE = {
    "SELECT * FROM current_date",
    "SELECT * FROM (u JOIN w USING (a)) AS j",
    "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'",
    "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY a), w2 AS (w ROWS 1 PRECEDING)",
    "SELECT sum(a) OVER (ORDER BY a ROWS UNBOUNDED PRECEDING) AS x FROM t",
    "SELECT avg(c) OVER (ORDER BY a GROUPS 2 PRECEDING) AS x FROM t",
    "SELECT (a, b) = (SELECT x, b FROM u) AS x FROM t",
    "SELECT a FROM t WHERE ((a, b) = (SELECT x, b FROM u)) IS NOT NULL",
    "SELECT rank(1) WITHIN GROUP (ORDER BY a) AS x FROM t",
}


def queries():
    yield from QUERIES
    for expression in EXPRESSIONS:
        yield f"SELECT {expression} AS x FROM t"
    for expression in EXPRESSIONS:
        yield f"SELECT a FROM t WHERE ({expression}) IS NOT NULL"
    for expression in OTHER_TABLE_EXPRESSIONS:
        yield f"SELECT {expression} AS x FROM v"
    for expression in AGGREGATES:
        yield f"SELECT {expression} AS x FROM t"
