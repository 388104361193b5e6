-- load.sql: the table orders from the text columns of the table input.
--
-- psql variables: customer, at, amount, channel (names of columns of input, the
-- last two perhaps empty), datestyle (perhaps empty).

SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, DMY';

SELECT :'amount' <> '' AS has_amount, :'channel' <> '' AS has_channel \gset
\if :has_amount
\else
\set amount NULL
\endif
\if :has_channel
\else
\set channel NULL
\endif

CREATE TEMPORARY TABLE fields AS
SELECT line, nullif(btrim(:customer), '') AS customer,
	nullif(btrim(:at), '') AS at,
	nullif(btrim(:amount::text), '') AS amount,
	nullif(btrim(:channel::text), '') AS channel
FROM input;

-- 03/04/2024: the third of April, unless a second number above 12 says that
-- the month comes first.
SELECT coalesce(nullif(:'datestyle', ''),
	CASE WHEN count(*) FILTER (WHERE at ~ '^\d{1,2}[/.-](1[3-9]|2\d|3[01])[/.-]\d{4}') > 0
		THEN 'MDY' ELSE 'DMY' END) AS datestyle,
	-- With an offset anywhere these are instants, else local times.
	CASE WHEN count(*) FILTER (WHERE at ~ ':\d\d(\.\d+)?\s*([+-]\d\d(:?\d\d)?|Z)$') > 0
		THEN 'timestamptz' ELSE 'timestamp' END AS at_type,
	-- A comma before the last one or two digits is a decimal one.
	count(*) FILTER (WHERE amount ~ ',\d{1,2}\D*$') > 0 AS decimal_comma
FROM fields \gset
SET datestyle = 'ISO', :datestyle;

-- Currency signs, blanks and thousands separators are not part of a number.
UPDATE fields
SET amount = CASE WHEN :'decimal_comma'
	THEN replace(replace(stripped, '.', ''), ',', '.')
	ELSE replace(stripped, ',', '') END
FROM (
	SELECT line AS of_line,
		regexp_replace(amount, '(EUR|USD|GBP|[€$£''\s\u00A0\u202F])', '', 'gi') AS stripped
	FROM fields) AS s
WHERE of_line = line AND amount !~ '^[+-]?\d+(\.\d+)?$';

-- The whole column at once; only when that fails, line by line, to name the
-- line.
CREATE FUNCTION pg_temp.check_cast(field text, cast_to text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	row record;
	reason text;
BEGIN
	BEGIN
		EXECUTE format('SELECT count(%I::%s) FROM fields', field, cast_to);
	EXCEPTION WHEN data_exception THEN
		FOR row IN EXECUTE format('SELECT line, %I AS value FROM fields ORDER BY line', field)
		LOOP
			BEGIN
				EXECUTE format('SELECT %L::%s', row.value, cast_to);
			EXCEPTION WHEN data_exception THEN
				GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
				RAISE EXCEPTION 'line %: %', row.line, reason
					USING HINT = CASE field WHEN 'at'
						THEN 'Times read best as 2024-04-03 14:30; DATESTYLE=MDY reads 04/03/2024 with the month first.'
						ELSE 'An amount is a number; refunds are negative.' END;
			END;
		END LOOP;
	END;
END
$$;

\set SHOW_CONTEXT never
SELECT pg_temp.check_cast('at', :'at_type') \g /dev/null
SELECT pg_temp.check_cast('amount', 'numeric') \g /dev/null

CREATE TABLE orders AS
SELECT customer AS customer_id, at:::at_type AS ordered_at, amount::numeric AS amount, channel
FROM fields
WHERE customer IS NOT NULL AND at IS NOT NULL;

SELECT count(*) FILTER (WHERE customer IS NULL OR at IS NULL) AS skipped,
	count(*) FILTER (WHERE customer IS NULL OR at IS NULL) > 0 AS has_skipped,
	count(*) = 0 AS is_empty
FROM fields \gset
\if :is_empty
DO $$ BEGIN RAISE EXCEPTION 'the file has no orders'; END $$;
\endif
\if :has_skipped
\echo 'lines left out, without a customer or a time:' :skipped
\endif
DROP TABLE input;
ANALYZE orders;
