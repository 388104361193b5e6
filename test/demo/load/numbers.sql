-- numbers.sql: 1.234,56 and 1,234.56, 1 234,56, $1,234.56, (12.00), 12.00-.

-- Digits, the marks between them and a sign in front: without currencies,
-- brackets and blanks that group by three.
CREATE FUNCTION pg_temp.digits(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
	bare text := pg_temp.bare(value);
	body text;
BEGIN
	IF NOT pg_temp.is_number(value) THEN
		RETURN NULL;
	END IF;
	body := regexp_replace(bare, '^[\s(+−–-]+|[\s)+−–-]+$', '', 'g');
	IF body ~ '^\d{1,3}(?:[''’ \u00A0\u202F\u2009]\d{3})+(?:[.,]\d+)?$' THEN
		body := regexp_replace(body, '[''’ \u00A0\u202F\u2009]', '', 'g');
	END IF;
	RETURN CASE WHEN bare ~ '^\(.*\)$|^\s*[-−–]|[-−–]$' THEN '-' ELSE '' END || body;
END
$$;

-- What the marks say.  A mark before one or two digits at the end, before four or
-- more, or after a zero is a decimal one; one that stands twice groups; 1,234 may
-- be either.
CREATE FUNCTION pg_temp.marks(digits text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE
	WHEN digits ~ '^-?\d+(?:[eE]\+?\d+)?$' THEN 'whole'
	WHEN digits ~ '^-?(?:\d*\.(?:\d{1,2}|\d{4,})|\d{4,}\.\d+|0\d*\.\d+|\.\d+|\d{1,3}(?:,\d{2,3})*,\d{3}\.\d*|\d+\.|\d{1,3}(?:,\d{3}){2,}|\d+\.\d+[eE][-+]?\d+)$' THEN 'dot'
	WHEN digits ~ '^-?(?:\d*,(?:\d{1,2}|\d{4,})|\d{4,},\d+|0\d*,\d+|,\d+|\d{1,3}(?:\.\d{2,3})*\.\d{3},\d*|\d+,|\d{1,3}(?:\.\d{3}){2,}|\d+,\d+[eE][-+]?\d+)$' THEN 'comma'
	WHEN digits ~ '^-?\d{1,3}\.\d{3}$' THEN 'dot?'
	WHEN digits ~ '^-?\d{1,3},\d{3}$' THEN 'comma?'
	ELSE 'bad' END;

CREATE FUNCTION pg_temp.read_numbers() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	comma boolean;
	signs text[];
BEGIN
	CREATE TEMPORARY TABLE figures ON COMMIT DROP AS
	SELECT role, raw, line, n, value, digits, pg_temp.marks(digits) AS marks
	FROM (
		SELECT role, raw, min(line) AS line, count(*) AS n, pg_temp.filled(raw) AS value,
			CASE WHEN raw ~ '^-?\d+(?:[.,]\d+)?$' THEN raw ELSE pg_temp.digits(pg_temp.filled(raw)) END AS digits
		FROM (
			SELECT 'amount' AS role, amount AS raw, line FROM fields WHERE amount IS NOT NULL
			UNION ALL SELECT 'quantity', quantity, line FROM fields WHERE quantity IS NOT NULL
			UNION ALL SELECT 'price', price, line FROM fields WHERE price IS NOT NULL) AS f
		GROUP BY role, raw) AS v
	WHERE value IS NOT NULL;
	signs := ARRAY(SELECT DISTINCT CASE s WHEN '€' THEN 'EUR' WHEN '£' THEN 'GBP' WHEN '$' THEN 'USD' ELSE upper(s) END
		FROM (SELECT substring(value FROM '(EUR|USD|GBP|CHF|CAD|AUD|JPY|SEK|NOK|DKK|PLN|BRL|[€$£¥₹])') AS s FROM figures WHERE role <> 'quantity' AND value ~ '[A-Z€$£¥₹]') AS x WHERE s IS NOT NULL);
	IF cardinality(signs) > 1 THEN
		PERFORM pg_temp.stop('the amounts are in several currencies: ' || array_to_string(signs, ', '),
			'DATA= with a file of one currency', 'AMOUNT=none   (who comes back, and when, without the money)');
	END IF;
	comma := pg_temp.decimal_comma();
	PERFORM pg_temp.check_numbers(comma);
	ALTER TABLE figures ADD number numeric;
	UPDATE figures SET number = CASE WHEN comma THEN replace(replace(digits, '.', ''), ',', '.') ELSE replace(digits, ',', '') END::numeric;
	PERFORM pg_temp.step('amounts read');
END
$$;

-- Is the comma the decimal mark?
CREATE FUNCTION pg_temp.decimal_comma() RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
	dot record;
	comma record;
	either record;
BEGIN
	IF pg_temp.setting('DECIMAL') IS NOT NULL THEN
		RETURN pg_temp.setting('DECIMAL') = 'comma';
	END IF;
	SELECT min(line) AS line, coalesce(sum(n), 0)::bigint AS n, (array_agg(value ORDER BY line))[1] AS value INTO dot FROM figures WHERE marks = 'dot';
	SELECT min(line) AS line, coalesce(sum(n), 0)::bigint AS n, (array_agg(value ORDER BY line))[1] AS value INTO comma FROM figures WHERE marks = 'comma';
	IF dot.n > 0 AND comma.n > 0 THEN
		PERFORM pg_temp.stop(format('line %s has %s and line %s has %s: is the decimal mark a dot or a comma?', dot.line, pg_temp.shown(dot.value), comma.line, pg_temp.shown(comma.value)),
			format('DECIMAL=dot SKIP=yes   (leaves out %s lines)', pg_temp.many(comma.n)), format('DECIMAL=comma SKIP=yes   (leaves out %s lines)', pg_temp.many(dot.n)), 'DATA= with these lines mended');
	ELSIF dot.n = 0 AND comma.n = 0 THEN
		SELECT line, value, CASE marks WHEN 'dot?' THEN replace(digits, '.', '') ELSE replace(digits, ',', '') END AS large INTO either
		FROM figures WHERE marks IN ('dot?', 'comma?') ORDER BY line LIMIT 1;
		IF FOUND THEN
			PERFORM pg_temp.stop(format('line %s: %s is either %s or %s, and no other amount tells', either.line, pg_temp.shown(either.value), either.large, replace(either.value, ',', '.')),
				format('DECIMAL=dot   (1,234.56 is one thousand)'), 'DECIMAL=comma   (1.234,56 is one thousand)');
		END IF;
	END IF;
	RETURN comma.n > 0;
END
$$;

-- Nothing that is no number, or not by that mark.
CREATE FUNCTION pg_temp.check_numbers(comma boolean) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	bad record;
BEGIN
	UPDATE figures SET marks = 'bad', digits = NULL
	WHERE marks = 'bad' OR digits IS NULL OR marks = CASE WHEN comma THEN 'dot' ELSE 'comma' END
		-- one, two or four digits after what must group
		OR marks <> 'whole' AND digits ~ CASE WHEN comma THEN '\.\d*\..*,.*,|,.*\.' ELSE ',\d*,.*\..*\.|\..*,' END;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	-- What stands below the table has no time, and is left out later.
	CREATE TEMPORARY TABLE bad_lines ON COMMIT DROP AS
	SELECT f.line, v.value, v.role
	FROM fields AS f JOIN figures AS v ON v.marks = 'bad' AND v.raw = CASE v.role WHEN 'amount' THEN f.amount WHEN 'quantity' THEN f.quantity ELSE f.price END
	WHERE customer IS NOT NULL AND pg_temp.filled(day) IS NOT NULL;
	SELECT line, value, role, count(*) OVER () AS n INTO bad FROM bad_lines ORDER BY line LIMIT 1;
	IF bad.n > 0 AND pg_temp.setting('SKIP') IS NULL THEN
		PERFORM pg_temp.stop(format('line %s: %s is no number%s%s', bad.line, pg_temp.shown(bad.value),
				CASE WHEN bad.value ~ '^[^[:alpha:]]*\d[^[:alpha:]]*$' THEN format(', the decimal mark being a %s', CASE WHEN comma THEN 'comma' ELSE 'dot' END) ELSE '' END, CASE WHEN bad.n > 1 THEN format(' (and %s more)', pg_temp.many(bad.n - 1)) ELSE '' END),
			'SKIP=yes   (leaves such lines out)', upper(bad.role) || '=...   (another column)', 'DATA= with that line mended');
	ELSIF bad.n > 0 THEN
		PERFORM pg_temp.say(format('  %s lines left out: their amounts are no numbers, %s the first', pg_temp.many(bad.n), pg_temp.shown(bad.value)));
		DELETE FROM fields WHERE line IN (SELECT line FROM bad_lines);
	END IF;
	DELETE FROM figures WHERE marks = 'bad';
END
$$;
