-- roles.sql: which column is what: as typed, else by its name, else by what is in
-- it where only one can be.

CREATE TEMPORARY TABLE roles (role text PRIMARY KEY, i int NOT NULL, how text NOT NULL) ON COMMIT DROP;

CREATE FUNCTION pg_temp.role(wanted text) RETURNS int
LANGUAGE sql STABLE
AS $$ SELECT i FROM roles WHERE role = wanted $$;

-- A column as a person knows it.
CREATE FUNCTION pg_temp.named(column_i int) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT CASE WHEN name IS NULL THEN format('column %s (%s)', i, coalesce(pg_temp.shown(example), 'empty')) ELSE pg_temp.shown(name) END
	FROM columns WHERE i = column_i
$$;

-- What to call it: by name, where no other column has the same.
CREATE FUNCTION pg_temp.column_word(column_i int) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT CASE WHEN name IS NULL OR name ~ '^\d+$' OR name ~ '[=,;]' OR (SELECT count(*) FROM columns AS o WHERE o.word = c.word) > 1
		THEN i::text ELSE name END
	FROM columns AS c WHERE i = column_i
$$;

CREATE FUNCTION pg_temp.typed(column_i int) RETURNS text
LANGUAGE sql STABLE
AS $$ SELECT pg_temp.quoted(pg_temp.column_word(column_i)) $$;

-- The column somebody typed: a name as it is written, or nearly so, or a number.
CREATE FUNCTION pg_temp.column_typed(option text, wanted text) RETURNS int
LANGUAGE plpgsql
AS $$
DECLARE
	found int[] := ARRAY(SELECT i FROM columns WHERE name = wanted);
BEGIN
	IF cardinality(found) = 0 THEN
		found := ARRAY(SELECT i FROM columns WHERE lower(name) = lower(wanted) OR word = pg_temp.word(wanted) AND word <> '');
	END IF;
	IF cardinality(found) = 0 AND wanted ~ '^\d{1,4}$' THEN
		found := ARRAY(SELECT i FROM columns WHERE i = wanted::int);
	END IF;
	IF cardinality(found) = 0 THEN
		PERFORM pg_temp.stop(format('%s=%s is none of the columns', option, wanted),
			VARIADIC ARRAY(SELECT format('%s=%s', option, pg_temp.typed(i)) FROM columns WHERE option <> 'AT' OR times > 0 OR serials > 0 ORDER BY i LIMIT 40));
	ELSIF cardinality(found) > 1 THEN
		PERFORM pg_temp.stop(format('%s=%s: %s columns have that name', option, wanted, cardinality(found)), VARIADIC ARRAY(SELECT format('%s=%s', option, i) FROM unnest(found) AS i));
	END IF;
	RETURN found[1];
END
$$;

-- Columns whose name has the role and whose values can have it, the best first.
CREATE FUNCTION pg_temp.columns_for(wanted text) RETURNS int[]
LANGUAGE sql STABLE
AS $$
	SELECT coalesce(array_agg(i ORDER BY place, i), '{}')
	FROM columns JOIN words USING (word), (SELECT max(filled) AS most FROM columns) AS m
	WHERE role = wanted AND filled > 0 AND CASE
		WHEN wanted = 'time' THEN times + serials >= 0.5 * filled AND filled >= 0.3 * most
		WHEN wanted IN ('amount', 'quantity', 'price') THEN numbers >= 0.8 * filled AND times < 0.5 * filled
		WHEN wanted = 'clock' THEN times = 0 AND example ~ '^\d{1,2}[:h.]\d{2}'
		ELSE times < 0.5 * filled END
$$;

CREATE FUNCTION pg_temp.take(wanted text, column_i int, why text) RETURNS void
LANGUAGE sql
AS $$ INSERT INTO roles VALUES (wanted, column_i, why) $$;

-- As typed, else by name.
CREATE FUNCTION pg_temp.take_by_name(wanted text, option text) RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	typed text := pg_temp.setting(option);
	found int[];
	twice int[];
