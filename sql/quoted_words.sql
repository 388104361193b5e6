-- Error messages quote a text that was passed, but no more than 100 bytes of it,
-- in whole characters.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- The SQLSTATE of a query and the bytes of all its message's parts.
CREATE FUNCTION pg_temp.message(query text, VARIADIC arguments text[]) RETURNS TABLE (state text, bytes int, quoted text) LANGUAGE plpgsql AS $$
DECLARE
	message text; detail text; hint text;
BEGIN
	EXECUTE query USING arguments[1];
	RETURN QUERY VALUES ('accepted', 0, '');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN QUERY VALUES (SQLSTATE, octet_length(message || detail || hint), substring(message || ' ' || detail FROM '"([^"]*\.\.\.)"'));
END $$;

-- 2 MB each: of the cases none takes a message of 1,000 bytes
SELECT what, state, bytes < 1000 AS short, octet_length(quoted) AS quoted
FROM (VALUES (1, 'grain', 'SELECT $1::grain', repeat('x', 2000000)),
	(2, 'unit', 'SELECT $1::grain', '3 ' || repeat('x', 2000000)),
	(3, 'unexpected word', 'SELECT $1::grain', 'month ' || repeat('x', 2000000)),
	(4, 'zone of a grain', 'SELECT $1::grain', 'month at ' || repeat('x', 2000000)),
	(5, 'zone of a timeline', 'SELECT timeline(date ''2024-01-01'', 1, $1)', repeat('x', 2000000)),
	(6, 'no JSON', 'SELECT $1::cohort_matrix', repeat('x', 2000000)),
	(7, 'unknown key', 'SELECT $1::funnel', '{"' || repeat('x', 2000000) || '": 1}'),
	(8, 'zone of a matrix', 'SELECT $1::cohort_matrix', '{"zone": "' || repeat('x', 2000000) || '"}'),
	(9, 'kind of a model', 'SELECT $1::contract_model', '{"kind": "' || repeat('x', 2000000) || '", "parameters": {"alpha": 1, "beta": 1}}'),
	(10, 'kind', 'SELECT purchase_model($1, 1, 1, 1)', repeat('x', 2000000)),
	(11, 'unit of a model', 'SELECT purchase_model(''bg/nbd'', 1, 1, 1, $1)', repeat('x', 2000000)),
	(12, 'kind of contracts', 'SELECT contract_model($1, 1, true)', repeat('x', 2000000)),
	(13, 'mode', 'SELECT funnel(1, now(), 1, ''1 day'', $1)', repeat('x', 2000000))) t (n, what, query, argument),
	LATERAL pg_temp.message(query, argument) m
ORDER BY n;

-- Characters stay whole: 100 bytes are 33 of three bytes each.
SELECT length(quoted) AS characters, octet_length(quoted) AS bytes, left(quoted, 1) AS first
FROM pg_temp.message('SELECT $1::grain', repeat('€', 100000));
-- What is short is quoted as it is.
SELECT repeat('x', 100)::grain;
