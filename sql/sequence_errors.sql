-- What sequence_match, sequence_count and sequence_next refuse: SQLSTATE, message,
-- detail and hint.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';

CREATE FUNCTION pg_temp.refused(query text, OUT code text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE query;
	message := 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;

-- Patterns that do not parse: where, and what was expected
SELECT pattern, r.code, r.message, r.detail
FROM unnest(ARRAY['(', '(?', '(?1', '(?1]', '(?)', '(?0)', '(?-1)', '(?2147483648)', '(?x)', '(?t)', '(?t~3)', '(?t<>3)', '(?t<)', '(?t<=x)', '(?t<=-1)', '(?t<=1.5)', '(?t<= 3)', '(?t>=3', '(?1)(2)', '(?1)*', '(?1)+(?1)', '..x', E'(?1)\n(?1)',
	'(?1)ünï(?1)', '(?1)(?t≤3)(?1)', '(?1)' || repeat('é', 100), '?1', '(?1)(?t>=2)(?t<=3)(?2)', 'a']) WITH ORDINALITY p (pattern, n),
	pg_temp.refused(format('SELECT sequence_match(%L, 1, true)', pattern)) r
ORDER BY n;
SELECT r.* FROM pg_temp.refused($$SELECT sequence_count('(?1)(?t<)', 1, true)$$) r;
-- a thousand elements, and one more; ".*" twice is one
SELECT sequence_match(repeat('(?1)', 1000), 1, true) AS thousand, sequence_match(repeat('.*', 5000), 1, true) AS once;
SELECT r.* FROM pg_temp.refused($$SELECT sequence_match(repeat('(?1)', 1001), 1, true)$$) r;

-- Conditions that the call does not have
SELECT r.* FROM (VALUES ($$SELECT sequence_match('(?1)(?3)', at, true, at > 1) FROM generate_series(1, 2) at$$), ($$SELECT sequence_count('(?2)', at, at = 1) FROM generate_series(1, 2) at$$),
	($$SELECT sequence_count('(?2)', at, VARIADIC '{t}') FROM generate_series(1, 2) at$$)) q (query), pg_temp.refused(query) r;
-- where arrays may differ from row to row they are not met
SELECT sequence_match('(?2)', at, VARIADIC array_fill(true, ARRAY[at])) AS two, sequence_match('(?3)', at, VARIADIC array_fill(true, ARRAY[at])) AS three FROM generate_series(1, 2) at;

-- NULL and changing patterns, times and conditions of other types
SELECT query, r.* FROM (VALUES
	($$SELECT sequence_match(NULL, 1, true)$$),
	($$SELECT sequence_match(p, 1, true) FROM (VALUES ('(?1)'), (NULL)) v (p)$$),
	($$SELECT sequence_match(p, 1, true) FROM (VALUES ('(?1)'), ('.')) v (p)$$),
	($$SELECT sequence_match('(?1)', 'infinity'::date, true)$$),
	($$SELECT sequence_match('(?1)', '-infinity'::timestamptz, true)$$),
	($$SELECT sequence_match('(?1)', 1.5, true)$$),
	($$SELECT sequence_match('(?1)', 'yesterday', true)$$),
	($$SELECT sequence_match('(?1)', daterange '[2024-01-01,2024-02-01)', true)$$),
	($$SELECT sequence_match('(?1)', 1, VARIADIC '{{t,f},{f,t}}'::boolean[])$$)) q (query), pg_temp.refused(query) r;

-- sequence_next
SELECT query, r.* FROM (VALUES
	($$SELECT sequence_next('sideways', 'head', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next('Forward', 'head', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next('forward', 'middle', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next('backward', 'head', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next('forward', 'tail', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next(NULL, 'head', 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next('forward', NULL, 1, 'a'::text, true, true)$$),
	($$SELECT sequence_next(d, 'first_match', 1, 'a'::text, true, true) FROM unnest('{forward,backward}'::text[]) d$$),
	($$SELECT sequence_next('forward', b, 1, 'a'::text, true, true) FROM unnest('{head,last_match}'::text[]) b$$),
	($$SELECT sequence_next('forward', 'first_match', 1, 'a'::text, true, VARIADIC '{}')$$),
	($$SELECT sequence_next('forward', 'head', 1, n, true, VARIADIC array_fill(true, ARRAY[n])) FROM generate_series(1, 2) n$$),
	($$SELECT sequence_next('forward', 'head', 'infinity'::date, 'a'::text, true, true)$$),
	($$SELECT sequence_next('forward', 'head', 'noon'::text, 'a'::text, true, true)$$)) q (query), pg_temp.refused(query) r;
