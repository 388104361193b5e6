-- orders.sql: the orders, looked at once more before anybody believes them.

-- One row for each line that counts, then for each order.
CREATE FUNCTION pg_temp.make_orders() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	money text := CASE WHEN pg_temp.role('price') IS NOT NULL THEN 'q.number * p.number' ELSE 'a.number' END;
BEGIN
	-- The product of nothing is nothing; a third of a cent is money all the same.
	EXECUTE format('CREATE TEMPORARY TABLE rows ON COMMIT DROP AS
		SELECT f.line, f.customer, f.order, f.channel, (d.day || c.clock)::%s AS at,
			CASE WHEN f.refund THEN -abs(m.money) WHEN %L THEN -m.money ELSE m.money END AS amount
		FROM fields AS f
		JOIN days AS d ON d.raw = f.day
		JOIN clocks AS c ON c.raw = f.clock
		LEFT JOIN figures AS a ON a.raw = f.amount AND a.role = ''amount''
		LEFT JOIN figures AS q ON q.raw = f.quantity AND q.role = ''quantity''
		LEFT JOIN figures AS p ON p.raw = f.price AND p.role = ''price''
		CROSS JOIN LATERAL (SELECT %s AS money) AS m
		WHERE f.customer IS NOT NULL', replace(pg_temp.fact('type'), 'date', 'timestamp::date'), pg_temp.setting('SIGN') IS NOT NULL, money);
	ANALYZE rows;
	PERFORM pg_temp.drop_totals();
	PERFORM pg_temp.check_rows();
	PERFORM pg_temp.add_up_lines();
	PERFORM pg_temp.step(pg_temp.many((SELECT count(*) FROM orders)) || ' orders');
END
$$;

-- A last line that is the sum of the others, whatever it has for a time.
CREATE FUNCTION pg_temp.drop_totals() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	last record;
BEGIN
	SELECT line, customer, amount INTO last FROM rows
	WHERE customer ~* '^(grand[ -]?|sous[ -]?|sub[ -]?)?(total|totaux|totals|totale|totaal|somme|summe|gesamt|suma|sum)( g[eé]n[eé]ral)?\s*:?$' AND amount IS NOT NULL
	ORDER BY line DESC LIMIT 1;
	IF NOT FOUND OR pg_temp.setting('CUSTOMER') IS NOT NULL THEN
		RETURN;
	ELSIF last.amount = (SELECT sum(amount) FROM rows WHERE line < last.line) THEN
		DELETE FROM rows WHERE line = last.line;
		PERFORM pg_temp.say(format('  line %s left out: %s is the sum of the lines above it', last.line, pg_temp.shown(last.customer)));
	ELSE
		PERFORM pg_temp.stop(format('line %s: is %s a customer? It is not the sum of the lines above it', last.line, pg_temp.shown(last.customer)),
			'CUSTOMER=' || pg_temp.typed(pg_temp.role('customer')) || '   (it is one)', 'DATA= with that line taken out');
	END IF;
END
$$;

-- A guess that makes nonsense.
CREATE FUNCTION pg_temp.check_rows() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	s record;
	gone bigint;
	customer_column int := pg_temp.role('customer');
	others text[] := pg_temp.choices('CUSTOMER', ARRAY(SELECT i FROM columns WHERE i NOT IN (SELECT i FROM roles WHERE role IN ('customer', 'time', 'amount')) AND filled > 0 AND times < filled ORDER BY i LIMIT 6));
BEGIN
	SELECT count(*) AS n, (SELECT count(*) FROM (SELECT DISTINCT customer FROM rows) AS c) AS customers, min(at)::date AS first, max(at)::date AS last,
		min(at)::date = max(at)::date AS one_day,
		count(*) FILTER (WHERE at < '1990-01-01') AS early, count(*) FILTER (WHERE at > CURRENT_DATE + 1) AS late,
		count(amount) AS amounts, count(*) FILTER (WHERE amount < 0) AS negative, max(abs(amount)) AS most INTO s FROM rows;
	IF s.n = 0 THEN
		PERFORM pg_temp.stop('no line has both a customer and a time', VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0)));
	END IF;
	gone := (SELECT count(*) FROM fields) - s.n;
	IF gone > 0.3 * (s.n + gone) AND pg_temp.setting('SKIP') IS NULL THEN
		PERFORM pg_temp.stop(format('%s of %s lines have no time', pg_temp.many(gone), pg_temp.many(s.n + gone)),
			VARIADIC ARRAY['SKIP=yes   (leaves them out)'] || pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0 AND i <> pg_temp.role('time'))));
	END IF;
	IF pg_temp.setting('AT') IS NULL AND s.early + s.late > 0.1 * s.n THEN
		PERFORM pg_temp.stop(format('%s of %s times are %s: is %s the time of the order?', pg_temp.many(s.early + s.late), pg_temp.many(s.n),
				CASE WHEN s.early > s.late THEN format('before 1990, %s the first', s.first) ELSE format('in the future, %s the last', s.last) END, pg_temp.named(pg_temp.role('time'))),
			VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0)));
	ELSIF s.n >= 10 AND s.one_day AND pg_temp.setting('AT') IS NULL THEN
		PERFORM pg_temp.stop(format('all orders are of %s: is %s the time of the order?', s.first, pg_temp.named(pg_temp.role('time'))),
			VARIADIC pg_temp.choices('AT', ARRAY(SELECT i FROM columns WHERE times > 0)));
	ELSIF pg_temp.setting('CUSTOMER') IS NULL AND s.n >= 10 AND s.customers = 1 THEN
		PERFORM pg_temp.stop(format('all orders are of %s: is %s the customer?', (SELECT pg_temp.shown(customer) FROM rows LIMIT 1), pg_temp.named(customer_column)), VARIADIC others);
	ELSIF pg_temp.setting('CUSTOMER') IS NULL AND s.n >= 10 AND s.customers > 0.98 * s.n THEN
		PERFORM pg_temp.stop(format('%s orders are of %s customers: nobody comes back. Is %s the customer?', pg_temp.many(s.n), pg_temp.many(s.customers), pg_temp.named(customer_column)),
			VARIADIC others || ARRAY['CUSTOMER=' || pg_temp.typed(customer_column) || '   (takes it as it is)']);
	ELSIF s.n >= 100 AND s.customers < 0.02 * s.n AND (SELECT how = 'by what is in it' FROM roles WHERE role = 'customer') THEN
		PERFORM pg_temp.stop(format('%s orders are of %s customers: is %s the customer?', pg_temp.many(s.n), pg_temp.many(s.customers), pg_temp.named(customer_column)),
			VARIADIC ARRAY['CUSTOMER=' || pg_temp.typed(customer_column) || '   (it is)'] || others);
	ELSIF s.negative > 0.5 * s.amounts AND s.amounts > 1 THEN
		PERFORM pg_temp.stop(format('%s of %s amounts are negative: a negative amount is money given back', pg_temp.many(s.negative), pg_temp.many(s.amounts)),
			'SIGN=flip   (if the file writes sales with a minus)', 'AMOUNT=...   (another column)');
	ELSIF s.most >= 9e12 THEN
		PERFORM pg_temp.stop(format('line %s: %s is no amount of an order', (SELECT line FROM rows WHERE abs(amount) = s.most LIMIT 1), s.most), 'AMOUNT=...   (another column)', 'AMOUNT=none');
	END IF;
