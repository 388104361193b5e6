-- Values of the extension's own types, from ordinary and from odd data, as texts
-- in garden.own (type, literal).
SET client_min_messages = warning;
DROP DATABASE IF EXISTS garden;
CREATE DATABASE garden;
\connect garden
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE EXTENSION retention;
CREATE SCHEMA garden;
CREATE TABLE garden.own (type text, literal text);
CREATE TABLE garden.events (c int, at date, amount numeric, step int);
INSERT INTO garden.events SELECT n % 7, date '2024-01-05' + n * 11 % 400, n % 13 - 3, n % 3 + 1 FROM generate_series(1, 60) n;
CREATE TABLE garden.odd (c int, at date, amount numeric, step int);
INSERT INTO garden.odd VALUES (1, '4713-01-01 BC', 9e12, 1), (1, '0001-01-01 BC', -9e12, 2), (2, '2024-02-29', 0, 32), (3, '5874897-12-31', 0.000001, 1), (3, '9999-12-31', NULL, 2);
CREATE TABLE garden.ranges (c int, during daterange, amount numeric);
INSERT INTO garden.ranges VALUES (1, '[2024-01-01,2024-03-01)', 10), (1, '[2024-03-01,)', 20), (2, '(,2024-02-01)', 5), (2, 'empty', 1), (3, '[2024-02-01,2024-02-02)', 0), (3, '[2024-05-01,2024-06-15)', -2);

