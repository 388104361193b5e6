-- fuzz.sql: the seeds of fuzzing, made by the extension itself, and who reads what
-- comes out.  Run by run.sh; :module is the library of this folder.
SET client_min_messages = warning;
SET search_path = pg_catalog, public;
CREATE EXTENSION IF NOT EXISTS retention SCHEMA public;
DROP SCHEMA IF EXISTS fuzz CASCADE;
CREATE SCHEMA fuzz;
SET search_path = fuzz, public, pg_catalog;
SET timezone = 'Europe/Paris';

CREATE FUNCTION fuzz.state_result(deserialize oid, combine oid, last oid, VARIADIC states bytea[]) RETURNS text
	AS :'module' LANGUAGE C;
CREATE FUNCTION fuzz.state_result_outside(oid) RETURNS boolean AS :'module' LANGUAGE C;
CREATE FUNCTION fuzz.fuzz_texts(type regtype, seeds text[], readers text[], allowed text[], readers_allowed text[],
		n bigint, seconds double precision, seed bigint) RETURNS text
	AS :'module' LANGUAGE C;
CREATE FUNCTION fuzz.fuzz_images(type regtype, seeds bytea[], readers text[], allowed text[], readers_allowed text[],
		n bigint, seconds double precision, seed bigint) RETURNS text
	AS :'module' LANGUAGE C;
CREATE FUNCTION fuzz.fuzz_states(label text, functions oid[], type regtype, seeds bytea[], readers text[], allowed text[],
		readers_allowed text[], n bigint, seconds double precision, seed bigint) RETURNS text
	AS :'module' LANGUAGE C;

-- What the extension has.
CREATE TABLE fuzz.functions AS
SELECT p.oid AS function, p.proname AS name, p.prokind AS kind, p.proretset AS rows, p.proargtypes::oid[] AS arguments,
	p.pronargs AS n, p.provariadic AS variadic, p.prorettype AS result
FROM pg_depend d JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention');
CREATE TABLE fuzz.types AS
SELECT t.oid AS type, t.typname AS name
FROM pg_depend d JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
WHERE d.deptype = 'e' AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'retention') AND t.typtype = 'b' AND t.typelem = 0;

-- For every aggregate with a state of its own one that ends with its image; a
-- state that is a bytea is one.
CREATE TABLE fuzz.aggregates AS
SELECT f.name, a.aggfnoid, a.aggdeserialfn::oid AS deserialize, a.aggcombinefn::oid AS combine, a.aggfinalfn::oid AS final,
	a.aggserialfn::oid AS serialize, f.result
FROM fuzz.functions f JOIN pg_aggregate a ON a.aggfnoid = f.function
WHERE a.aggserialfn <> 0 OR a.aggtranstype = 'bytea'::regtype;
SELECT format('CREATE AGGREGATE fuzz.%I(%s) (SFUNC = %s, STYPE = %s%s)', a.name, pg_get_function_identity_arguments(a.aggfnoid),
	p.aggtransfn, p.aggtranstype::regtype, CASE WHEN a.serialize <> 0 THEN ', FINALFUNC = ' || a.serialize::regproc END)
FROM fuzz.aggregates a JOIN pg_aggregate p USING (aggfnoid) \gexec

-- Rows of all kinds.
CREATE TABLE fuzz.orders AS
SELECT n, n % 37 AS c, md5((n % 37)::text)::uuid AS u, 'customer number ' || n % 37 AS t, date '2023-01-30' + (n * 53) % 400 AS at,
	timestamptz '2023-03-01 22:30' + (n * 53 % 400) * interval '31 hours' AS tz, timestamp '2023-03-01 22:30' + (n * 53 % 400) * interval '1 day' AS ts,
	CASE WHEN n % 11 = 0 THEN -5.25 ELSE n % 19 + n % 3 / 1000.0 END AS amount,
	daterange(date '2023-01-30' + (n * 53) % 400, CASE WHEN n % 5 > 0 THEN date '2023-02-15' + (n * 53) % 400 + n % 90 END) AS during,
	n % 4 + 1 AS step, n % 3 = 0 AS flag
FROM generate_series(1, 300) n;
CREATE TABLE fuzz.few AS SELECT * FROM fuzz.orders WHERE n <= 12;
-- customers so many that a ledger has its 256 parts
CREATE TABLE fuzz.many AS SELECT n AS c, date '2023-01-01' + n % 90 AS at FROM generate_series(1, 9000) n;

