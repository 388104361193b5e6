-- States that go from server to server: of a plain type where they are counts
-- and sums, and models of customers counted beforehand.
SET timezone = 'UTC';
SET datestyle = 'ISO, MDY';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- Aggregates over plain columns whose state is not of a plain type.
SELECT a.aggfnoid::regprocedure
FROM pg_aggregate a JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = a.aggfnoid AND d.deptype = 'e'
	JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'retention'
	JOIN pg_proc p ON p.oid = a.aggfnoid
WHERE (a.aggtranstype = 'internal'::regtype OR a.aggmtranstype = 'internal'::regtype)
	AND p.proname IN ('retention_rate', 'churn_rate', 'nrr', 'grr', 'quick_ratio', 'cac', 'share', 'share_low', 'share_high', 'share_difference', 'share_difference_low', 'share_difference_high', 'share_difference_p', 'nps', 'nps_margin', 'csat');

-- What a shard does and what the coordinator does, as plain aggregates.
CREATE AGGREGATE pair_state(numeric, numeric) (SFUNC = pair_transition, STYPE = bytea);
CREATE AGGREGATE nrr_of_states(bytea) (SFUNC = tally_combine, STYPE = bytea, FINALFUNC = nrr_final);
CREATE AGGREGATE share_state(boolean, float8) (SFUNC = share_transition, STYPE = bytea);
CREATE AGGREGATE share_low_of_states(bytea) (SFUNC = tally_combine, STYPE = bytea, FINALFUNC = share_low_final);

CREATE TABLE customers AS
SELECT n % 7 AS shard, (n * 7919 % 1000)::numeric / 8 - 5 AS opening, (n * 104729 % 1000)::numeric / 8 - 5 AS closing
FROM generate_series(1, 1000) n;
CREATE TABLE states AS
SELECT shard, pair_state(opening, closing) AS pair, share_state(opening < closing, 0.9) AS share,
	pair_state(opening, closing)::text AS as_text
FROM customers GROUP BY shard;

SELECT nrr_of_states(pair) = (SELECT nrr(opening, closing) FROM customers) AS pair,
	nrr_of_states(as_text::bytea) = (SELECT nrr(opening, closing) FROM customers) AS as_text,
	nrr_of_states(NULL) IS NULL AS of_nothing,
	share_low_of_states(share) = (SELECT share_low(opening < closing, 0.9) FROM customers) AS share
FROM states;
SELECT nrr_of_states(s) FROM (SELECT share AS s FROM states UNION ALL (SELECT share_state(true, 0.8) FROM customers)) x;

-- States are changed in place, and only there.
SELECT pair_transition(NULL, 1, 2);
SELECT pair_inverse(pair, 1, 2) FROM states;
SELECT tally_combine(pair, pair) FROM states;
SELECT nrr_final(pair) FROM states;
CREATE TABLE before AS SELECT * FROM states;
SELECT count(nrr) FROM (SELECT nrr_of_states(pair) OVER (ORDER BY shard ROWS 2 PRECEDING) AS nrr FROM states) x;
SELECT count(*) AS changed FROM states JOIN before USING (shard) WHERE states.pair <> before.pair;