END
$$;

-- Several lines of one order: do they add up to it, or does each repeat it?
CREATE FUNCTION pg_temp.find_lines() RETURNS text
LANGUAGE plpgsql
AS $$
DECLARE
	typed text := pg_temp.setting('LINES');
	line_words text := '^(line(amount|total)|lineitemtotal|extendedprice|montantligne|totalligne)$';
	s record;
BEGIN
	IF typed IS NOT NULL OR pg_temp.role('order') IS NULL THEN
		RETURN coalesce(typed, 'rows');
	END IF;
	IF (SELECT count(*) FROM (SELECT DISTINCT "order" FROM rows WHERE "order" IS NOT NULL) AS o) = (SELECT count("order") FROM rows) THEN
		RETURN 'rows';
	END IF;
	SELECT count(*) AS n, count(*) FILTER (WHERE smallest = largest AND amounts = lines) AS alike, count(*) FILTER (WHERE amounts > 1) AS several, max(lines) AS most INTO s
	FROM (SELECT count(*) AS lines, count(amount) AS amounts, min(amount) AS smallest, max(amount) AS largest FROM rows WHERE "order" IS NOT NULL GROUP BY customer, at::date, "order" HAVING count(*) > 1) AS o;
	IF s.n = 0 THEN
		RETURN 'rows';
	ELSIF s.alike = 0 OR pg_temp.role('price') IS NOT NULL OR s.several = 0
		OR EXISTS (SELECT FROM columns WHERE i = pg_temp.role('amount') AND word ~ line_words)
		OR s.alike < 0.3 * s.several
	THEN
		RETURN 'sum';
	END IF;
	PERFORM pg_temp.stop(format('%s orders have several lines, and in %s of them %s is the same in each: the amount of the line, or of the order, repeated?', pg_temp.many(s.n), pg_temp.many(s.alike), pg_temp.named(pg_temp.role('amount'))),
		'LINES=sum   (the lines add up to the order)', 'LINES=once   (each line has the amount of the whole order)', 'LINES=rows   (each line is an order)');
	RETURN NULL;
