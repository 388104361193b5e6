-- fields.sql: the columns that matter, of the rows that count.

-- A condition on a column, as typed: name=value,value.
CREATE FUNCTION pg_temp.condition(option text, typed text, OUT column_i int, OUT wanted text[])
LANGUAGE plpgsql
AS $$
DECLARE
	missing text;
	there text[];
BEGIN
	IF strpos(typed, '=') = 0 THEN
		PERFORM pg_temp.stop(format('%s=%s names no value', option, typed), format('%s=column=value,value   (with a column of the file and its values)', option));
	END IF;
	column_i := pg_temp.column_typed(option, split_part(typed, '=', 1));
	wanted := ARRAY(SELECT lower(btrim(v)) FROM unnest(string_to_array(substr(typed, strpos(typed, '=') + 1), ',')) AS v);
	EXECUTE format('SELECT array_agg(DISTINCT lower(btrim(coalesce(c%s, '''')))) FROM input', column_i) INTO there;
	SELECT w INTO missing FROM unnest(wanted) AS w WHERE w <> ALL (there) LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('%s: no line has %s in %s', option, pg_temp.shown(missing), pg_temp.named(column_i)),
			VARIADIC ARRAY(SELECT format('%s=%s', option, pg_temp.quoted(split_part(typed, '=', 1) || '=' || t)) FROM unnest(there) AS t ORDER BY t LIMIT 8));
	END IF;
END
$$;

-- KEEP=status=paid,sent;currency=EUR: all of these must hold.
CREATE FUNCTION pg_temp.keep_rows() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	typed text;
	kept record;
	gone bigint;
BEGIN
	FOREACH typed IN ARRAY string_to_array(coalesce(pg_temp.setting('KEEP'), 'all'), ';') LOOP
		IF btrim(typed) = 'all' THEN
			CONTINUE;
		END IF;
		SELECT * INTO kept FROM pg_temp.condition('KEEP', typed);
		EXECUTE format('DELETE FROM input WHERE lower(btrim(coalesce(c%s, ''''))) <> ALL ($1)', kept.column_i) USING kept.wanted;
		GET DIAGNOSTICS gone = ROW_COUNT;
		PERFORM pg_temp.say(format('  %s lines left out, which have not %s in %s', pg_temp.many(gone), array_to_string(kept.wanted, ' or '), pg_temp.named(kept.column_i)));
		-- asked and answered
		DELETE FROM roles WHERE i = kept.column_i AND role IN ('status', 'type', 'currency');
	END LOOP;
END
$$;

-- KEEP= with one condition more.
CREATE FUNCTION pg_temp.keep(condition text) RETURNS text
LANGUAGE sql STABLE
AS $$ SELECT 'KEEP=' || pg_temp.quoted(concat(pg_temp.setting('KEEP') || ';', condition)) $$;

-- The columns as text.  What is a number or a time comes often: it is read once for
-- each value there is.  A spreadsheet is told ="007" to keep the zeros.
CREATE FUNCTION pg_temp.make_fields() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	list text;
BEGIN
	PERFORM pg_temp.keep_rows();
	SELECT string_agg(CASE WHEN role = 'time' THEN 'CASE WHEN hour > 0 THEN left(at, hour - 2) ELSE at END AS day, CASE WHEN hour > 0 THEN substr(at, hour - 1) ELSE '''' END AS clock'
			WHEN i IS NULL THEN format('NULL::text AS %I', role) WHEN role IN ('customer', 'order') THEN format('pg_temp.filled(c%s) AS %I', i, role) ELSE format('c%s AS %I', i, role) END, ', ') INTO list
	FROM unnest('{customer,time,amount,quantity,price,order,channel,currency,status,type}'::text[]) AS w (role) LEFT JOIN roles USING (role);
	IF pg_temp.setting('REFUNDS') IS NOT NULL THEN
		list := list || (SELECT format(', lower(btrim(coalesce(c%s, ''''))) = ANY (%L::text[]) AS refund', column_i, wanted) FROM pg_temp.condition('REFUNDS', pg_temp.setting('REFUNDS')));
		DELETE FROM roles WHERE role = 'type' AND i = (SELECT column_i FROM pg_temp.condition('REFUNDS', pg_temp.setting('REFUNDS')));
	ELSE
		list := list || ', false AS refund';
	END IF;
	EXECUTE format('CREATE TEMPORARY TABLE fields ON COMMIT DROP AS SELECT line, %s
		FROM input, LATERAL (SELECT c%s%s AS at OFFSET 0) AS t, LATERAL (SELECT pg_temp.hour_at(at) AS hour OFFSET 0) AS h',
		list, pg_temp.role('time'), ' || '' '' || c' || pg_temp.role('clock'));
	IF EXISTS (SELECT FROM fields WHERE customer ~ '^="?|^''') THEN
		UPDATE fields SET customer = nullif(regexp_replace(customer, '^(?:="?([^"]*)"?|''(.*))$', '\1\2'), '') WHERE customer ~ '^="?|^''';
	END IF;
	IF NOT EXISTS (SELECT FROM fields WHERE customer !~ '^\d+\.0$') THEN
		UPDATE fields SET customer = left(customer, -2);
		PERFORM pg_temp.say('  the customers all end in .0, which is left out');
	END IF;
	ANALYZE fields;
	PERFORM pg_temp.step('columns taken');
	PERFORM pg_temp.check_customers();
	PERFORM pg_temp.check_words();
