-- Every type of the extension, kept in every way a database keeps values:
-- columns, arrays, domains, composite values, generated columns, materialized
-- views, indexes, inline, compressed and out of line.
--
-- Run on a new database with the extension; makes a schema kept.  What it holds
-- is told by kept.digest(), and must be the same after a dump, in another major
-- version and after an update.  kept.missing() names the types of the extension
-- that have no value here; whoever adds a type adds a query to kept.made.
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, MDY';
SET client_min_messages = warning;

CREATE SCHEMA kept;

-- What happened to 120 customers in two years: whole and broken amounts, some
-- negative, some NULL; days and instants; and what they subscribed to.
CREATE TABLE kept.events AS
	SELECT (n * 7919) % 120 AS customer,
		timestamptz '2023-01-01 00:30+01' + (n * 104729 % 63000000) * interval '1 second' AS at,
		CASE WHEN n % 40 <> 0 THEN (n * 7 % 1000000 / 100.0) * CASE WHEN n % 50 = 1 THEN -1 ELSE 1 END END AS amount,
		n % 5 AS kind
	FROM generate_series(1::bigint, 1800) AS n;
CREATE TABLE kept.plans AS
	SELECT n % 40 AS customer,
		tstzrange(f, CASE WHEN n % 7 > 0 THEN f + (20 + n % 300) * interval '1 day' END) AS during,
		(n % 9) * 4.99 AS amount
	FROM (
		SELECT n, timestamptz '2023-01-01' + (n * 15485863 % 63000000) * interval '1 second'
		FROM generate_series(1::bigint, 130) AS n) AS x (n, f);

CREATE TABLE kept.made (
	type text NOT NULL,
	query text NOT NULL);
