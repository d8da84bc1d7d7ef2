@a
CREATE ROLE rls_owner LOGIN;
CREATE ROLE rls_alice LOGIN;
CREATE ROLE rls_bob LOGIN;
CREATE ROLE rls_staff;
CREATE ROLE rls_bypass LOGIN BYPASSRLS;
GRANT rls_staff TO rls_bob;
CREATE SCHEMA rls AUTHORIZATION rls_owner;
GRANT USAGE ON SCHEMA rls TO rls_alice, rls_bob, rls_bypass;
@o rls_owner
SET search_path = rls;
CREATE TABLE members (org int, member text, PRIMARY KEY (org, member));
CREATE TABLE docs (id int PRIMARY KEY, org int NOT NULL, owner text DEFAULT current_user, title text UNIQUE, n int CHECK (n < 1000));
INSERT INTO members VALUES (1, 'rls_alice'), (2, 'rls_bob'), (2, 'rls_alice'), (3, 'rls_bob');
INSERT INTO docs VALUES (1, 1, 'rls_alice', 'one', 10), (2, 1, 'rls_bob', 'two', 20), (3, 2, 'rls_alice', 'three', 30), (4, 3, 'rls_bob', 'four', 40), (5, 4, 'nobody', 'five', 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON docs TO rls_alice, rls_bob, rls_bypass, rls_staff;
GRANT SELECT ON members TO rls_alice, rls_bob;
-- without a policy nobody but the owner sees a row
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 'docs'::regclass;
SELECT count(*) FROM docs;
@al rls_alice
SET search_path = rls;
SELECT count(*) FROM docs;
INSERT INTO docs VALUES (6, 1, 'rls_alice', 'six', 1);
UPDATE docs SET n = 1;
DELETE FROM docs;
SELECT row_security_active('docs'), row_security_active('members');
SET row_security = off;
SELECT * FROM docs;
RESET row_security;
@by rls_bypass
SET search_path = rls;
SELECT count(*) FROM docs;
@o
-- definitions and their errors
CREATE POLICY own ON docs USING (owner = current_user);
CREATE POLICY own ON docs USING (true);
CREATE POLICY p ON nothing USING (true);
CREATE POLICY p ON docs USING (id);
CREATE POLICY p ON docs USING (nothing = 1);
CREATE POLICY p ON docs USING (count(*) > 1);
CREATE POLICY p ON docs USING (row_number() OVER () > 1);
CREATE POLICY p ON docs FOR INSERT USING (true);
CREATE POLICY p ON docs FOR SELECT WITH CHECK (true);
CREATE POLICY p ON docs FOR DELETE WITH CHECK (true);
CREATE POLICY p ON docs AS ODD USING (true);
CREATE POLICY p ON docs TO nobody_there USING (true);
CREATE POLICY p ON docs TO rls_alice, PUBLIC USING (true);
DROP POLICY p ON docs;
ALTER POLICY p ON docs USING (true);
DROP POLICY p ON docs;
DROP POLICY IF EXISTS p ON docs;
DROP POLICY IF EXISTS p ON nothing;
DROP POLICY p ON nothing;
CREATE VIEW v AS SELECT * FROM docs;
CREATE POLICY p ON v USING (true);
ALTER TABLE v ENABLE ROW LEVEL SECURITY;
@al
CREATE POLICY p ON docs USING (true);
ALTER TABLE docs DISABLE ROW LEVEL SECURITY;
-- one policy for everything
SELECT id, title FROM docs ORDER BY id;
INSERT INTO docs VALUES (6, 1, 'rls_alice', 'six', 1);
INSERT INTO docs (id, org, title) VALUES (7, 1, 'seven');
INSERT INTO docs VALUES (8, 1, 'rls_bob', 'eight', 1);
INSERT INTO docs SELECT id + 100, org, owner, title || '!', n FROM docs;
INSERT INTO docs SELECT id + 200, org, 'rls_bob', title || '?', n FROM docs;
UPDATE docs SET n = n + 1;
SELECT id, n FROM docs ORDER BY id;
UPDATE docs SET owner = 'rls_bob' WHERE id = 1;
UPDATE docs SET n = 0 WHERE id = 2;
UPDATE docs SET n = NULL, owner = NULL WHERE id = 1;
DELETE FROM docs WHERE id > 100;
DELETE FROM docs WHERE id = 2;
-- what is hidden is not told by errors
INSERT INTO docs VALUES (2, 1, 'rls_alice', 'x', 1);
INSERT INTO docs VALUES (9, 1, 'rls_alice', 'two', 1);
INSERT INTO docs VALUES (9, 1, 'rls_alice', 'x', 1001);
INSERT INTO docs VALUES (9, NULL, 'rls_alice', 'x', 1);
UPDATE docs SET title = 'two' WHERE id = 1;
SELECT id FROM docs WHERE 1 / (id - 2) IS NOT NULL ORDER BY id;
SELECT id FROM docs WHERE title::int > 0 OR id = 1 ORDER BY id;
SELECT max(id), min(id), count(*) FROM docs;
SELECT d.id, m.member FROM docs d JOIN members m ON m.org = d.org AND 1 / (d.id - 2) < 5 ORDER BY 1, 2;
SELECT m.org, d.id FROM members m LEFT JOIN docs d ON d.org = m.org AND 10 / (d.id - 2) > -100 ORDER BY 1, 2;
SELECT m.org FROM members m WHERE EXISTS (SELECT 1 FROM docs d WHERE d.id = m.org) ORDER BY 1;
SELECT (SELECT title FROM docs WHERE id = 2), (SELECT title FROM docs WHERE id = 1);
SELECT id FROM docs WHERE id IN (1, 2, 3) ORDER BY id FOR UPDATE;
TABLE docs ORDER BY id;
SELECT count(*) FROM docs TABLESAMPLE BERNOULLI (100);
-- permissive and restrictive ones, commands, roles
@o
DROP POLICY own ON docs;
CREATE POLICY see_own ON docs FOR SELECT USING (owner = current_user);
CREATE POLICY see_org ON docs FOR SELECT TO rls_staff USING (EXISTS (SELECT 1 FROM members m WHERE m.org = docs.org AND m.member = current_user));
CREATE POLICY no_fives ON docs AS RESTRICTIVE USING (id <> 4);
CREATE POLICY add_own ON docs FOR INSERT WITH CHECK (owner = current_user AND org IN (SELECT org FROM members WHERE member = current_user));
CREATE POLICY change_org ON docs FOR UPDATE USING (EXISTS (SELECT 1 FROM members m WHERE m.org = docs.org AND m.member = current_user)) WITH CHECK (EXISTS (SELECT 1 FROM members m WHERE m.org = docs.org AND m.member = current_user));
@al
SELECT id FROM docs ORDER BY id;
@b rls_bob
SET search_path = rls;
SELECT id FROM docs ORDER BY id;
INSERT INTO docs VALUES (20, 2, 'rls_bob', 't20', 1), (21, 3, 'rls_bob', 't21', 2);
INSERT INTO docs VALUES (22, 1, 'rls_bob', 't22', 1);
INSERT INTO docs VALUES (22, 2, 'rls_bob', 't22', 1), (23, 2, 'rls_alice', 't23', 1);
INSERT INTO docs VALUES (4, 2, 'rls_bob', 't4', 1);
UPDATE docs SET n = n + 100 WHERE id = 20 RETURNING id, n;
UPDATE docs SET n = n + 100;
UPDATE docs SET org = 3 WHERE id = 20;
UPDATE docs SET org = 1 WHERE id = 20;
UPDATE docs SET org = org - 1 WHERE id = 20;
UPDATE docs SET org = org - 1 WHERE id = 20;
UPDATE docs SET id = 4 WHERE id = 20;
DELETE FROM docs;
SELECT id, org, n FROM docs ORDER BY id;
INSERT INTO docs VALUES (30, 2, 'rls_bob', 't30', 1) RETURNING id, title;
-- ON CONFLICT
INSERT INTO docs VALUES (30, 2, 'rls_bob', 't30', 1) ON CONFLICT (id) DO NOTHING;
INSERT INTO docs VALUES (30, 2, 'rls_bob', 't30', 5) ON CONFLICT (id) DO UPDATE SET n = excluded.n RETURNING n;
@al
INSERT INTO docs VALUES (30, 2, 'rls_alice', 'tx', 6) ON CONFLICT (id) DO UPDATE SET n = excluded.n;
INSERT INTO docs VALUES (2, 1, 'rls_alice', 'tx', 6) ON CONFLICT (id) DO NOTHING;
INSERT INTO docs VALUES (2, 9, 'rls_alice', 'tx', 6) ON CONFLICT (id) DO NOTHING;
-- another policy on update without a subquery
@o
DROP POLICY change_org ON docs;
CREATE POLICY change_low ON docs FOR UPDATE USING (n < 500) WITH CHECK (n < 300);
DROP POLICY see_org ON docs;
DROP POLICY see_own ON docs;
CREATE POLICY see_all ON docs FOR SELECT USING (true);
UPDATE docs SET n = id;
@b
UPDATE docs SET n = 400 WHERE id = 30;
UPDATE docs SET n = 299 WHERE id = 30;
INSERT INTO docs VALUES (30, 2, 'rls_bob', 'again', 5) ON CONFLICT (id) DO UPDATE SET n = 400;
INSERT INTO docs VALUES (30, 2, 'rls_bob', 'again', 5) ON CONFLICT (id) DO UPDATE SET n = 7 WHERE docs.n = 0;
INSERT INTO docs VALUES (30, 2, 'rls_bob', 'again', 5) ON CONFLICT (id) DO UPDATE SET n = 400 WHERE docs.n = 0;
@o
UPDATE docs SET n = 600 WHERE id = 30;
@b
INSERT INTO docs VALUES (30, 2, 'rls_bob', 'again', 5) ON CONFLICT (id) DO UPDATE SET n = 7;
UPDATE docs SET n = 1 WHERE id = 30;
-- MERGE
MERGE INTO docs d USING (VALUES (30, 1), (2, 5)) AS s (id, n) ON d.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n;
MERGE INTO docs d USING (VALUES (2, 5), (40, 8)) AS s (id, n) ON d.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n WHEN NOT MATCHED THEN INSERT VALUES (s.id, 2, 'rls_bob', 'm' || s.id, s.n);
MERGE INTO docs d USING (VALUES (2, 350)) AS s (id, n) ON d.id = s.id WHEN MATCHED THEN UPDATE SET n = s.n;
MERGE INTO docs d USING (VALUES (41, 8)) AS s (id, n) ON d.id = s.id WHEN NOT MATCHED THEN INSERT VALUES (s.id, 1, 'rls_bob', 'm' || s.id, s.n);
MERGE INTO docs d USING (VALUES (2)) AS s (id) ON d.id = s.id WHEN MATCHED THEN DELETE;
SELECT id, n FROM docs ORDER BY id;
-- views: the owner's policies, or the reader's
@o
CREATE POLICY staff_only ON docs AS RESTRICTIVE FOR SELECT TO rls_staff USING (n < 50);
CREATE VIEW of_owner AS SELECT id, n FROM docs;
CREATE VIEW of_reader WITH (security_invoker) AS SELECT id, n FROM docs;
GRANT SELECT, UPDATE, INSERT ON of_owner, of_reader TO rls_bob, rls_alice;
@b
SELECT * FROM of_owner ORDER BY id;
SELECT * FROM of_reader ORDER BY id;
UPDATE of_reader SET n = 400 WHERE id = 2;
UPDATE of_reader SET n = 299 WHERE id = 2;
UPDATE of_owner SET n = 400 WHERE id = 2;
@o
ALTER TABLE docs FORCE ROW LEVEL SECURITY;
SELECT id FROM docs ORDER BY id;
SET row_security = off;
SELECT id FROM docs;
RESET row_security;
DELETE FROM docs;
@b
UPDATE of_owner SET n = 400 WHERE id = 3;
@o
ALTER TABLE docs NO FORCE ROW LEVEL SECURITY;
-- prepared statements follow roles, settings and policies
@a
SET search_path = rls;
PREPARE q AS SELECT count(*) FROM docs;
EXECUTE q;
SET ROLE rls_bob;
EXECUTE q;
SET row_security = off;
EXECUTE q;
RESET row_security;
RESET ROLE;
EXECUTE q;
@o
CREATE POLICY none ON docs AS RESTRICTIVE USING (false);
@b
PREPARE q AS SELECT count(*) FROM docs;
EXECUTE q;
@o
DROP POLICY none ON docs;
@b
EXECUTE q;
-- settings of the application
@o
CREATE TABLE tenants (tenant int, v text);
INSERT INTO tenants SELECT g % 4, 'v' || g FROM generate_series(1, 20) g;
CREATE INDEX ON tenants (tenant);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON tenants USING (tenant = current_setting('app.tenant')::int);
GRANT SELECT, INSERT, UPDATE, DELETE ON tenants TO rls_alice;
@al
SET app.tenant = 2;
SELECT count(*), min(tenant), max(tenant) FROM tenants;
INSERT INTO tenants VALUES (3, 'x');
INSERT INTO tenants VALUES (2, 'x');
UPDATE tenants SET v = 'y' WHERE v = 'x';
UPDATE tenants SET tenant = 1 WHERE v = 'y';
UPDATE tenants SET v = v || '.' WHERE v LIKE 'v%';
SET app.tenant = 1;
SELECT count(*) FROM tenants WHERE v LIKE '%.';
SET app.tenant = 'x';
SELECT count(*) FROM tenants;
DELETE FROM tenants;
SET app.tenant = 0;
DELETE FROM tenants;
@o
SELECT tenant, count(*) FROM tenants GROUP BY 1 ORDER BY 1;
-- recursion
CREATE TABLE r1 (a int);
CREATE TABLE r2 (a int);
ALTER TABLE r1 ENABLE ROW LEVEL SECURITY;
ALTER TABLE r2 ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON r1 USING (a IN (SELECT a FROM r2));
CREATE POLICY p ON r2 USING (a IN (SELECT a FROM r1));
GRANT SELECT ON r1, r2 TO rls_alice;
@al
SELECT * FROM r1;
@o
ALTER POLICY p ON r1 USING (a IN (SELECT a FROM r1));
@al
SELECT * FROM r1;
@o
ALTER POLICY p ON r1 USING (a IN (SELECT org FROM members));
REVOKE SELECT ON members FROM rls_alice;
@al
SELECT * FROM r1;
@o
-- the catalog
COMMENT ON POLICY p ON r1 IS 'what it says';
COMMENT ON POLICY q ON r1 IS 'what it says';
SELECT obj_description(oid, 'pg_policy') FROM pg_policy WHERE polname = 'p' AND polrelid = 'r1'::regclass;
SELECT polname, polcmd, polpermissive, polroles::regrole[] FROM pg_policy WHERE polrelid = 'docs'::regclass ORDER BY 1;
SELECT policyname, permissive, roles, cmd, qual, with_check FROM pg_policies WHERE tablename = 'docs' AND policyname <> 'add_own' ORDER BY 1;
SELECT tablename, rowsecurity FROM pg_tables WHERE schemaname = 'rls' ORDER BY 1;
-- dependencies
DROP TABLE members;
ALTER TABLE docs DROP COLUMN n;
ALTER TABLE docs ALTER COLUMN n TYPE bigint;
ALTER TABLE members ALTER COLUMN org TYPE bigint;
ALTER TABLE docs RENAME COLUMN n TO amount;
SELECT policyname, qual, with_check FROM pg_policies WHERE tablename = 'docs' AND policyname LIKE 'change%';
@b
SELECT count(*) FROM docs;
UPDATE docs SET amount = 400 WHERE id = 3;
@o
ALTER TABLE docs RENAME TO papers;
ALTER TABLE members RENAME TO people;
@b
SELECT count(*) FROM papers;
INSERT INTO papers VALUES (50, 1, 'rls_bob', 't50', 1);
INSERT INTO papers VALUES (51, 2, 'rls_bob', 't51', 1);
@o
ALTER POLICY see_all ON papers RENAME TO see_everything;
ALTER POLICY see_all ON papers RENAME TO x;
ALTER POLICY see_everything ON papers RENAME TO add_own;
ALTER POLICY see_everything ON papers TO rls_alice, rls_bob;
SELECT policyname, roles FROM pg_policies WHERE policyname = 'see_everything';
@a
DROP ROLE rls_staff;
@o
DROP TABLE people CASCADE;
SELECT policyname FROM pg_policies WHERE schemaname = 'rls' ORDER BY 1;
ALTER TABLE papers DROP COLUMN amount CASCADE;
SELECT policyname FROM pg_policies WHERE schemaname = 'rls' ORDER BY 1;
BEGIN;
DROP POLICY see_everything ON papers;
ROLLBACK;
SELECT policyname FROM pg_policies WHERE schemaname = 'rls' ORDER BY 1;
@a
DROP OWNED BY rls_staff;
SELECT policyname, roles FROM pg_policies WHERE schemaname = 'rls' ORDER BY 1;
@o close
@al close
@b close
@by close
@a
RESET search_path;
DROP SCHEMA rls CASCADE;
DROP OWNED BY rls_owner, rls_alice, rls_bob, rls_bypass, rls_staff;
DROP ROLE rls_owner, rls_alice, rls_bob, rls_bypass, rls_staff;
