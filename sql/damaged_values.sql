-- What a value of each type may not be, rule by rule: a text or binary form
-- with one thing wrong, beside the sentence that says so.  Every table below is
-- the list of rules; a row shows only where something else came out.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- What a text is refused with; the text itself where it is taken.
CREATE FUNCTION pg_temp.refused(type regtype, value text, OUT code text, OUT detail text)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT %L::%s::text', value, type) INTO detail;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;

-- The same of bytes: COPY calls the receive function, and reads a file.
CREATE FUNCTION pg_temp.refused(type regtype, value bytea, OUT code text, OUT detail text)
LANGUAGE plpgsql AS $$
DECLARE
	file text := current_setting('data_directory') || '/damaged_values.tmp';
	object oid := lo_from_bytea(0, '\x5047434f50590aff0d0a00'::bytea || int4send(0) || int4send(0) ||
		int2send(1::int2) || int4send(length(value)) || value || int2send(-1::int2));
BEGIN
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	EXECUTE format('CREATE TEMP TABLE one (value %s) ON COMMIT DROP', type);
	EXECUTE format('COPY one FROM %L (FORMAT binary)', file);
	SELECT one.value INTO detail FROM one;
	DROP TABLE one;
	code := '00000';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END $$;

-- cohort_matrix.  A good one, with one thing changed.
CREATE TEMP TABLE good (name text, t text);
INSERT INTO good VALUES
('orders', '{"grain": "month", "zone": "", "last": "2024-03-01", "money": true, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "2024-01-01", "size": 3, "age": [0,1,2], "active": [3,2,1], "last_active": [1,1,1], "streak_end": [1,1,1], "orders": [4,2,1], "revenue": [9.5,5,2]}]}'),
('levels', '{"grain": "month", "zone": "", "last": "2024-01-01", "money": true, "started": false, "recurring": false, "levels": true, "cohorts": [{"cohort": "2024-01-01", "size": 2, "age": [0,1,2], "active_change": [2,-1,-1], "last_active": [1,1,0], "streak_end": [1,1,0], "revenue_change": [20,-10,-10], "kept_change": [20,-10,-10], "base_change": [20,0,0]}]}'),
('days', '{"grain": "day", "zone": "", "last": "5874897-12-31", "money": false, "started": false, "recurring": false, "levels": false, "cohorts": [{"cohort": "5874897-12-31", "size": 1, "age": [0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]}]}');
SELECT name, (r).* FROM (SELECT name, t, pg_temp.refused('cohort_matrix', t) r FROM good) x
WHERE (r).code <> '00000' OR (r).detail <> t;
SELECT name, old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('cohort_matrix', replace(t, old, new)) r FROM good JOIN (VALUES
	('orders', '[3,2,1]', '[3,-2,1]', '"active" has an element that is not a count.'),
	('orders', '[4,2,1]', '[4,2,-1]', '"orders" has an element that is not a count.'),
	('orders', '"last_active": [1,1,1]', '"last_active": [1,-1,3]', '"last_active" has an element that is not a count.'),
	('orders', '"streak_end": [1,1,1]', '"streak_end": [3,1,-1]', '"streak_end" has an element that is not a count.'),
	('levels', '[2,-1,-1]', '[2,-1.5,-1]', '"active_change" has an element that is not a count.'),
	('levels', '[20,-10,-10]', '[20,1e1,-10]', '"revenue_change" has an element that is not an amount.'),
	('levels', '"revenue_change": [20,-10,-10], "kept_change": [20,-10,-10], "base_change": [20,0,0]', '"revenue_change": [20,-10,-10], "kept_change": [20,-10,-10], "base_change": [20,0,0], "revenue": [20,-10,-10]', 'The key "revenue" is there twice.'),
	('levels', '"active_change": [2,-1,-1]', '"active": [2,0,0]', 'A cohort has a key that goes with events, not with levels.'),
	('levels', '"last_active": [1,1,0]', '"last_active": [1,-1,2]', '"last_active" has an element that is not a count.'),
	('levels', '"streak_end": [1,1,0]', '"streak_end": [1,2,-1]', '"streak_end" has an element that is not a count.'),
	('levels', '[0,1,2], "active_change": [2,-1,-1], "last_active": [1,1,0], "streak_end": [1,1,0], "revenue_change": [20,-10,-10], "kept_change": [20,-10,-10], "base_change": [20,0,0]',
		'[0,1,2,3], "active_change": [2,-1,-1,0], "last_active": [1,1,0,0], "streak_end": [1,1,0,0], "revenue_change": [20,-10,-10,0], "kept_change": [20,-10,-10,0], "base_change": [20,0,0,0]',
		'Cohort 2024-01-01, age 3: there is nothing in it.'),
	('levels', '[0,1,2], "active_change": [2,-1,-1], "last_active": [1,1,0], "streak_end": [1,1,0]',
		'[0,2,3], "active_change": [2,-1,-1], "last_active": [1,1,0], "streak_end": [1,1,0]',
		'Cohort 2024-01-01, age 2: a streak spans an idle age, or ends before one that is not.'),
	('days', '[0], "active": [1], "last_active": [1], "streak_end": [1], "orders": [1]',
		'[0,2000000000], "active": [1,1], "last_active": [0,1], "streak_end": [1,0], "orders": [1,1]',
		'Cohort 5874897-12-31, age 2000000000: it lies past the last date.')
	) v(name, old, new, expected) USING (name)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P02', expected);