INSERT INTO kept.made VALUES
	('grain', $$
		SELECT w::grain
		FROM unnest('{day,week,month,quarter,year,2 weeks,week starting sunday,month at Europe/Paris,month since start,"days 0,1,3 since start","weeks 0,1,5 starting sunday","dates 2022-12-31,2023-04-01,2024-01-28 at Europe/Paris"}'::text[]) AS w$$),
	('timeline', $$SELECT timeline(at, amount, 'America/New_York') FROM kept.events GROUP BY customer$$),
	('timeline', $$SELECT timeline(at::date) FROM kept.events GROUP BY customer$$),
	('timeline', $$SELECT timeline(during, amount) FROM kept.plans GROUP BY customer$$),
	('timeline', $$SELECT timeline(at, amount) FROM kept.events WHERE amount IS NULL$$),
	('cohort_matrix', $$
		SELECT cohort_matrix(customer, at, amount, g)
		FROM kept.events, unnest('{day,week,month}'::grain[]) AS g GROUP BY g$$),
	('cohort_matrix', $$SELECT cohort_matrix(customer, date '2023-01-01' + customer::int, at::date, amount, 'quarter') FROM kept.events$$),
	('cohort_matrix', $$SELECT cohort_matrix(customer, during, amount, 'month') FROM kept.plans$$),
	('cohort_matrix', $$SELECT recurring_matrix(customer, at - interval '40 days', at, amount, 'dates 2022-06-01,2023-03-01,2023-04-01,2030-01-01') FROM kept.events$$),
	('customer_movements', $$SELECT customer_movements(customer, at, amount, 'dates 2023-03-01,2023-04-01,2030-01-01') FROM kept.events$$),
	('cohort_matrix', $$
		SELECT recurring_matrix(t, 'month')
		FROM (SELECT timeline(at, amount) AS t FROM kept.events GROUP BY customer) AS t$$),
	('cohort_matrix', $$SELECT cohort_matrix(customer, at, 'year') FROM kept.events WHERE false GROUP BY customer$$),
	('customer_movements', $$
		SELECT customer_movements(customer, at, amount, g)
		FROM kept.events, unnest('{day,week,month}'::grain[]) AS g GROUP BY g$$),
	('customer_movements', $$SELECT customer_movements(customer, during, amount, 'month') FROM kept.plans$$),
	('customer_movements', $$SELECT customer_movements(customer, during, amount, 'month', 12) FROM kept.plans$$),
	('funnel', $$
		SELECT funnel(customer, at, nullif(kind, 0)::int, w, m)
		FROM kept.events, (VALUES (interval '30 days', 'default'), ('1 mon', 'strict order'), ('36:00', 'strictly increasing')) AS f (w, m)
		GROUP BY w, m$$),
	('journey', $$
		SELECT journey(customer, at, 'place ' || kind, w)
		FROM kept.events, (VALUES (interval '30 days'), ('2 mons'), ('36:00')) AS f (w)
		GROUP BY w$$),
	('funnel', $$
		SELECT funnel(customer, at, ARRAY[kind = 1, kind > 1, kind > 2], '2 months', m, 'quarter')
		FROM kept.events, unnest('{any order,"optional 2, exclude 3",strict order}'::text[]) AS m GROUP BY m$$),
	('purchase_model', $$
		SELECT purchase_model(k, t, '2025-01-01', 'week')
		FROM (SELECT timeline(at, amount) AS t FROM kept.events GROUP BY customer) AS t,
			unnest('{bg/nbd,pareto/nbd}'::text[]) AS k
		GROUP BY k$$),
	('spend_model', $$
		SELECT spend_model(t, '2025-01-01')
		FROM (SELECT timeline(at, 1 + coalesce(abs(amount), 0)) AS t FROM kept.events GROUP BY customer) AS t$$),
	('data_check', $$
		SELECT check_events(customer || CASE WHEN kind = 0 THEN ' ' ELSE '' END, at::date::timestamp, round(-amount, 1), d)
		FROM kept.events, (VALUES (date '2024-06-01'), (NULL)) AS v (d) GROUP BY d$$),
	('data_check', $$SELECT check_ranges(customer, during, amount, '2024-01-01') FROM kept.plans, generate_series(1, 2)$$),
	('data_check', $$SELECT check_events(customer, at, NULL, NULL) FROM kept.events$$),
	('hazard_model', $$
		SELECT hazard_model(n % 17 + h, n % 3 = 0, jsonb_build_object('x', n % 11 / 4.0, 'b', n % 5 = 0, 'é', 'plan ' || n % 4, 's', n % 2, 'w', n % 3 + 1), '{"strata": "s", "weight": "w"}')
		FROM generate_series(1, 200) AS n, (VALUES (0), (0.5)) AS v (h) GROUP BY h$$),
	('signals', $$
		SELECT signals(n % 3 = 0, jsonb_build_object('n', n * 0.37, 'even', n % 2 = 0, 'plan', 'plan ' || n % 5) - CASE WHEN n % 7 = 0 THEN 'plan' ELSE '' END)
		FROM generate_series(1, 3000) AS n GROUP BY n % 2$$),
	('signals', $$SELECT signals(n % 3 = 0, jsonb_build_object('é', n % 11, 'unknown', NULL)) FROM generate_series(1, 300) AS n$$),
	('incidence_curve', $$SELECT incidence_curve(n % 17 + 0.5, n % 3 > 0, n % 5 || 'é') FROM generate_series(1, 200) AS n$$),
	('incidence_curve', $$SELECT incidence_curve(n % 17, n % 3 > 0, NULLIF(n % 4, 1)::text, n) FROM generate_series(1::bigint, 200) AS n$$),
	('survival_curve', $$SELECT survival_curve(n % 17 + 0.5, n % 3 = 0) FROM generate_series(1, 200) AS n$$),
	('survival_curve', $$SELECT survival_curve(n % 17, n % 3 = 0, n) FROM generate_series(1::bigint, 200) AS n$$),
	('survival_curve', $$SELECT survival_curve(n * interval '7 hours', n % 3 = 0) FROM generate_series(1, 200) AS n$$),
	('survival_curve', $$SELECT survival_curve(n % 5, n % 17 + 5.5, n % 3 = 0) FROM generate_series(1, 200) AS n$$),
	('contract_model', $$
		SELECT contract_model(k, (n % 9) + 1, n % 3 = 0)
		FROM generate_series(1::bigint, 300) AS n, unnest('{sbg,bdw}'::text[]) AS k
		GROUP BY k$$);