END
$$;

CREATE FUNCTION pg_temp.check_customers() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	n bigint;
	without bigint;
	bad record;
BEGIN
	SELECT count(*), count(*) FILTER (WHERE customer IS NULL) INTO n, without FROM fields;
	SELECT line, customer INTO bad FROM fields WHERE customer ~ '^\d([.,]\d+)?E\+?\d+$' ORDER BY line LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('line %s: a spreadsheet has rounded the customer''s number to %s, and others with it', bad.line, bad.customer),
			'DATA= with a file exported again, never opened in a spreadsheet, or with that column as text');
	END IF;
	IF pg_temp.setting('SKIP') IS NULL AND without > 0.3 * n THEN
		PERFORM pg_temp.stop(format('%s of %s lines have nobody in %s', pg_temp.many(without), pg_temp.many(n), pg_temp.named(pg_temp.role('customer'))),
			'SKIP=yes   (if these are nobody''s orders, and should be left out)',
			'CUSTOMER=...   (another column); or, if a name stands in the first line of several, fill the column down and export again');
	END IF;
	SELECT line, customer INTO bad FROM fields WHERE strpos(customer, chr(65533)) > 0 ORDER BY line LIMIT 1;
	IF FOUND THEN
		PERFORM pg_temp.say(format('  note: line %s: letters were lost before the file was written, %s: two customers may look like one', bad.line, pg_temp.shown(bad.customer)));
	END IF;
END
$$;

-- Orders that were not to be: their lines count only where somebody says so.
CREATE FUNCTION pg_temp.check_words() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	states text[];
	bad text[];
	unlike text := '(cancel|annul|void|fail|echou|échou|declin|refus|abandon|refund|rembours|chargeback|storn|draft|brouillon|abgelehnt|cancelad|rechaz)';
	back text := '(refund|rembours|avoir|\mretour|\mreturn|credit.?note|chargeback|erstatt|gutschrift|reembols|devoluc|rimbors|\mreso\M)';
	role text;
BEGIN
	IF pg_temp.role('currency') IS NOT NULL AND (SELECT count(DISTINCT pg_temp.filled(currency)) FROM (SELECT DISTINCT currency FROM fields) AS c) > 1 THEN
		PERFORM pg_temp.stop(format('the amounts are in several currencies: %s', (SELECT string_agg(format('%s (%s lines)', currency, pg_temp.many(n)), ', ' ORDER BY n DESC) FROM (SELECT currency, count(*) AS n FROM fields WHERE currency IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 6) AS c)),
			VARIADIC ARRAY(SELECT pg_temp.keep(pg_temp.column_word(pg_temp.role('currency')) || '=' || currency) FROM fields WHERE currency IS NOT NULL GROUP BY currency ORDER BY count(*) DESC LIMIT 3)
				|| ARRAY['AMOUNT=none   (who comes back, and when, without the money)']);
	END IF;
	IF 'all' = ANY (string_to_array(pg_temp.setting('KEEP'), ';')) THEN
		RETURN;
	END IF;
	FOR role IN SELECT r.role FROM roles AS r WHERE r.role IN ('status', 'type') ORDER BY 1 LOOP
		EXECUTE format('SELECT array_agg(v ORDER BY n DESC), array_agg(v ORDER BY n DESC) FILTER (WHERE v ~* $1)
			FROM (SELECT btrim(%I) AS v, count(*) AS n FROM fields WHERE pg_temp.filled(%1$I) IS NOT NULL AND coalesce(amount, '''') !~ ''^\s*[-−(]'' AND coalesce(quantity, '''') !~ ''^\s*[-−(]'' GROUP BY 1 ORDER BY 2 DESC LIMIT 50) AS s', role)
			INTO states, bad USING CASE role WHEN 'status' THEN unlike ELSE unlike || '|' || back END;
		IF cardinality(bad) > 0 AND cardinality(states) < 50 THEN
			PERFORM pg_temp.stop(format('%s has lines with %s, which may be no orders', pg_temp.named(pg_temp.role(role)), (SELECT string_agg(pg_temp.shown(b), ', ') FROM unnest(bad[:5]) AS b)),
				VARIADIC array_remove(ARRAY[
				CASE WHEN cardinality(bad) < cardinality(states) THEN pg_temp.keep(pg_temp.column_word(pg_temp.role(role)) || '=' || (SELECT string_agg(s, ',') FROM unnest(states) AS s WHERE s <> ALL (bad))) || '   (counts these alone)' END,
				CASE WHEN (SELECT bool_or(b ~* back) FROM unnest(bad) AS b) THEN 'REFUNDS=' || pg_temp.quoted(pg_temp.column_word(pg_temp.role(role)) || '=' || (SELECT string_agg(b, ',') FROM unnest(bad) AS b WHERE b ~* back)) || '   (takes the money of these back)' END,
				pg_temp.keep('all') || '   (counts every line as it is)'], NULL));
		END IF;
	END LOOP;
END
$$;