-- Bytes that are no state.
CREATE FUNCTION outcome(state bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	low float8;
	detail text;
BEGIN
	SELECT share_low_of_states(state) INTO low;
	RETURN CASE WHEN low BETWEEN 0 AND 1 THEN 'a share' ELSE low::text END;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN SQLSTATE || ' ' || SQLERRM || ': ' || detail;
END $$;
SELECT outcome(share) FROM states WHERE shard = 1;
SELECT outcome(''), outcome('\x00'), outcome(substr(share, 1, length(share) - 1)), outcome(share || '\x00')
FROM states WHERE shard = 1 \gx
SELECT outcome(set_byte(share, 0, 0)) AS magic, outcome(set_byte(share, 2, 9)) AS version, outcome(set_byte(share, 3, 200)) AS constant
FROM states WHERE shard = 1 \gx
SELECT outcome(overlay(share placing decode(repeat('ff', 8), 'hex') from 13 + 80)) AS first_count,
	outcome(overlay(share placing decode(repeat('7f', 8), 'hex') from 13 + 88)) AS second_count,
	outcome(overlay(share placing decode(repeat('ff', 8), 'hex') from 5)) AS confidence
FROM states WHERE shard = 1 \gx
-- any byte may be any other: a number, NULL or an error
SELECT count(*) AS tried, count(*) FILTER (WHERE o !~ '^(a share|22023 .*|22P03 .*)$') AS else
FROM (SELECT outcome(set_byte(share, p, v)) AS o
	FROM states, generate_series(0, length(share) - 1) p, unnest(ARRAY[0, 1, 127, 128, 255]) v WHERE shard = 2) x;
CREATE AGGREGATE begins_badly(numeric, numeric) (SFUNC = pair_transition, STYPE = bytea, INITCOND = '\x0102', FINALFUNC = nrr_final);
SELECT begins_badly(1, 2);

-- ---------------------------------------------------------------
-- Weights
-- ---------------------------------------------------------------

CREATE TABLE counted AS
SELECT (n % 5)::bigint AS frequency, CASE WHEN n % 5 > 0 THEN (n % 5) + n % 7 ELSE 0 END::float8 AS recency, (20 + n % 3)::float8 AS age,
	(5 + n * 37 % 50)::float8 AS spent, n * 31 % 6 AS weight
FROM generate_series(1, 120) n;
CREATE TABLE repeated AS SELECT frequency, recency, age, spent FROM counted, generate_series(1, weight);

-- The fit of rows with weights is that of the rows repeated.
SELECT kind, w = r AS equal, w::text = r::text AS to_the_last_digit, (model_fit(w)).customers = (SELECT count(*) FROM repeated) AS customers
FROM unnest('{bg/nbd,mbg/nbd,pareto/nbd}'::text[]) kind,
	LATERAL (SELECT purchase_model(kind, frequency, recency, age, 'week', weight) AS w FROM counted) a,
	LATERAL (SELECT purchase_model(kind, frequency, recency, age, 'week') AS r FROM repeated) b;
SELECT w = r AS equal, w::text = r::text AS to_the_last_digit, n = w AS of_numeric
FROM (SELECT spend_model(frequency, spent, weight) AS w, spend_model(frequency, spent::numeric, weight) AS n FROM counted) a,
	(SELECT spend_model(frequency, spent) AS r FROM repeated) b;

-- Counted by GROUP BY, in parts: what shards hand over.
SELECT (SELECT purchase_model('bg/nbd', frequency, recency, age, 'week') FROM repeated)
	= (SELECT purchase_model('bg/nbd', frequency, recency, age, 'week', n)
		FROM (SELECT shard, frequency, recency, age, count(*) AS n
			FROM (SELECT *, row_number() OVER () % 4 AS shard FROM repeated) x GROUP BY 1, 2, 3, 4) y) AS counted_on_shards;

-- No weight, none at all, too little, too much.
SELECT purchase_model('bg/nbd', frequency, recency, age, 'week', NULL) IS NULL AS purchase,
	spend_model(frequency, spent, 0) IS NULL AS spend FROM counted;
SELECT purchase_model('bg/nbd', 3, 4, 10, 'week', w) FROM unnest('{1,-2,-3}'::bigint[]) w;
SELECT purchase_model('bg/nbd', 3, 14, 10, 'week', w) FROM unnest('{1,20}'::bigint[]) w;
SELECT purchase_model('bg/nbd', 3, 4, 10, 'week', w) FROM unnest('{1,9223372036854775807}'::bigint[]) w;
SELECT purchase_model('bg/nbd', 3, 4, 10, NULL, 1);
SELECT spend_model(3, 20.0, w) FROM unnest('{1,-2}'::bigint[]) w;
SELECT spend_model(3, -20::float8, 7);
SELECT spend_model(0, 0::float8, w) FROM unnest('{1,9223372036854775807}'::bigint[]) w;
SELECT spend_model(0, 0::float8, w) FROM unnest('{2,5}'::bigint[]) w;

DROP FUNCTION outcome;
DROP AGGREGATE pair_state(numeric, numeric);
DROP AGGREGATE nrr_of_states(bytea);
DROP AGGREGATE share_state(boolean, float8);
DROP AGGREGATE share_low_of_states(bytea);
DROP AGGREGATE begins_badly(numeric, numeric);
DROP TABLE customers, states, before, counted, repeated;