-- What is told of a value must not depend on the session.
CREATE FUNCTION kept.missing() RETURNS text
	LANGUAGE sql STABLE
	RETURN (
		SELECT string_agg(t.typname, ' ' ORDER BY t.typname)
		FROM pg_depend AS d
		JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'retention'
		JOIN pg_type AS t ON t.oid = d.objid
		WHERE d.classid = 'pg_type'::regclass AND d.refclassid = 'pg_extension'::regclass
			AND d.deptype = 'e' AND t.typcategory <> 'A'
			-- of an enum PostgreSQL keeps the values
			AND t.typtype NOT IN ('e', 'c')
			AND NOT EXISTS (SELECT FROM kept.made AS m WHERE m.type = t.typname));

DO $$
DECLARE
	made record;
	type record;
BEGIN
	FOR type IN
		SELECT t.typname AS name, t.typsend::regproc AS send,
			(SELECT array_agg(a.amname::text)
			 FROM pg_opclass AS c JOIN pg_am AS a ON a.oid = c.opcmethod
			 WHERE c.opcintype = t.oid AND c.opcdefault) AS methods
		FROM (SELECT DISTINCT m.type FROM kept.made AS m) AS m JOIN pg_type AS t ON t.oid = m.type::regtype
	LOOP
		EXECUTE format('CREATE DOMAIN kept.%I AS %s CHECK (VALUE::text <> $d$nothing$d$)', type.name || '_domain', type.name);
		EXECUTE format('CREATE TYPE kept.%I AS (n int, v %s)', type.name || '_pair', type.name);
		EXECUTE format($t$
			CREATE TABLE kept.%1$I (
				id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
				v %2$s,
				listed %2$s[],
				constrained kept.%3$I,
				composed kept.%4$I,
				external %2$s,
				again %2$s GENERATED ALWAYS AS (v) STORED,
				bytes text GENERATED ALWAYS AS (md5(%5$s(v))) STORED)$t$,
			type.name || '_kept', type.name, type.name || '_domain', type.name || '_pair', type.send);
		EXECUTE format('ALTER TABLE kept.%I ALTER external SET STORAGE EXTERNAL', type.name || '_kept');
		FOR made IN SELECT query FROM kept.made AS m WHERE m.type = type.name LOOP
			EXECUTE format($t$
				INSERT INTO kept.%1$I (v, listed, constrained, composed, external)
				SELECT v, ARRAY[v, NULL, v], v, ROW((row_number() OVER ())::int, v)::kept.%3$I, v
				FROM (%2$s) AS made (v) ORDER BY v::text$t$, type.name || '_kept', made.query, type.name || '_pair');
		END LOOP;
		EXECUTE format('INSERT INTO kept.%I (v) VALUES (NULL)', type.name || '_kept');
		IF 'btree' = ANY (type.methods) THEN
			-- an entry of a btree has 2704 bytes at most
			EXECUTE format('CREATE INDEX ON kept.%I (v) WHERE octet_length(%s(v)) < 1500', type.name || '_kept', type.send);
		END IF;
		IF 'hash' = ANY (type.methods) THEN
			EXECUTE format('CREATE INDEX ON kept.%I USING hash (v)', type.name || '_kept');
			EXECUTE format('CREATE MATERIALIZED VIEW kept.%I AS SELECT v, count(*) AS n FROM kept.%I GROUP BY v',
				type.name || '_view', type.name || '_kept');
		END IF;
	END LOOP;
END $$;

-- What the queries give now, one line each.
CREATE FUNCTION kept.remake() RETURNS TABLE (type text, query text, n bigint, as_text text)
	LANGUAGE plpgsql
	SET timezone = 'Europe/Paris'
	AS $$