END
$$;

CREATE FUNCTION pg_temp.add_up_lines() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	how text := pg_temp.find_lines();
	before bigint := (SELECT count(*) FROM rows);
	differ record;
BEGIN
	IF how = 'once' THEN
		SELECT min(line) AS line, min("order") AS "order" INTO differ FROM rows WHERE amount IS NOT NULL
		GROUP BY customer, at::date, coalesce("order", CASE WHEN pg_temp.role('order') IS NOT NULL THEN 'line ' || line ELSE at::text END) HAVING min(amount) <> max(amount) ORDER BY 1 LIMIT 1;
		IF FOUND THEN
			PERFORM pg_temp.stop(format('line %s: the lines of order %s have different amounts, so they are not the order''s', differ.line, coalesce(pg_temp.shown(differ.order), 'of one time')), 'LINES=sum', 'LINES=rows');
		END IF;
	END IF;
	-- Lines of one day: a later one, money given back perhaps, has its own day.  A
	-- line without an order's number is one of its own, where others have one.
	EXECUTE CASE how WHEN 'rows' THEN 'CREATE TEMPORARY TABLE orders ON COMMIT DROP AS SELECT customer, at, amount, channel FROM rows ORDER BY at, line'
	ELSE format('CREATE TEMPORARY TABLE orders ON COMMIT DROP AS
		SELECT customer, min(at) AS at, %s AS amount, min(channel) AS channel
		FROM rows GROUP BY customer, at::date, %s ORDER BY min(at), min(line)',
		CASE how WHEN 'once' THEN 'min(amount)' ELSE 'sum(amount)' END,
		CASE WHEN pg_temp.role('order') IS NULL THEN 'at' ELSE '"order", CASE WHEN "order" IS NULL THEN line END' END) END;
	IF how <> 'rows' AND before > (SELECT count(*) FROM orders) THEN
		PERFORM pg_temp.learn('lines of orders', format('%s lines are %s orders (%s)', pg_temp.many(before), pg_temp.many((SELECT count(*) FROM orders)),
			CASE how WHEN 'once' THEN 'LINES=once: the amount once for each' ELSE 'their amounts added up; LINES=once or LINES=rows for what they are otherwise' END));
	END IF;
END
$$;

-- Into the schema; and what check_events says.
CREATE FUNCTION pg_temp.check_orders() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	s text := quote_ident(pg_temp.fact('schema'));
BEGIN
	IF pg_temp.role('channel') IS NOT NULL AND (SELECT count(DISTINCT channel) > 1000 FROM orders) THEN
		DELETE FROM roles WHERE role = 'channel';
		PERFORM pg_temp.say('  the column taken for a channel has more than 1,000 values, and is left out');
		UPDATE orders SET channel = NULL;
	END IF;
	EXECUTE format('CREATE SCHEMA %s', s);
	EXECUTE format('CREATE TABLE %s.orders AS SELECT customer AS customer_id, at AS ordered_at, amount, pg_temp.filled(channel) AS channel FROM orders', s);
	EXECUTE format('COMMENT ON TABLE %s.orders IS %L', s, 'orders loaded from a file');
	EXECUTE format('CREATE TABLE %s.findings AS SELECT f.* FROM findings((SELECT check_events(customer_id, ordered_at, amount, (SELECT max(ordered_at)::date + 1 FROM %1$s.orders)) FROM %1$s.orders)) AS f', s);
	EXECUTE format('ANALYZE %s.orders', s);
	PERFORM pg_temp.step('looked at');
END
$$;