CREATE TABLE fuzz.grains AS
SELECT g::grain AS g FROM unnest('{day,week starting sunday,month,quarter starting february,2 years,30 days since start,24 hours since start by week,"days 0,1,3,7 since start","weeks 0,1,4,7 starting sunday","dates 2022-12-31,2023-03-01,2023-08-15,2024-03-31,2024-06-30","dates 2023-04-01,2024-12-31 at Europe/Paris",month at Europe/Paris,week since start at UTC}'::text[]) g;

CREATE TABLE fuzz.values (type regtype, text text, image bytea);
CREATE FUNCTION fuzz.add_values(type regtype, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO fuzz.values SELECT %L::regtype, v::text, %s(v) FROM (%s) q (v) WHERE v IS NOT NULL',
		type, (SELECT typsend FROM pg_type WHERE oid = type), query);
END $$;
SELECT fuzz.add_values('grain', 'SELECT g FROM fuzz.grains');
SELECT fuzz.add_values('cohort_matrix', 'SELECT public.cohort_matrix(c, at, g) FROM fuzz.few, fuzz.grains GROUP BY g
	UNION ALL SELECT public.cohort_matrix(c, tz, amount, g) FROM fuzz.few, fuzz.grains GROUP BY g
	UNION ALL SELECT public.cohort_matrix(c, date ''2023-01-01'', at, amount, g) FROM fuzz.few, fuzz.grains GROUP BY g
	UNION ALL SELECT public.cohort_matrix(c, during, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT public.recurring_matrix(c, at, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT public.recurring_matrix(c, date ''2023-01-30'' + n % 3 * 40, at, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT public.recurring_matrix(t, ''month'') FROM (SELECT public.timeline(at, amount) t FROM fuzz.few GROUP BY c) q');
SELECT fuzz.add_values('timeline', 'SELECT public.timeline(at) FROM fuzz.few UNION ALL SELECT public.timeline(at, amount) FROM fuzz.few
	UNION ALL SELECT public.timeline(tz, amount) FROM fuzz.few UNION ALL SELECT public.timeline(during, amount) FROM fuzz.few
	UNION ALL SELECT public.timeline(during) FROM fuzz.few UNION ALL SELECT public.timeline(at, amount) FROM fuzz.orders');
SELECT fuzz.add_values('customer_movements', 'SELECT public.customer_movements(c, at, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT public.customer_movements(c, tz, ''week at Europe/Paris'') FROM fuzz.few
	UNION ALL SELECT public.customer_movements(c, during, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT public.customer_movements(c, during, ''quarter'') FROM fuzz.few');
SELECT fuzz.add_values('funnel', 'SELECT public.funnel(c, tz, step, ''30 days'') FROM fuzz.orders
	UNION ALL SELECT public.funnel(c, ts, step, ''1 year 36:00'', ''deduplicated, strictly increasing'') FROM fuzz.orders
	UNION ALL SELECT public.funnel(c, at, step, ''1 day'', ''strict order'') FROM fuzz.few
	UNION ALL SELECT public.funnel(c, tz, step, ''9 days'', ''optional 2, exclude 5 after 1'', ''month at Europe/Paris'') FROM fuzz.orders
	UNION ALL SELECT public.funnel(c, at, ARRAY[step = 1, step > 1, step = 2], ''1 month'', ''any order'', ''week'') FROM fuzz.few');
SELECT fuzz.add_values('journey', 'SELECT public.journey(c, tz, t, ''100 days'') FROM fuzz.orders
	UNION ALL SELECT public.journey(c % 5, ts, ''place '' || step, ''1 year 36:00'', ''place 2'') FROM fuzz.orders
	UNION ALL SELECT public.journey(c, at, CASE WHEN flag THEN '''' ELSE ''é'' END, ''400 days'') FROM fuzz.few');
SELECT fuzz.add_values('survival_curve', 'SELECT public.survival_curve(n::bigint, flag) FROM fuzz.few
	UNION ALL SELECT public.survival_curve(amount::float8 + 5.25, flag, step::bigint) FROM fuzz.orders
	UNION ALL SELECT public.survival_curve(n % 5, n + 1.5, flag) FROM fuzz.few');
SELECT fuzz.add_values('hazard_model', 'SELECT public.hazard_model(n % 17 + h, flag, jsonb_build_object(''x'', n % 11 / 4.0, ''b'', n % 5 = 0, ''t'', ''t'' || n % 3, ''s'', n % 2), o)
	FROM fuzz.few, (VALUES (0, ''{}''::jsonb), (0.5, ''{"strata": "s"}'')) v (h, o) GROUP BY h, o');
SELECT fuzz.add_values('signals', 'SELECT public.signals(flag, jsonb_build_object(''n'', amount, ''t'', t, ''f'', n % 3 = 0, ''u'', NULL)) FROM fuzz.few
	UNION ALL SELECT public.signals(n % 5 = 0, jsonb_build_object(''step'', step, ''x'', n * 0.37)) FROM fuzz.orders, generate_series(1, 3)');
SELECT fuzz.add_values('incidence_curve', 'SELECT public.incidence_curve(n::bigint, flag, t) FROM fuzz.few
	UNION ALL SELECT public.incidence_curve(amount::float8 + 5.25, flag, step::text, step::bigint) FROM fuzz.orders');
SELECT fuzz.add_values('data_check', 'SELECT public.check_events(c, tz, amount, ''2023-09-01'') FROM fuzz.orders
	UNION ALL SELECT public.check_events(t, ts, -amount, NULL) FROM fuzz.orders, generate_series(1, 2)
	UNION ALL SELECT public.check_ranges(c, during, amount, ''2023-09-01'') FROM fuzz.orders
	UNION ALL SELECT public.check_events(c, at, NULL, NULL) FROM fuzz.few');
SELECT fuzz.add_values('contract_model', 'SELECT public.contract_model(k, step::bigint, flag) FROM fuzz.orders, unnest(''{sbg,bdw}''::text[]) k GROUP BY k');
SELECT fuzz.add_values('purchase_model', 'SELECT public.purchase_model(k, step::bigint, c::float8, 40, ''week'') FROM fuzz.orders, unnest(''{bg/nbd,mbg/nbd,pareto/nbd}''::text[]) k GROUP BY k');
SELECT fuzz.add_values('spend_model', 'SELECT public.spend_model(step::bigint, 20 + c::float8) FROM fuzz.orders');

CREATE TABLE fuzz.states (name name, image bytea);
CREATE FUNCTION fuzz.add_states(name name, query text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO fuzz.states SELECT %L, v FROM (%s) q (v) WHERE v IS NOT NULL', name, query);
END $$;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(c, at, g) FROM fuzz.few, fuzz.grains GROUP BY g
	UNION ALL SELECT fuzz.%1$I(u, tz, amount, ''month at Europe/Paris'') FROM fuzz.orders
	UNION ALL SELECT fuzz.%1$I(t, ts, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(c, during, amount, ''month'') FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(c, during, ''month'') FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(c, at, ''month'') FROM fuzz.many', a))
FROM unnest('{cohort_matrix,customer_movements}'::text[]) a;
SELECT fuzz.add_states('customer_movements', 'SELECT fuzz.customer_movements(c, at, 5, ''month'', 12) FROM fuzz.many UNION ALL SELECT fuzz.customer_movements(c, during, amount, ''week'', 3) FROM fuzz.few');
SELECT fuzz.add_states('cohort_matrix', 'SELECT fuzz.cohort_matrix(c, date ''2023-02-02'', at, amount, g) FROM fuzz.few, fuzz.grains GROUP BY g');
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(c, at - n %% 5 * 30, at, amount, g, 2) FROM fuzz.orders, fuzz.grains WHERE NOT g::text ~ ''start'' GROUP BY g', a))
FROM unnest('{cohort_matrix,recurring_matrix}'::text[]) a;
SELECT fuzz.add_states('recurring_matrix', 'SELECT fuzz.recurring_matrix(c, at, amount, g) FROM fuzz.few, fuzz.grains GROUP BY g
	UNION ALL SELECT fuzz.recurring_matrix(t, ts - n % 3 * interval ''40 days'', ts, amount, ''month'') FROM fuzz.orders
	UNION ALL SELECT fuzz.recurring_matrix(c, at, ''month'') FROM fuzz.many');
SELECT fuzz.add_states('timeline', 'SELECT fuzz.timeline(at) FROM fuzz.few UNION ALL SELECT fuzz.timeline(tz, amount) FROM fuzz.orders
	UNION ALL SELECT fuzz.timeline(during, amount, ''Asia/Tokyo'') FROM fuzz.few
	UNION ALL SELECT fuzz.timeline(tstzrange(tz, tz + interval ''40 days''), amount, ''Asia/Tokyo'') FROM fuzz.few');
SELECT fuzz.add_states('timeline_of_levels', 'SELECT fuzz.timeline_of_levels(at, amount) FROM fuzz.few
	UNION ALL SELECT fuzz.timeline_of_levels(ts, 7) FROM fuzz.few UNION ALL SELECT fuzz.timeline_of_levels(tz, amount, ''Asia/Tokyo'') FROM fuzz.few');
SELECT fuzz.add_states('funnel', 'SELECT fuzz.funnel(c, tz, step, ''30 days'') FROM fuzz.orders
	UNION ALL SELECT fuzz.funnel(t, ts, step, ''1 year 36:00'', ''deduplicated, strictly increasing'') FROM fuzz.few
	UNION ALL SELECT fuzz.funnel(u, at, step, ''1 hour'', ''one row one step'') FROM fuzz.few
	UNION ALL SELECT fuzz.funnel(c, at, ARRAY[step = 1, step > 1, step = 2], ''30 days'', ''one row one step, exclude 2'', ''month'') FROM fuzz.orders
	UNION ALL SELECT fuzz.funnel(t, ts, step - 2, ''30 days'', ''optional 2, strict order'', ''week'') FROM fuzz.few');
SELECT fuzz.add_states('journey', 'SELECT fuzz.journey(c, tz, t, ''100 days'') FROM fuzz.orders
	UNION ALL SELECT fuzz.journey(t, ts, ''place '' || step, ''1 year 36:00'', ''place 2'') FROM fuzz.few
	UNION ALL SELECT fuzz.journey(u, at, ''place '' || n, ''1 hour'') FROM fuzz.few');
SELECT fuzz.add_states('window_funnel', 'SELECT fuzz.window_funnel(interval ''30 days'', tz, ''default'', step = 1, step = 2, step = 3) FROM fuzz.orders
	UNION ALL SELECT fuzz.window_funnel(100, n, ''one row one step, strict order'', flag, step > 1, step = 2) FROM fuzz.few
	UNION ALL SELECT fuzz.window_funnel(interval ''3 months'', tz, ''deduplicated'', flag, step > 1) FROM fuzz.few
	UNION ALL SELECT fuzz.window_funnel(50, n, ''optional 2, exclude 4 after 1'', flag, step > 1, step = 2, step = 3) FROM fuzz.few');
SELECT fuzz.add_states('sequence_next', 'SELECT fuzz.sequence_next(''forward'', ''head'', tz, t, true, flag) FROM fuzz.few
	UNION ALL SELECT fuzz.sequence_next(''backward'', ''last_match'', n, amount, flag, VARIADIC array_fill(flag, ARRAY[70])) FROM fuzz.few
	UNION ALL SELECT fuzz.sequence_next(''backward'', ''tail'', at, ROW(n, t), flag, flag, step = 1) FROM fuzz.few
	UNION ALL SELECT fuzz.sequence_next(''forward'', ''first_match'', ts, n, true, flag) FROM fuzz.few');
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(''(?1)(?t<=900000).*(?2)(?t>5)'', tz, step = 1, step = 2, step = 3) FROM fuzz.orders
	UNION ALL SELECT fuzz.%1$I(''(?3).(?1)'', at, flag, step > 1, step = 2) FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I((SELECT string_agg(format(''(?%%s)'', i), ''.*'') FROM generate_series(1, 70) i), n, VARIADIC ARRAY(SELECT n %% 70 = i FROM generate_series(0, 69) i)) FROM fuzz.orders', a))
FROM unnest('{sequence_match,sequence_count}'::text[]) a;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(amount, at) FROM fuzz.orders UNION ALL SELECT fuzz.%1$I(t, tz) FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(n, ts) FROM fuzz.few UNION ALL SELECT fuzz.%1$I(u, at) FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(ARRAY[n, c], at) FROM fuzz.few UNION ALL SELECT fuzz.%1$I(during, at) FROM fuzz.few
	UNION ALL SELECT fuzz.%1$I(NULL::text, at) FROM fuzz.few UNION ALL SELECT fuzz.%1$I(o, at) FROM fuzz.few o
	UNION ALL SELECT fuzz.%1$I(ROW(n, t, NULL::date), at) FROM fuzz.few UNION ALL SELECT fuzz.%1$I(flag, at) FROM fuzz.few', a))
FROM unnest('{earliest,latest}'::text[]) a;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(amount, c::numeric) FROM fuzz.orders UNION ALL SELECT fuzz.%1$I(amount::float8, c::float8 / 8) FROM fuzz.few', a))
FROM unnest('{retention_rate,churn_rate,nrr,grr,quick_ratio}'::text[]) a;
SELECT fuzz.add_states('cac', 'SELECT fuzz.cac(abs(amount), step::bigint) FROM fuzz.orders UNION ALL SELECT fuzz.cac(abs(amount), 1.5, step::bigint) FROM fuzz.few');
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(flag) FROM fuzz.orders', a)) FROM unnest('{share,share_low,share_high}'::text[]) a;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(flag, 0.9) FROM fuzz.orders', a)) FROM unnest('{share_low,share_high}'::text[]) a;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(flag, step > 1) FROM fuzz.orders', a)) FROM unnest('{share_difference,share_difference_low,share_difference_high,share_difference_p}'::text[]) a;
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(flag, step > 1, 0.9) FROM fuzz.orders', a)) FROM unnest('{share_difference_low,share_difference_high}'::text[]) a;
SELECT fuzz.add_states('nps', 'SELECT fuzz.nps((n % 11)::bigint) FROM fuzz.orders');
SELECT fuzz.add_states('nps_margin', 'SELECT fuzz.nps_margin((n % 11)::bigint) FROM fuzz.orders UNION ALL SELECT fuzz.nps_margin((n % 11)::bigint, 0.99) FROM fuzz.few');
SELECT fuzz.add_states('csat', 'SELECT fuzz.csat((n % 6)::bigint, 4) FROM fuzz.orders');
SELECT fuzz.add_states('total_purchases', 'SELECT fuzz.total_purchases(m, 20, step::bigint, c::float8, 40)
	FROM fuzz.orders, (SELECT public.purchase_model(''bg/nbd'', step::bigint, c::float8, 40) AS m FROM fuzz.orders) AS f');
SELECT fuzz.add_states('auc', 'SELECT fuzz.auc(amount::float8 - 5.25, flag) FROM fuzz.orders
	UNION ALL SELECT fuzz.auc(n::float8, flag, step::bigint) FROM fuzz.few');
SELECT fuzz.add_states(a, format('SELECT fuzz.%1$I(1 / (1 + n::float8), flag) FROM fuzz.orders
	UNION ALL SELECT fuzz.%1$I(1 / (1 + n::float8), flag, step::bigint) FROM fuzz.few', a)) FROM unnest('{gini,brier,log_loss}'::text[]) a;
SELECT fuzz.add_states('lift', 'SELECT fuzz.lift(amount::float8 - 5.25, flag, 0.25) FROM fuzz.few');
SELECT fuzz.add_states('calibration', 'SELECT fuzz.calibration(1 / (1 + n::float8), flag, 7) FROM fuzz.few');
SELECT fuzz.add_states('incidence_curve', 'SELECT fuzz.incidence_curve(n::bigint, flag, step::text) FROM fuzz.orders
	UNION ALL SELECT fuzz.incidence_curve(amount::float8 + 5.25, flag, t, step::bigint) FROM fuzz.few');
SELECT fuzz.add_states('survival_curve', 'SELECT fuzz.survival_curve(n::bigint, flag) FROM fuzz.orders
	UNION ALL SELECT fuzz.survival_curve(amount::float8 + 5.25, flag, step::bigint) FROM fuzz.few
	UNION ALL SELECT fuzz.survival_curve(n::bigint % 5, n + 1::bigint, flag) FROM fuzz.orders');
SELECT fuzz.add_states('hazard_model', 'SELECT fuzz.hazard_model((n % 17)::float8, flag, jsonb_build_object(''x'', n % 11 / 4.0, ''b'', n % 5 = 0, ''t'', ''t'' || n % 3)) FROM fuzz.few
	UNION ALL SELECT fuzz.hazard_model(n + 0.5, flag, jsonb_build_object(''x'', n % 11 / 4.0, ''e'', n % 5, ''s'', ''s'' || n % 2, ''w'', n % 3), ''{"entered": "e", "strata": "s", "weight": "w"}'') FROM fuzz.few');
SELECT fuzz.add_states('signals', 'SELECT fuzz.signals(flag, jsonb_build_object(''n'', amount, ''t'', t, ''f'', n % 3 = 0, ''u'', NULL)) FROM fuzz.few
	UNION ALL SELECT fuzz.signals(n % 5 = 0, jsonb_build_object(''step'', step, ''x'', n * 0.37)) FROM fuzz.few');
SELECT fuzz.add_states('check_events', 'SELECT fuzz.check_events(c, tz, amount, ''2023-09-01'') FROM fuzz.orders
	UNION ALL SELECT fuzz.check_events(CASE WHEN flag THEN t ELSE upper(t) END, ts, -amount / 7, NULL) FROM fuzz.few, generate_series(1, 2)
	UNION ALL SELECT fuzz.check_events(u, at, NULL, ''infinity'') FROM fuzz.few');
SELECT fuzz.add_states('check_ranges', 'SELECT fuzz.check_ranges(c, during, amount, ''2023-03-01'') FROM fuzz.orders
	UNION ALL SELECT fuzz.check_ranges(t, tstzrange(tz, tz + interval ''40 days''), amount, NULL) FROM fuzz.few');
SELECT fuzz.add_states('contract_model', 'SELECT fuzz.contract_model(k, step::bigint, flag) FROM fuzz.orders, unnest(''{sbg,bdw}''::text[]) k GROUP BY k
	UNION ALL SELECT fuzz.contract_model(''sbg'', (n - 2)::bigint, flag, (n - 3)::bigint) FROM fuzz.few');
SELECT fuzz.add_states('purchase_model', 'SELECT fuzz.purchase_model(k, (n % 3)::bigint, least(n % 3, 1) * 3.5 * n, 60, ''week'') FROM fuzz.few, unnest(''{bg/nbd,mbg/nbd,pareto/nbd}''::text[]) k GROUP BY k
	UNION ALL SELECT fuzz.purchase_model(''bg/nbd'', (n - 3)::bigint, n, 9) FROM fuzz.few');
SELECT fuzz.add_states('spend_model', 'SELECT fuzz.spend_model(step::bigint, 20 + c::float8) FROM fuzz.few UNION ALL SELECT fuzz.spend_model((step - 2)::bigint, amount) FROM fuzz.few');

-- What a participant of a parallel plan hands up: results in place of entries.
-- Made of a state without customers, which ends with eight bytes of salt.
CREATE FUNCTION fuzz.uint(n bigint) RETURNS bytea LANGUAGE sql AS $$
	WITH RECURSIVE w (i, rest) AS (SELECT 1, n UNION ALL SELECT i + 1, rest / 128 FROM w WHERE rest >= 128)
	SELECT string_agg(substr(int2send((rest % 128 + CASE WHEN rest >= 128 THEN 128 ELSE 0 END)::int2), 2), '' ORDER BY i) FROM w $$;
CREATE FUNCTION fuzz.finished(name text, state bytea, VARIADIC images bytea[]) RETURNS bytea LANGUAGE sql AS
	$$ SELECT set_byte(substr(state, 1, length(state) - 8), 3, 2) || string_agg(fuzz.uint(final::bigint) || fuzz.uint(length(image) + 4) || image, '' ORDER BY n)
		FROM (SELECT final FROM fuzz.aggregates a WHERE a.name = $1 LIMIT 1) a, unnest(images) WITH ORDINALITY i (image, n) $$;
SELECT fuzz.add_states(a, format('SELECT fuzz.finished(%1$L, fuzz.%1$I(NULL::int, at, g), image) FROM fuzz.few, fuzz.values v, fuzz.grains
		WHERE v.type = %1$L::regtype AND v.text LIKE ''%%month%%'' AND length(image) < 9999 AND NOT g::text ~ ''start|date'' GROUP BY g, image
	UNION ALL SELECT fuzz.finished(%1$L, fuzz.%1$I(NULL::int, at, ''month''), public.%1$s_send(m), public.%1$s_send(m))
		FROM fuzz.few, (SELECT public.%1$I(c, at, ''month'') AS m FROM fuzz.few) q GROUP BY m', a))
FROM unnest('{cohort_matrix,customer_movements}'::text[]) a;
SELECT fuzz.add_states('funnel', 'SELECT fuzz.finished(''funnel'', fuzz.funnel(NULL::int, at, step, ''30 days''), image) FROM fuzz.few, fuzz.values v
	WHERE v.type = ''funnel''::regtype AND length(image) < 9999 GROUP BY image');
SELECT fuzz.add_states('journey', 'SELECT fuzz.finished(''journey'', fuzz.journey(NULL::int, at, ''place'', ''30 days''), image) FROM fuzz.few, fuzz.values v
	WHERE v.type = ''journey''::regtype AND length(image) < 9999 GROUP BY image');

-- All are covered, or it says which are not.
DO $$
DECLARE
	forgotten text;
BEGIN
	SELECT string_agg(DISTINCT name, ', ') INTO forgotten FROM fuzz.aggregates a
	WHERE NOT EXISTS (SELECT FROM fuzz.states s JOIN fuzz.aggregates b USING (name)
		WHERE (b.deserialize, b.combine, b.final, b.serialize) = (a.deserialize, a.combine, a.final, a.serialize));
	IF forgotten IS NOT NULL THEN RAISE EXCEPTION 'no seeds for the states of %', forgotten; END IF;
	SELECT string_agg(name, ', ') INTO forgotten FROM fuzz.types t WHERE type NOT IN (SELECT v.type FROM fuzz.values v);
	IF forgotten IS NOT NULL THEN RAISE EXCEPTION 'no seeds for values of %', forgotten; END IF;
END $$;

-- Whoever takes a value of a type, with other arguments of the usual and of an odd kind.
CREATE TABLE fuzz.arguments (type oid, usual text, odd text);
INSERT INTO fuzz.arguments VALUES
	('date'::regtype, '2024-01-31', '5874897-12-31'), ('integer'::regtype, '1', '2147483647'), ('bigint'::regtype, '2', '9223372036854775807'),
	('numeric'::regtype, '0.5', '1e300'), ('double precision'::regtype, '0.5', '1e308'), ('text'::regtype, 'week', 'no word'),
	('interval'::regtype, '90 days', '100000 years'), ('boolean'::regtype, 'true', 'false'), ('daterange'::regtype, '[2023-01-01,2024-01-01)', '[4714-11-24 BC,)'),
	('timestamp'::regtype, '2024-01-31', '294276-12-31'), ('timestamptz'::regtype, '2024-01-31', '294276-12-31'),
	('numeric[]'::regtype, '{1,2}', '{NULL}'), ('double precision[]'::regtype, '{1,2}', '{NaN}');
INSERT INTO fuzz.arguments SELECT type, min(text), max(text) FROM fuzz.values GROUP BY type;
CREATE TABLE fuzz.readers AS
SELECT t.type, format(CASE WHEN f.rows THEN 'SELECT count(*) FROM %s(%s) x' ELSE 'SELECT %s(%s)' END, f.function::regproc, a.list) AS query
FROM fuzz.types t CROSS JOIN fuzz.functions f CROSS JOIN (VALUES (false), (true)) o (odd)
CROSS JOIN LATERAL (
	SELECT string_agg(CASE WHEN x.type = t.type THEN '$1' WHEN e.typelem = t.type THEN format('ARRAY[$1, $1]')
			ELSE format('%L::%s', CASE WHEN o.odd THEN g.odd ELSE g.usual END, x.type::regtype) END, ', ' ORDER BY x.i) AS list,
		bool_or(x.type = t.type OR e.typelem = t.type) AS takes,
		bool_and(x.type = t.type OR e.typelem = t.type OR g.type IS NOT NULL) AS known
	FROM unnest(f.arguments) WITH ORDINALITY x (type, i) JOIN pg_type e ON e.oid = x.type LEFT JOIN fuzz.arguments g ON g.type = x.type) a
WHERE f.kind = 'f' AND a.takes AND a.known AND f.variadic = 0 AND f.result NOT IN ('cstring'::regtype, 'internal'::regtype);