DECLARE
	made record;
BEGIN
	FOR made IN SELECT m.type, m.query FROM kept.made AS m ORDER BY m.type COLLATE "C", m.query COLLATE "C" LOOP
		RETURN QUERY EXECUTE format($t$
			SELECT %L, %L, count(v), md5(string_agg(v::text, ' ' ORDER BY v::text COLLATE "C"))
			FROM (%s) AS k (v)$t$, made.type, regexp_replace(made.query, '\s+', ' ', 'g'), made.query);
	END LOOP;
END $$;

-- Every value of every column as text and as binary, and what the indexes find.
CREATE FUNCTION kept.digest() RETURNS TABLE (type text, what text, n bigint, as_text text, as_binary text)
	LANGUAGE plpgsql
	SET enable_seqscan = off
	SET enable_sort = off
	AS $$
DECLARE
	col record;
BEGIN
	FOR col IN
		-- Arrays and rows send the numbers of their types, which a dump changes.
		SELECT c.relname, a.attname, CASE
				WHEN e.oid IS NOT NULL THEN
					format('SELECT string_agg(encode(%s(e), $h$hex$h$), $h$ $h$) FROM unnest(k.%I) AS e', e.typsend::regproc, a.attname)
				WHEN a.attname = 'composed' THEN
					format('SELECT encode(%s((k.%I).v), $h$hex$h$)', i.typsend::regproc, a.attname)
				ELSE format('SELECT encode(%s(k.%I), $h$hex$h$)', t.typsend::regproc, a.attname) END AS send
		FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
		JOIN pg_type AS t ON t.oid = a.atttypid
		LEFT JOIN pg_type AS e ON e.oid = t.typelem AND t.typcategory = 'A'
		LEFT JOIN pg_attribute AS f ON f.attrelid = t.typrelid AND f.attname = 'v'
		LEFT JOIN pg_type AS i ON i.oid = f.atttypid
		WHERE c.relnamespace = 'kept'::regnamespace AND c.relkind IN ('r', 'm') AND c.relname ~ '_(kept|view)$'
		ORDER BY c.relname COLLATE "C", a.attnum
	LOOP
		RETURN QUERY EXECUTE format($t$
			SELECT %3$L, %4$L, count(%2$I), md5(string_agg(%2$I::text, ' ' ORDER BY %2$I::text COLLATE "C")),
				md5(string_agg(s.send, ' ' ORDER BY s.send COLLATE "C"))
			FROM kept.%1$I AS k, LATERAL (%5$s) AS s (send)$t$,
			col.relname, col.attname, col.relname, col.attname, col.send);
	END LOOP;
	FOR col IN
		SELECT c.relname, t.typsend::regproc AS send, EXISTS (
				SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod
				WHERE o.opcintype = t.oid AND o.opcdefault AND m.amname = 'btree') AS ordered
		FROM pg_class AS c
		JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'v'
		JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE c.relnamespace = 'kept'::regnamespace AND c.relkind = 'r' AND c.relname ~ '_kept$'
		ORDER BY c.relname COLLATE "C"
	LOOP
		RETURN QUERY EXECUTE format($t$
			SELECT %2$L, 'found', count(*), NULL::text, NULL::text
			FROM kept.%1$I AS a
			WHERE EXISTS (SELECT FROM kept.%1$I AS b WHERE b.v = a.v)
				AND a.v::text = a.again::text AND a.v::text = a.external::text$t$,
			col.relname, col.relname);
		IF col.ordered THEN
			RETURN QUERY EXECUTE format($t$
				SELECT %2$L, 'in order', count(*), md5(string_agg(v::text, ' ')), NULL::text
				FROM (SELECT v FROM kept.%1$I WHERE octet_length(%3$s(v)) < 1500 ORDER BY v) AS k$t$,
				col.relname, col.relname, col.send);
		END IF;
	END LOOP;
END $$;