-- Bytes, written by hand: how wire.h has integers, signed ones and names.
CREATE FUNCTION pg_temp.v(n numeric) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	bytes bytea := '';
BEGIN
	WHILE n >= 128 LOOP
		bytes := bytes || set_byte('\x00', 0, 128 + (n % 128)::int);
		n := div(n, 128);
	END LOOP;
	RETURN bytes || set_byte('\x00', 0, n::int);
END $$;
CREATE FUNCTION pg_temp.z(n numeric) RETURNS bytea LANGUAGE sql AS $$
	SELECT pg_temp.v(CASE WHEN n < 0 THEN -2 * n - 1 ELSE 2 * n END)
$$;
CREATE FUNCTION pg_temp.name(n bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT pg_temp.v(length(n)) || n
$$;

-- cohort_matrix: version, flags, grain, zone, last; the number of cohorts, and for
-- each its period, later the distance to it, its size and number of cells; of a
-- cell the distance of its age, active, last_active, streak_end, orders.
CREATE FUNCTION pg_temp.matrix(version int DEFAULT 2, flags int DEFAULT 0,
	grain bytea DEFAULT 'month', last numeric DEFAULT 290, money bytea DEFAULT '',
	cohort numeric DEFAULT 288, age numeric DEFAULT 0, next_age numeric DEFAULT 1,
	next_cohort numeric DEFAULT 1) RETURNS bytea LANGUAGE sql AS $$
	SELECT set_byte('\x00', 0, version) || set_byte('\x00', 0, flags) || pg_temp.name(grain) ||
		pg_temp.name('') || pg_temp.z(last) || pg_temp.v(2) ||
		pg_temp.z(cohort) || pg_temp.v(1) || pg_temp.v(2) ||
		pg_temp.v(age) || '\x01000001' || money || pg_temp.v(next_age) || '\x01010101' || money ||
		pg_temp.v(next_cohort) || pg_temp.v(1) || pg_temp.v(1) || '\x0001010101' || money
$$;
SELECT name, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('cohort_matrix', bytes) r FROM (VALUES
	('version', pg_temp.matrix(version => 9), 'The version is unknown.'),
	('flags', pg_temp.matrix(flags => 128), 'It has unknown flags.'),
	('grain', pg_temp.matrix(grain => '1 months'), 'The grain is not in its canonical form.'),
	('last', pg_temp.matrix(last => 2147483648), 'A period is out of range.'),
	('first cohort', pg_temp.matrix(cohort => -2147483649), 'A period is out of range.'),
	('next cohort', pg_temp.matrix(next_cohort => 4294967295), 'A period is out of range.'),
	('past every cohort', pg_temp.matrix(next_cohort => 4294967296), 'A period is out of range.'),
	('age', pg_temp.matrix(age => 2147483648), 'An age is too large.'),
	('next age', pg_temp.matrix(age => 2147483647), 'An age is too large.'),
	('no date', pg_temp.matrix(grain => 'year', last => 2000000000), 'A period reaches past the dates PostgreSQL has.'),
	('no date in the next cohort of levels', '\x0208'::bytea || pg_temp.name('month') || pg_temp.name('') || pg_temp.z(289) || pg_temp.v(2) ||
		pg_temp.z(288) || '\x010100020000' || pg_temp.v(2000000000) || '\x010100020000', 'A period reaches past the dates PostgreSQL has.'),
	('no date to begin with', pg_temp.matrix(grain => 'year', cohort => -2000000000), 'A period reaches past the dates PostgreSQL has.'),
	('18 bytes of revenue and a 19th', pg_temp.matrix(flags => 1, money => decode(repeat('ff', 18) || '04', 'hex')), 'An integer is too large.')
	) v(name, bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);
-- and the one that the others are changes of is good
SELECT (r).* FROM (SELECT pg_temp.refused('cohort_matrix', pg_temp.matrix()) r) x;

-- customer_movements
TRUNCATE good;
INSERT INTO good VALUES
('counts', '{"grain": "month", "zone": "", "last": "2024-01-01", "money": false, "levels": false, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [1,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,1], "orders": [1,0], "first_customers": [1,0]}'),
('money', '{"grain": "month", "zone": "", "last": "2024-01-01", "money": true, "levels": false, "lag": 1, "period": ["2024-01-01","2024-02-01"], "new_customers": [1,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,1], "orders": [1,0], "first_customers": [1,0], "new_revenue": [5,0], "reactivated_revenue": [0,0], "expansion_revenue": [0,0], "contraction_revenue": [0,0], "churned_revenue": [0,-5], "positive_change": [5,-5], "kept_change": [0,-5], "lost_change": [0,-5]}'),
('levels', '{"grain": "month", "zone": "", "last": "2024-01-01", "money": true, "levels": true, "lag": 1, "period": ["2024-01-01","2024-03-01"], "new_customers": [1,0], "reactivated_customers": [0,0], "expanded_customers": [0,0], "contracted_customers": [0,0], "churned_customers": [0,1], "first_customers": [1,0], "new_revenue": [5,0], "reactivated_revenue": [0,0], "expansion_revenue": [0,0], "contraction_revenue": [0,0], "churned_revenue": [0,-5], "positive_change": [5,-5], "kept_change": [0,-5], "lost_change": [0,-5]}');
SELECT name, (r).* FROM (SELECT name, t, pg_temp.refused('customer_movements', t) r FROM good) x
WHERE (r).code <> '00000' OR (r).detail <> t;
SELECT name, old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('customer_movements', regexp_replace(t, old, new)) r FROM good JOIN (VALUES
	('counts', '"month"', '"month since start"', 'Movements go with a plain calendar grain only.'),
	('counts', '"new_customers": .1,0.', '"new_customers": [-1,0]', '"new_customers" has an element that is not a count.'),
	('counts', '"orders": .1,0.', '"orders": [1,-1]', '"orders" has an element that is not a count.'),
	('counts', '"churned_customers": .0,1.', '"churned_customers": [9223372036854775807,1]',
		'Period 2024-01-01: the counts add up to more than 64 bits hold.'),
	('counts', '"expanded_customers": .0,0.', '"expanded_customers": [1,0]',
		'Period 2024-01-01: there are customers who expand or contract without amounts.'),
	('counts', '"contracted_customers": .0,0.', '"contracted_customers": [0,1]',
		'Period 2024-02-01: there are customers who expand or contract without amounts.'),
	('counts', '"2024-02-01"', '"2024-03-01"', 'Period 2024-03-01: it lies past the end of the data.'),
	('counts', '"last": "2024-01-01"(.*)"2024-02-01"', '"last": "2024-03-01"\1"2024-03-01"',
		'Period 2024-03-01: customers of events stay without an order.'),
	('counts', '"churned_customers": .0,1.*', '"churned_customers": [0,0], "orders": [1,1], "first_customers": [1,0]}',
		'Period 2024-02-01: customers of events stay without an order.'),
	('counts', '"churned_customers": .0,1.', '"churned_customers": [0,2]', 'Period 2024-02-01: more customers churn than there are.'),
	('counts', '"reactivated_customers": .0,0.', '"reactivated_customers": [0,1]',
		'Period 2024-02-01: more customers come back than have gone.'),
	('counts', '"orders": .1,0.', '"orders": [0,0]', 'Period 2024-01-01: the orders do not agree with the active customers.'),
	('counts', '"last": "2024-01-01"', '"last": "2023-12-01"', 'The data end before the first period.'),
	('counts', '"lag": 1', '"lag": 0', 'The lag is not from 1 to 10000 periods.'),
	('counts', '"lag": 1', '"lag": 10001', 'The lag is not from 1 to 10000 periods.'),
	('counts', '"lag": 1', '"lag": -1', 'The value of "lag" is not a count.'),
	('counts', '"lag": 1', '"lag": 2', 'Period 2024-02-01: more customers churn than there are.'),
	('counts', '"first_customers": .1,0.', '"first_customers": [0,0]', 'Period 2024-01-01: the first customers do not agree with the new ones.'),
	('counts', '"first_customers": .1,0.', '"first_customers": [2,0]', 'Period 2024-01-01: the first customers do not agree with the new ones.'),
	('money', '"kept_change": .0,-5.', '"kept_change": [0,-6]', 'Period 2024-02-01: more is lost than there are losses.'),
	('money', '"expansion_revenue": .0,0.', '"expansion_revenue": [-1,0]', 'Period 2024-01-01: a gain is negative, or a loss is positive.'),
	('money', '"contraction_revenue": .0,0.', '"contraction_revenue": [0,1]', 'Period 2024-02-01: a gain is negative, or a loss is positive.'),
	('money', '"new_revenue": .5,', '"new_revenue": [100000000000000000000000000000000,', 'Period 2024-01-01: money is out of range.'),
	('money', '"expanded_customers": .0,0.', '"expanded_customers": [1,0]',
		'Period 2024-01-01: more customers expand or contract than are retained.'),
	('levels', '"positive_change": .5,-5.', '"positive_change": [4,-4]',
		'Period 2024-01-01: the customers above zero do not agree with the closing.')

	) v(name, old, new, expected) USING (name)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P02', expected);
SELECT (r).* FROM (SELECT pg_temp.refused('customer_movements',
	replace(regexp_replace(t, '(\d)\]', '\1,0]', 'g'), '"2024-03-01"]', '"2024-03-01","2024-04-01"]')) r FROM good WHERE name = 'levels') x;

-- its bytes: a row has the distance of its period, seven counts and eight sums
CREATE FUNCTION pg_temp.movements(version int DEFAULT 2, flags int DEFAULT 3,
	grain bytea DEFAULT 'month', last numeric DEFAULT 288, period numeric DEFAULT 288,
	distance numeric DEFAULT 2, amount numeric DEFAULT 5000000, kept numeric DEFAULT 0,
	lag numeric DEFAULT 1, first bytea DEFAULT '\x00')
RETURNS bytea LANGUAGE sql AS $$
	SELECT set_byte('\x00', 0, version) || set_byte('\x00', 0, flags) || pg_temp.name(grain) ||
		pg_temp.name('') || pg_temp.z(last) || pg_temp.v(lag) || pg_temp.v(2) ||
		pg_temp.z(period) || '\x0100000000' || first || pg_temp.z(amount) || '\x00000000' || '\x00' || pg_temp.z(kept) || '\x00' ||
		pg_temp.v(distance) || '\x000000000100' || '\x00000000' || pg_temp.z(-amount) || '\x000000'
$$;
SELECT name, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('customer_movements', bytes) r FROM (VALUES
	('version', pg_temp.movements(version => 9), 'The version is unknown.'),
	('flags', pg_temp.movements(flags => 128), 'It has unknown flags.'),
	('grain', pg_temp.movements(grain => 'month since start'), 'Movements go with a plain calendar grain only.'),
	('canonical grain', pg_temp.movements(grain => 'MONTH'), 'The grain is not in its canonical form.'),
	('last', pg_temp.movements(last => -2147483649), 'A period is out of range.'),
	('period', pg_temp.movements(distance => 4294967295), 'A period is out of range.'),
	('descending', pg_temp.movements(distance => 0), 'Period 2024-01-01: periods are not in ascending order.'),
	('no date to end with', pg_temp.movements(grain => 'year', last => 2000000000), 'A period reaches past the dates PostgreSQL has.'),
	('no date to begin with', pg_temp.movements(grain => 'year', period => -2000000000), 'A period reaches past the dates PostgreSQL has.'),
	('no date', pg_temp.movements(grain => 'year', last => 24, period => 24, distance => 2000000000), 'A period reaches past the dates PostgreSQL has.'),
	('amount', pg_temp.movements(amount => power(2::numeric, 125)), 'An amount is too large.'),
	('negative amount', pg_temp.movements(amount => -power(2::numeric, 125)), 'An amount is too large.'),
	('kept', pg_temp.movements(kept => -power(2::numeric, 126)), 'An amount is too large.'),
	('the version before', pg_temp.movements(version => 1), 'The version is unknown.'),
	('no lag', pg_temp.movements(lag => 0), 'The lag is not from 1 to 10000 periods.'),
	('lag', pg_temp.movements(lag => 10001), 'The lag is not from 1 to 10000 periods.'),
	('a count of lags', pg_temp.movements(lag => power(2::numeric, 63)), 'A count is too large.'),
	('not first', pg_temp.movements(first => '\x01'), 'Period 2024-01-01: the first customers do not agree with the new ones.'),
	('less than none', pg_temp.movements(lag => 2, first => '\x02'), 'Period 2024-01-01: a count is negative.'),
	('other lag', pg_temp.movements(lag => 2, first => '\x01'), 'Period 2024-01-01: more customers are there than ever were.')
	) v(name, bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);
SELECT (r).* FROM (SELECT pg_temp.refused('customer_movements', pg_temp.movements()) r) x;

-- survival_curve
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('survival_curve', replace('{"time": [1,2], "events": [3,0], "censored": [0,2]}', old, new)) r FROM (VALUES
	('[1,2]', '[2,2]', 'The times are not in ascending order.'),
	('[1,2]', '[-1,2]', '"time" has an element that is not a time.'),
	('[3,0]', '[3,-1]', '"events" has an element that is not a count.'),
	('[0,2]', '[0,0]', 'Nothing happens at one of the times.'),
	('[0,2]', '[9223372036854775807,2]', 'The counts add up to more than 64 bits hold.'),
	('2]}', '2], "entered": [1]}', '"entered" has 1 elements, "time" has 2.'),
	('2]}', '2], "entered": [-1,0]}', '"entered" has an element that is not a count.'),
	('2]}', '2], "entered": [3,0]}', 'More customers leave than have entered.'),
	('2]}', '2], "entered": [0,1]}', 'More customers leave than have entered.'),
	('2]}', '2], "entered": [9223372036854775807,1]}', 'The counts add up to more than 64 bits hold.'),
	('1,2], "events": [3,0], "censored": [0,2]}', '0,2], "events": [3,0], "censored": [0,2], "entered": [1,0]}', 'Customers who enter at time 0 are there from the start.')
	) v(old, new, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P02', expected);
SELECT bytes, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('survival_curve', bytes) r FROM (VALUES
	('\x090101010100'::bytea, 'The version is unknown.'),
	('\x010401010100', 'It has unknown flags.'),
	('\x010100', 'There is no time in it.'),
	('\x010102010100', 'It has more times than bytes for them.'),
	('\x010101' || pg_temp.v(power(2::numeric, 54)) || '\x0100', 'A time is too large.'),
	('\x010101010000', 'Nothing happens at one of the times.'),
	('\x010102010100000001', 'The times are not in ascending order.'),
	('\x010001' || float8send(1) || '\x0100', 'Whole times are not written as such.'),
	('\x010001' || float8send(-0.5) || '\x0100', 'A time is negative or not finite.'),
	('\x010001' || float8send('infinity') || '\x0100', 'A number is not finite, or a negative zero.'),
	('\x010001' || float8send('nan') || '\x0100', 'A number is not finite, or a negative zero.'),
	('\x010001' || float8send('-0') || '\x0100', 'A number is not finite, or a negative zero.'),
	('\x0103020101000001010000', 'Nobody enters late, but how many do is written.'),
	('\x01030101000001', 'More customers leave than have entered.'),
	('\x01030100010001', 'Customers who enter at time 0 are there from the start.'),
	('\x010302010000' || pg_temp.v(power(2::numeric, 63) - 1) || '\x010000' || pg_temp.v(power(2::numeric, 63) - 1), 'The counts add up to more than 64 bits hold.')
	) v(bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);
SELECT (r).* FROM (SELECT pg_temp.refused('survival_curve', '\x010001'::bytea || float8send(0.5) || '\x0100') r) x;

-- incidence_curve: version, flags, reasons of times
SELECT bytes, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('incidence_curve', bytes) r FROM (VALUES
	('\x0901010161010101'::bytea, 'The version is unknown.'),
	('\x0102010161010101', 'It has unknown flags.'),
	('\x010100', 'There is no reason in it.'),
	('\x010102016101', 'It has more reasons than bytes for them.'),
	('\x0101010161010100', 'A count is not above 0.'),
	('\x0101010161020101', 'It has more times than bytes for them.'),
	('\x010101016101' || pg_temp.v(power(2::numeric, 54)) || '\x01', 'A time is too large.'),
	('\x01010101610201010001', 'The times of a reason are not in ascending order.'),
	('\x01010101610201010100', 'A count is not above 0.'),
	('\x01010201610101010161010201', 'The reasons are not in ascending order.'),
	('\x0101010100010101', 'A text is not in the encoding of the database.'),
	('\x0101018002' || convert_to(repeat('x', 256), 'UTF8') || '\x010101', 'A reason is too long.'),
	('\x0101018108' || convert_to(repeat('x', 1025), 'UTF8') || '\x010101', 'A text is too long.'),
	('\x010101016101010100', 'There are bytes after its end.'),
	('\x010001016101' || float8send(1) || '\x01', 'Whole times are not written as such.'),
	('\x010001016101' || float8send(-0.5) || '\x01', 'A time is negative or not finite.'),
	('\x010001016101' || float8send('nan') || '\x01', 'A number is not finite, or a negative zero.')
	) v(bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);

-- funnel: version, mode (optional steps and exclusions), months, days and
-- microseconds of the window, zone; steps, grain, periods
SELECT old, left(new, 60) AS new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('funnel', replace('{"within": "P7D", "mode": "", "zone": "", "steps": [{"customers": 1}, {"customers": 1, "seconds": [86400], "count": [1]}]}', old, new)) r FROM (VALUES
	('P7D', 'P-7D', 'The value of "within" is not a window in its shortest form.'),
	('86400', '-86400', '"seconds" has an element that is out of range.'),
	('[86400], "count": [1]}', '[86400], "count": [1]}' || repeat(', {"customers": 0, "seconds": [], "count": []}', 99999), 'It has too many steps.')
	) v(old, new, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P02', expected);
SELECT bytes, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('funnel', bytes) r FROM (VALUES
	('\x090000070000010100'::bytea, 'The version is unknown.'),
	('\x02400000000700000101', 'The mode is not in its shortest form.'),
	('\x0240000900070000010100', 'There are too many exclusions.'),
	('\x02400001'::bytea || pg_temp.v(100001) || '\x0000070000010100', 'An exclusion is out of range.'),
	('\x02400001000000070000010100', 'An exclusion is out of range.'),
	('\x024000020300030000070000010100', 'The exclusions are not in ascending order.'),
	('\x0240010000070000010100', 'Step 1 begins every chain and cannot be optional.'),
	('\x02400201020000070000010100', 'The words "optional 2" and "exclude 2" contradict each other.'),
	('\x02110007000001' || '\x0100'::bytea, 'The words "strict order" and "any order" contradict each other.'),
	('\x0200'::bytea || pg_temp.v(2147483648) || '\x0700000101', 'The window is damaged.'),
	('\x020000'::bytea || pg_temp.v(2147483648) || '\x00000101', 'The window is damaged.'),
	('\x02000000'::bytea || pg_temp.v(power(2::numeric, 63)) || '\x000101', 'The window is damaged.'),
	('\x02000007000355540001', 'A name has characters it cannot have.'),
	('\x02000007008002', 'The name of the zone is too long.'),
	('\x020000070000'::bytea || pg_temp.v(100001) || '\x01' || decode(repeat('00', 100000), 'hex'), 'It has too many steps.'),
	('\x020000070000050100', 'The number of steps exceeds the value.'),
	('\x02000007000000', 'It has no step.'),
	-- three steps, a customer each, times of 0; pairs of steps
	('\x02000007000003010100010001000100' || '\x010302000100'::bytea, 'Step 3 from step 2: it has no times from that step.'),
	('\x02000007000003010100010001000100' || '\x01030100010100'::bytea, 'Step 3 from step 1: there are more times than customers.'),
	('\x02000007000003010100010001000100' || '\x0103010000'::bytea, 'Step 3 from step 1: times from an earlier step are nobody''s.'),
	('\x02000007000003010100010001000100' || '\x0203010001000301000100'::bytea, 'Step 3 from step 1: times from earlier steps are not in ascending order.'),
	('\x02000007000001010101000001', 'A pair of steps is out of range.'),
	('\x0200000700000101012101000100', 'A pair of steps is out of range.'),
	('\x02000007000001018108', 'There are too many pairs of steps.'),
	-- a trend: one step, the grain, its periods
	('\x0280000700000103666f6f01000100', 'The grain is none.'),
	('\x028000070000010344617901000100', 'The grain is not in its canonical form.'),
	('\x028000070000010364617900', 'It has no step.'),
	('\x028000070000010364617903', 'The number of periods exceeds the value.'),
	('\x028000070000010364617901000000', 'A period is nobody''s.'),
	('\x028000070000010364617901feffffff0f0100', 'A period is out of range.')
	) v(bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);

-- models: version, kind, unit, flags, parameters; status, log-likelihood, three
-- counts; lower half of the covariance
CREATE FUNCTION pg_temp.model(version int DEFAULT 1, kind int DEFAULT 0, unit int DEFAULT 0,
	flags int DEFAULT 3, alpha float8 DEFAULT 2, status int DEFAULT 0, likelihood float8 DEFAULT -8,
	customers numeric DEFAULT 6, covariance float8 DEFAULT 0.5, variance float8 DEFAULT 2)
RETURNS bytea LANGUAGE sql AS $$
	SELECT set_byte('\x00', 0, version) || set_byte('\x00', 0, kind) || set_byte('\x00', 0, unit) ||
		set_byte('\x00', 0, flags) || float8send(alpha) || float8send(1) || set_byte('\x00', 0, status) ||
		float8send(likelihood) || pg_temp.v(customers) || '\x0516' ||
		float8send(1) || float8send(covariance) || float8send(variance)
$$;
SELECT name, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('contract_model', bytes) r FROM (VALUES
	('version', pg_temp.model(version => 9), 'The version is unknown.'),
	('kind', pg_temp.model(kind => 9), 'It has an unknown kind, unit or flag.'),
	('unit', pg_temp.model(unit => 9), 'It has an unknown kind, unit or flag.'),
	('flags', pg_temp.model(flags => 131), 'It has an unknown kind, unit or flag.'),
	('a unit for contracts', pg_temp.model(unit => 1), 'It has a unit of time.'),
	('a correlation for contracts', pg_temp.model(flags => 7) || float8send(0.5), 'It has a correlation.'),
	('parameter', pg_temp.model(alpha => -1), 'Parameter "alpha" is not between 1e-30 and 1e+30.'),
	('large parameter', pg_temp.model(alpha => 1e31), 'Parameter "alpha" is not between 1e-30 and 1e+30.'),
	('status', pg_temp.model(status => 200), 'The status is unknown.'),
	('likelihood', pg_temp.model(likelihood => 'nan'), 'A number is not finite, or a negative zero.'),
	('customers', pg_temp.model(customers => 4), 'There are fewer customers than distinct rows, or none.'),
	('number', pg_temp.model(customers => power(2::numeric, 63)), 'A count is too large.'),
	('variance', pg_temp.model(variance => -1), 'A variance is not positive.'),
	('covariance', pg_temp.model(covariance => 3), 'A covariance exceeds the variances.'),
	('infinite covariance', pg_temp.model(covariance => '-infinity'), 'A number is not finite, or a negative zero.'),
	('identified, not fitted', pg_temp.model(flags => 11, status => 1), 'It is identified without having converged, or without covariance.'),
	('short', substr(pg_temp.model(), 1, length(pg_temp.model()) - 1), 'The value ends too early.')
	) v(name, bytes, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P03', expected);
SELECT (r).* FROM (SELECT pg_temp.refused('contract_model', pg_temp.model()) r) x;
SELECT old, new, (r).*, expected FROM (
	SELECT v.*, pg_temp.refused('contract_model', replace('{"kind": "sbg", "parameters": {"alpha": 2, "beta": 1}, "log_likelihood": -8, "customers": 6, "distinct_rows": 5, "evaluations": 22, "status": "converged", "identified": false, "covariance": [[1,0.5], [0.5,2]]}', old, new)) r FROM (VALUES
	('22', '-22', 'The value of "evaluations" is not a count.'),
	('[0.5,2]', '[0.4,2]', 'The covariance is not symmetric.'),
	('-8,', '1e999,', 'The value of "log_likelihood" is out of range.')
	) v(old, new, expected)) x
WHERE ((r).code, (r).detail) IS DISTINCT FROM ('22P02', expected);

COPY (SELECT) TO PROGRAM 'cat >/dev/null; rm -f damaged_values.tmp';