BEGIN
	IF typed = 'none' THEN
		RETURN;
	ELSIF typed IS NOT NULL THEN
		PERFORM pg_temp.take(wanted, pg_temp.column_typed(option, typed), 'as typed');
		RETURN;
	END IF;
	found := pg_temp.columns_for(wanted);
	found := ARRAY(SELECT f FROM unnest(found) WITH ORDINALITY AS u (f, o) WHERE f NOT IN (SELECT i FROM roles) ORDER BY o);
	IF cardinality(found) = 0 THEN
		RETURN;
	END IF;
	twice := ARRAY(SELECT i FROM columns WHERE i = ANY (found) AND word = (SELECT word FROM columns WHERE i = found[1]));
	IF cardinality(twice) > 1 AND option <> '' THEN
		PERFORM pg_temp.stop(format('%s columns are called %s', cardinality(twice), pg_temp.named(twice[1])),
			VARIADIC ARRAY(SELECT format('%s=%s   (%s)', option, i, pg_temp.shown(example)) FROM columns WHERE i = ANY (twice) ORDER BY i));
	END IF;
	PERFORM pg_temp.take(wanted, found[1], 'by its name'
		|| CASE WHEN cardinality(found) > 1 AND option <> '' THEN format('; %s= takes another: %s', option, (SELECT string_agg(pg_temp.named(f), ', ' ORDER BY o) FROM unnest(found[2:]) WITH ORDINALITY AS u (f, o))) ELSE '' END);
END
$$;

-- A column that nobody has a name for.
CREATE FUNCTION pg_temp.unknown(column_i int) RETURNS boolean
LANGUAGE sql STABLE
AS $$
	SELECT NOT EXISTS (SELECT FROM words JOIN columns USING (word) WHERE i = column_i AND role NOT IN ('perhaps customer'))
		AND column_i NOT IN (SELECT i FROM roles)
$$;

CREATE FUNCTION pg_temp.choices(option text, candidates int[]) RETURNS text[]
LANGUAGE sql STABLE
AS $$ SELECT coalesce(array_agg(format('%s=%s   (%s)', option, pg_temp.typed(i), coalesce(pg_temp.shown(example), 'empty')) ORDER BY i), ARRAY[option || '=...   (the name or the number of the column)'])
	FROM columns WHERE i = ANY (candidates) $$;

CREATE FUNCTION pg_temp.find_time() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	named int[];
	found int[] := ARRAY(SELECT i FROM columns, (SELECT max(filled) AS most FROM columns) AS m
		WHERE pg_temp.unknown(i) AND filled > 0 AND times >= 0.9 * filled AND filled >= 0.5 * most ORDER BY i);
BEGIN
	PERFORM pg_temp.take_by_name('time', 'AT');
	IF pg_temp.role('time') IS NOT NULL THEN
		RETURN;
	ELSIF EXISTS (SELECT FROM columns JOIN words USING (word) WHERE role = 'start' AND times > 0) AND EXISTS (SELECT FROM columns JOIN words USING (word) WHERE role = 'end') THEN
		PERFORM pg_temp.stop('the lines have a start and an end: subscriptions, and the loader takes orders',
			VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns JOIN words USING (word) WHERE role = 'start')) || ARRAY['to take each start as an order; for subscriptions see "What moved our recurring revenue?" in doc/questions.md']);
	ELSIF cardinality(found) = 1 THEN
		PERFORM pg_temp.take('time', found[1], 'by what is in it');
		RETURN;
	ELSIF cardinality(found) > 1 THEN
		PERFORM pg_temp.stop(format('%s columns hold times, and none is called as the time of an order', cardinality(found)), VARIADIC pg_temp.choices('AT', found));
	END IF;
	named := ARRAY(SELECT i FROM columns JOIN words USING (word) WHERE role = 'time' ORDER BY place);
	IF cardinality(named) > 0 THEN
		PERFORM pg_temp.stop(format('column %s holds no times: %s', pg_temp.named(named[1]), (SELECT coalesce(pg_temp.shown(example), 'nothing') FROM columns WHERE i = named[1])),
			VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0)));
	END IF;
	PERFORM pg_temp.stop('no column holds times', VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0)) || ARRAY['each line needs the time of the order, best as 2024-04-03 or 2024-04-03 14:30']);