-- Keep what a query gives, if it gives anything.
CREATE PROCEDURE garden.keep(type text, query text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO garden.own SELECT %L, x.v::text FROM (%s) x (v) WHERE x.v IS NOT NULL', type, query);
EXCEPTION WHEN OTHERS THEN
	NULL;
END $$;
DO $$
DECLARE
	g text;
	source text;
BEGIN
	FOREACH g IN ARRAY ARRAY['day', 'week', 'month', '3 months', 'quarter starting april', 'year', 'month since start', '30 days since start', 'days 0,1,3,7 since start', 'weeks 0,1,5 starting sunday', 'dates 2024-02-01,2024-02-29,2024-07-01,2030-01-01', 'dates 4714-11-24 BC,0001-01-01,9999-12-31,5874897-12-31',
		'week starting sunday', 'month at Europe/Paris', 'hour', '1000000 years', '2147483647 days since start'] LOOP
		CALL garden.keep('grain', format('SELECT %L::grain', g));
		FOREACH source IN ARRAY ARRAY['events', 'odd'] LOOP
			CALL garden.keep('cohort_matrix', format('SELECT cohort_matrix(c, at, amount, %L) FROM garden.%I', g, source));
			CALL garden.keep('cohort_matrix', format('SELECT cohort_matrix(c, at, %L) FROM garden.%I WHERE at > ''2000-01-01''', g, source));
			CALL garden.keep('customer_movements', format('SELECT customer_movements(c, at, amount, %L) FROM garden.%I', g, source));
			CALL garden.keep('customer_movements', format('SELECT customer_movements(c, at, %L) FROM garden.%I WHERE at > ''2000-01-01''', g, source));
			CALL garden.keep('cohort_matrix', format('SELECT recurring_matrix(c, at, amount, %L) FROM garden.%I', g, source));
			CALL garden.keep('cohort_matrix', format('SELECT recurring_matrix(c, at, at + 40, amount, %L, 1) FROM garden.%I WHERE at < ''9999-01-01''', g, source));
			CALL garden.keep('cohort_matrix', format('SELECT recurring_matrix(t, %L) FROM (SELECT timeline(at, amount) t FROM garden.%I GROUP BY c) x', g, source));
		END LOOP;
		CALL garden.keep('cohort_matrix', format('SELECT cohort_matrix(c, during, amount, %L) FROM garden.ranges', g));
		CALL garden.keep('customer_movements', format('SELECT customer_movements(c, during, amount, %L) FROM garden.ranges', g));
	END LOOP;
	FOREACH source IN ARRAY ARRAY['events', 'odd'] LOOP
		CALL garden.keep('timeline', format('SELECT timeline(at, amount) FROM garden.%I GROUP BY c', source));
		CALL garden.keep('timeline', format('SELECT timeline(at) FROM garden.%I GROUP BY c', source));
		CALL garden.keep('funnel', format('SELECT funnel(c, at, step, ''30 days'') FROM garden.%I', source));
		CALL garden.keep('funnel', format('SELECT funnel(c, at, step, ''1000 years'', ''strict order, deduplicated'') FROM garden.%I', source));
		CALL garden.keep('journey', format('SELECT journey(c, at, ''place '' || step, ''30 days'') FROM garden.%I', source));
		CALL garden.keep('journey', format('SELECT journey(1, at, CASE WHEN step > 1 THEN repeat(''x'', 1000) ELSE '''' END, ''1000000 years'') FROM garden.%I', source));
		CALL garden.keep('funnel', format('SELECT funnel(c, at, step, ''30 days'', ''optional 2, exclude 4'', ''month'') FROM garden.%I', source));
		CALL garden.keep('data_check', format('SELECT check_events(c, at, amount, ''2024-03-01'') FROM garden.%I', source));
		CALL garden.keep('hazard_model', format('SELECT hazard_model(at - date ''2024-01-01'', step > 1, jsonb_build_object(''c'', c, ''step'', step, ''even'', c %% 2 = 0, ''t'', ''t'' || c %% 3)) FROM garden.%I WHERE at > ''2024-01-01'' AND at < ''infinity''', source));
		CALL garden.keep('signals', format('SELECT signals(amount > 10, jsonb_build_object(''c'', c, ''step'', step, ''at'', at, ''amount'', CASE WHEN amount BETWEEN -1e9 AND 1e9 THEN amount END)) FROM garden.%I GROUP BY step %% 3', source));
		CALL garden.keep('incidence_curve', format('SELECT incidence_curve(at - date ''2024-01-01'', c > 2, (c %% 4)::text) FROM garden.%I WHERE at > ''2024-01-01''', source));
		CALL garden.keep('survival_curve', format('SELECT survival_curve(at - date ''2024-01-01'', c > 2) FROM garden.%I WHERE at > ''2024-01-01''', source));
	END LOOP;
	CALL garden.keep('timeline', 'SELECT timeline(during, amount) FROM garden.ranges GROUP BY c');
	CALL garden.keep('data_check', 'SELECT check_ranges(c, during, amount, NULL) FROM garden.ranges');
	CALL garden.keep('timeline', 'SELECT timeline(at::timestamptz, amount, ''Europe/Paris'') FROM garden.events GROUP BY c');
	CALL garden.keep('survival_curve', 'SELECT v::survival_curve FROM (VALUES (''{"time": [0], "events": [1], "censored": [0]}''), (''{"time": [5e-324,1,1.7976931348623157e308], "events": [1,0,0], "censored": [0,0,9223372036854775806]}''), (''{"time": [], "events": [], "censored": []}''), (''{"time": [5e-324,1,7,9], "events": [0,3,0,2], "censored": [0,0,0,9223372036854775800], "entered": [3,0,9223372036854775802,0]}'')) x (v)');
	CALL garden.keep('incidence_curve', 'SELECT v::incidence_curve FROM (VALUES (''{"reasons": [{"reason": "", "time": [0], "customers": [1]}]}''), (''{"reasons": [{"reason": "a", "time": [5e-324,1.7976931348623157e308], "customers": [1,9223372036854775806]}]}''), (''{"reasons": [{"reason": "a", "time": [1,2], "customers": [1,3]}, {"reason": "b", "time": [1], "customers": [9223372036854775800]}]}'')) x (v)');
	CALL garden.keep('purchase_model', 'SELECT purchase_model(''bg/nbd'', n % 5, n % 5 * 3, 20 + n) FROM generate_series(0, 50) n');
	FOREACH g IN ARRAY ARRAY['{"kind": "bg/nbd", "unit": "week", "parameters": {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}}', '{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 1e-30, "alpha": 1e30, "a": 1e-10, "b": 1e10}}',
		'{"kind": "pareto/nbd", "unit": "month", "parameters": {"r": 0.55, "alpha": 10.58, "s": 0.61, "beta": 11.67}}', '{"kind": "pareto/nbd", "parameters": {"r": 1e30, "alpha": 1e-30, "s": 1e-30, "beta": 1e30}}'] LOOP
		CALL garden.keep('purchase_model', format('SELECT %L::purchase_model', g));
	END LOOP;
	FOREACH g IN ARRAY ARRAY['{"kind": "gamma-gamma", "parameters": {"p": 6.25, "q": 3.74, "gamma": 15.45}}', '{"kind": "gamma-gamma", "parameters": {"p": 1e-30, "q": 0.5, "gamma": 1e30}}'] LOOP
		CALL garden.keep('spend_model', format('SELECT %L::spend_model', g));
	END LOOP;
	FOREACH g IN ARRAY ARRAY['{"kind": "sbg", "parameters": {"alpha": 0.7, "beta": 3.8}}', '{"kind": "bdw", "parameters": {"alpha": 1e-30, "beta": 1e30, "c": 1e10}}', '{"kind": "bdw", "parameters": {"alpha": 0.7, "beta": 3.8, "c": 0.01}}'] LOOP
		CALL garden.keep('contract_model', format('SELECT %L::contract_model', g));
	END LOOP;
END $$;
DELETE FROM garden.own WHERE length(literal) > 20000;