-- How the values were read, behind the name of the column.
CREATE FUNCTION pg_temp.reading(wanted text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT CASE wanted
		WHEN 'time' THEN concat(', ' || pg_temp.order_name(pg_temp.fact('dates')), CASE WHEN pg_temp.fact('type') = 'timestamptz' THEN format(', days of %s (ZONE= another)', current_setting('timezone')) END,
			CASE WHEN EXISTS (SELECT FROM days WHERE kind = 'serial') THEN ', day numbers of a spreadsheet' WHEN EXISTS (SELECT FROM days WHERE kind LIKE '%seconds') THEN ', seconds since 1970' WHEN EXISTS (SELECT FROM days WHERE kind = 'month') THEN ', months: the first of each' END)
		WHEN 'amount' THEN CASE WHEN EXISTS (SELECT FROM figures WHERE role = 'amount' AND digits ~ '[.,]') THEN CASE WHEN EXISTS (SELECT FROM figures WHERE marks = 'comma') OR pg_temp.setting('DECIMAL') = 'comma' THEN ', decimal comma' ELSE ', decimal dot' END ELSE '' END
		ELSE '' END
$$;

CREATE FUNCTION pg_temp.tell() RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
	w record;
	s record;
	gone record;
	f record;
BEGIN
	FOR w IN SELECT * FROM (VALUES (1, 'customer', 'CUSTOMER'), (2, 'time', 'AT'), (3, 'clock', ''), (4, 'amount', 'AMOUNT'), (5, 'quantity', 'QUANTITY'), (6, 'price', 'PRICE'), (7, 'order', 'ORDER'), (8, 'channel', 'CHANNEL')) AS v (n, role, option) LEFT JOIN roles USING (role) ORDER BY n LOOP
		IF w.i IS NOT NULL THEN
			PERFORM pg_temp.say(format('  %s %s (%s)%s', rpad(w.role, 9), pg_temp.named(w.i), w.how, pg_temp.reading(w.role)));
		ELSIF w.role = 'amount' THEN
			PERFORM pg_temp.say(format('  amount    %s', CASE WHEN pg_temp.role('price') IS NOT NULL THEN 'quantity x price' ELSE 'none ' || coalesce(pg_temp.fact('no amount'), '') END));
		END IF;
	END LOOP;
	PERFORM pg_temp.say('  not used  ' || string_agg(pg_temp.named(i), ', ' ORDER BY i)) FROM columns WHERE i NOT IN (SELECT i FROM roles) HAVING count(*) > 0;
	PERFORM pg_temp.say(format('  note: %s is not taken off; where it is money given back, AMOUNT= must name what was kept', pg_temp.named(i)))
		FROM columns WHERE i NOT IN (SELECT i FROM roles) AND word ~ 'refund|rembours' AND numbers > 0 AND example ~ '[1-9]';
	PERFORM pg_temp.say('  ' || n.value) FROM facts AS n WHERE n.name = 'lines of orders';
	SELECT count(*) AS n, (array_agg(pg_temp.shown(array_to_string(c, ' ')) ORDER BY line))[1] AS first, min(line) AS line INTO gone
	FROM cells WHERE (SELECT count(*) FROM input) > (SELECT count(*) FROM rows) AND line NOT IN (SELECT line FROM rows);
	IF gone.n > 0 THEN
		PERFORM pg_temp.say(format('  left out  %s lines in all without a customer, or a time or an amount that can be read, line %s the first: %s', pg_temp.many(gone.n), gone.line, gone.first));
	END IF;
	SELECT count(*) AS n, (SELECT count(*) FROM (SELECT DISTINCT customer FROM orders) AS c) AS customers, min(at)::date AS first, max(at)::date AS last, count(*) - count(amount) AS without, sum(amount) AS total INTO s FROM orders;
	PERFORM pg_temp.say(format('%s orders of %s customers, %s to %s%s', pg_temp.many(s.n), pg_temp.many(s.customers), s.first, s.last, ', ' || to_char(s.total, 'FM999,999,999,999,990.00') || ' in all'));
	IF s.without > 0 AND s.without < s.n THEN
		PERFORM pg_temp.say(format('  %s of them have no amount: they count as orders that are worth nothing', pg_temp.many(s.without)));
	END IF;
	FOR f IN EXECUTE format('SELECT * FROM %I.findings', pg_temp.fact('schema')) LOOP
		PERFORM pg_temp.say(format('  %s: %s, %s rows of %s; for example %s%s', f.severity, f.finding, pg_temp.many(f.rows), pg_temp.many(f.among), f.example, pg_temp.advice(f.finding)));
	END LOOP;
	SELECT customer, count(*) AS n INTO f FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 1;
	IF f.n > 0.2 * s.n AND s.customers >= 50 THEN
		PERFORM pg_temp.say(format('  look: %s has %s of the orders: is that one customer, or all who gave no name?', pg_temp.shown(f.customer), pg_temp.many(f.n)));
	END IF;
END
$$;

-- What to type about a finding.
CREATE FUNCTION pg_temp.advice(finding text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT coalesce(E'\n    ' || CASE finding
		WHEN 'several rows at once' THEN 'if these are lines of one order: ORDER= names the column of its number, LINES=sum adds up what a customer has at one time'
		WHEN 'repeated rows' THEN 'if the file holds them twice: sort -u before, or LINES=once, which takes what a customer has at one time once'
		WHEN 'one id, two spellings' THEN 'CUSTOMER= names a column that is spelled in one way; small and large letters differ'
		WHEN 'amounts in cents' THEN 'if they are cents, the money on the page is a hundred times too much'
		WHEN 'a customer a row' THEN 'CUSTOMER= names another column' END, '')
$$;