END
$$;

-- quantity x price only where there is no amount.
CREATE FUNCTION pg_temp.find_amount() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	found int[];
BEGIN
	PERFORM pg_temp.take_by_name('amount', 'AMOUNT');
	IF pg_temp.setting('AMOUNT') IS NULL AND (pg_temp.role('amount') IS NULL OR pg_temp.setting('QUANTITY') IS NOT NULL OR pg_temp.setting('PRICE') IS NOT NULL) THEN
		PERFORM pg_temp.take_by_name('quantity', 'QUANTITY');
		PERFORM pg_temp.take_by_name('price', 'PRICE');
		IF pg_temp.role('price') IS NOT NULL AND pg_temp.role('quantity') IS NOT NULL THEN
			DELETE FROM roles WHERE role = 'amount';
			RETURN;
		ELSIF pg_temp.role('price') IS NOT NULL AND pg_temp.role('amount') IS NULL THEN
			UPDATE roles SET role = 'amount' WHERE role = 'price';
		END IF;
		DELETE FROM roles WHERE role IN ('quantity', 'price');
	END IF;
	IF pg_temp.role('amount') IS NOT NULL OR pg_temp.setting('AMOUNT') = 'none' THEN
		RETURN;
	END IF;
	found := ARRAY(SELECT i FROM columns JOIN words USING (word) WHERE role = 'amount' AND filled > 0 AND times = 0 ORDER BY place);
	IF cardinality(found) > 0 THEN
		PERFORM pg_temp.stop(format('column %s holds no numbers: %s', pg_temp.named(found[1]), (SELECT pg_temp.shown(example) FROM columns WHERE i = found[1])),
			VARIADIC pg_temp.choices('AMOUNT', ARRAY(SELECT i FROM columns WHERE numbers > 0 AND times = 0)) || ARRAY['AMOUNT=none   (who comes back, and when, without the money)']);
	END IF;
	found := ARRAY(SELECT i FROM columns, (SELECT max(filled) AS most FROM columns) AS m
		WHERE pg_temp.unknown(i) AND filled >= 0.5 * most AND numbers >= 0.95 * filled AND times < 0.5 * filled AND decimals >= 0.2 * filled);
	IF cardinality(found) = 1 THEN
		PERFORM pg_temp.take('amount', found[1], 'by what is in it; AMOUNT=none takes none');
	ELSIF cardinality(found) > 1 THEN
		PERFORM pg_temp.stop('which column is the amount?', VARIADIC pg_temp.choices('AMOUNT', found) || ARRAY['AMOUNT=none']);
	END IF;
END
$$;

-- How many values a column has, over all rows.
CREATE FUNCTION pg_temp.values_of(column_i int) RETURNS bigint
LANGUAGE plpgsql
AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(DISTINCT btrim(c%s)) FROM input', column_i) INTO n;
	RETURN n;
END
$$;

CREATE FUNCTION pg_temp.find_customer() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	found int[];
	likely int[];
	n bigint := (SELECT count(*) FROM input);
BEGIN
	PERFORM pg_temp.take_by_name('customer', 'CUSTOMER');
	IF pg_temp.role('customer') IS NULL THEN
		found := ARRAY(SELECT i FROM columns, (SELECT max(filled) AS most FROM columns) AS m
			WHERE pg_temp.unknown(i) AND filled >= 0.5 * most AND times < 0.5 * filled AND decimals < 0.2 * filled ORDER BY i);
		-- The only one there is; of several, id or name where it is not another in each row.
		IF cardinality(found) > 1 THEN
			found := ARRAY(SELECT i FROM unnest(found) AS i WHERE pg_temp.values_of(i) > 1);
		END IF;
		IF cardinality(found) > 1 THEN
			likely := ARRAY(SELECT i FROM unnest(found) AS i JOIN columns USING (i) JOIN words USING (word) WHERE role = 'perhaps customer' AND pg_temp.values_of(i) < n ORDER BY place LIMIT 1);
			INSERT INTO roles SELECT 'customer', i, 'by its name; CUSTOMER= takes another' FROM unnest(likely) AS i;
		ELSE
			likely := found;
		END IF;
	END IF;
	IF pg_temp.role('customer') IS NOT NULL THEN
		RETURN;
	ELSIF cardinality(likely) = 1 THEN
		PERFORM pg_temp.take('customer', likely[1], 'by what is in it');
	ELSIF cardinality(found) = 0 THEN
		PERFORM pg_temp.stop('no column says whose order it is', VARIADIC pg_temp.choices('CUSTOMER', ARRAY(SELECT i FROM columns WHERE i NOT IN (SELECT i FROM roles))));
	ELSE
		PERFORM pg_temp.stop('which column is the customer?', VARIADIC pg_temp.choices('CUSTOMER', found));
	END IF;
END
$$;

-- Without names whole numbers may be anything.
CREATE FUNCTION pg_temp.ask_for_amount() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	found int[];
BEGIN
	IF pg_temp.role('amount') IS NOT NULL OR pg_temp.role('price') IS NOT NULL OR pg_temp.setting('AMOUNT') = 'none' THEN
		RETURN;
	END IF;
	found := ARRAY(SELECT i FROM columns WHERE pg_temp.unknown(i) AND filled > 0 AND numbers >= 0.95 * filled AND times < 0.5 * filled);
	IF cardinality(found) > 0 AND (SELECT bool_and(name IS NULL) FROM columns) THEN
		PERFORM pg_temp.stop('is there an amount among the columns?', VARIADIC pg_temp.choices('AMOUNT', found) || ARRAY['AMOUNT=none']);
	ELSIF cardinality(found) > 0 THEN
		PERFORM pg_temp.learn('no amount', 'AMOUNT= names one: ' || (SELECT string_agg(pg_temp.named(i), ', ') FROM unnest(found) AS i));
	END IF;
END
$$;

CREATE FUNCTION pg_temp.find_roles() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	r text;
BEGIN
	-- What is typed is not up for others.
	IF pg_temp.setting('CUSTOMER') IS NOT NULL THEN
		PERFORM pg_temp.find_customer();
	END IF;
	PERFORM pg_temp.find_time();
	PERFORM pg_temp.find_amount();
	PERFORM pg_temp.take_by_name('order', 'ORDER');
	-- A shop calls the number of an order its name: #1001.
	IF pg_temp.role('order') IS NULL AND pg_temp.setting('ORDER') IS NULL THEN
		INSERT INTO roles SELECT 'order', min(i), 'by what is in it' FROM columns WHERE word = 'name' AND example ~ '^#\d+$' HAVING count(*) = 1;
	END IF;
	PERFORM pg_temp.take_by_name('channel', 'CHANNEL');
	FOREACH r IN ARRAY '{currency,status,type}'::text[] LOOP
		PERFORM pg_temp.take_by_name(r, '');
	END LOOP;
	IF pg_temp.setting('CUSTOMER') IS NULL THEN
		PERFORM pg_temp.find_customer();
	END IF;
	PERFORM pg_temp.ask_for_amount();
	IF EXISTS (SELECT FROM columns WHERE i = pg_temp.role('time') AND example !~ '\d:\d\d') THEN
		PERFORM pg_temp.take_by_name('clock', '');
	END IF;
	SELECT string_agg(role, ' and ') INTO r FROM roles WHERE role IN ('customer', 'time', 'amount', 'quantity', 'price') GROUP BY i HAVING count(*) > 1;
	IF FOUND THEN
		PERFORM pg_temp.stop(format('%s are one column', r), VARIADIC pg_temp.choices('CUSTOMER', ARRAY(SELECT i FROM columns WHERE times < filled)));
	END IF;
END
$$;
