# check_events and check_ranges: every finding is made by a table that has it,
# and no fault by six public shapes and the public files; what is found does not
# depend on the plan; random tables against plain SQL; memory and time.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";
my $node = PostgreSQL::Test::Cluster->new('checks');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', q{
	CREATE EXTENSION retention;
	-- a die of so many sides, the same every time
	CREATE FUNCTION draw(what int, n bigint, sides int) RETURNS int LANGUAGE sql IMMUTABLE
		RETURN (hashint8extended(n * 1000 + what, 7) & 9223372036854775807) % sides;

	-- six shapes that are as they should be
	CREATE TABLE orders_with_cents AS
		SELECT draw(1, n, 3000) AS customer, timestamptz '2023-01-01' + draw(2, n, 63000000) * interval '1 second' AS at, (100 + draw(3, n, 20000)) / 100.0 AS amount
		FROM generate_series(1, 20000) n;
	CREATE TABLE per_day_facts AS
		SELECT c AS customer, date '2023-01-01' + d AS at, draw(1, c * 1000 + d, 5000) / 100.0 AS amount
		FROM generate_series(1::bigint, 60) c, generate_series(0, 400) d WHERE draw(2, c * 1000 + d, 3) > 0;
	CREATE TABLE one_row_a_customer AS
		SELECT 'c' || lpad(n::text, 7, '0') AS customer, date '2023-01-01' + draw(1, n, 700) AS at, NULL::numeric AS amount FROM generate_series(1, 7000) n;
	CREATE TABLE few_customers AS
		SELECT (ARRAY['ACME', 'Globex', 'Initech', 'Umbrella', 'Hooli'])[1 + draw(1, n, 5)] AS customer,
			timestamp '2023-01-01' + draw(2, n, 63000) * interval '1000 seconds' AS at, 500 * (1 + draw(3, n, 40)) AS amount
		FROM generate_series(1, 9000) n;
	CREATE TABLE monthly_ranges AS
		SELECT c AS customer, daterange((s + m * interval '1 month')::date, (s + (m + 1) * interval '1 month')::date) AS during,
			(ARRAY[29, 79, 149])[1 + draw(3, c, 3)] AS amount
		FROM generate_series(1::bigint, 1500) c CROSS JOIN LATERAL (SELECT timestamp '2023-01-01' + draw(1, c, 500) * interval '1 day' AS s) x
		CROSS JOIN LATERAL generate_series(0, draw(2, c, 18)) m;
	CREATE TABLE overlapping_plans AS
		SELECT draw(1, n, 800) AS customer, daterange(s, CASE WHEN draw(4, n, 4) > 0 THEN s + 10 + draw(3, n, 500) END) AS during, 10 + n % 97 AS amount
		FROM generate_series(1::bigint, 4000) n CROSS JOIN LATERAL (SELECT date '2023-01-01' + draw(2, n, 600) AS s) x;
	ANALYZE;
});

# severity finding, of a check
sub found
{
	my ($check, $before) = @_;
	return $node->safe_psql('postgres', ($before || '') . "SELECT string_agg(severity || ' ' || finding, ', ' ORDER BY severity, finding) FROM findings(($check))");
}

my %clean = (
	orders_with_cents => "SELECT check_events(customer, at, amount, '2025-01-01') FROM orders_with_cents",
	per_day_facts => "SELECT check_events(customer, at, amount, '2025-01-01') FROM per_day_facts",
	one_row_a_customer => "SELECT check_events(customer, at, amount, '2025-01-01') FROM one_row_a_customer",
	few_customers => "SELECT check_events(customer, at, amount, '2025-01-01') FROM few_customers",
	monthly_ranges => "SELECT check_ranges(customer, during, amount, '2026-01-01') FROM monthly_ranges",
	overlapping_plans => "SELECT check_ranges(customer, during, amount, '2026-01-01') FROM overlapping_plans");

# [ finding, severity, of a table with it ]
my $event = sub { return "SELECT check_events($_[0], '2025-01-01') FROM orders_with_cents" . ($_[1] || '') };
my $range = sub { return "SELECT check_ranges($_[0], '2026-01-01') FROM monthly_ranges" . ($_[1] || '') };
my $day = 'lower(during), upper(during)';
my @dirty = (
	[ 'no customer or time', 'look', $event->('nullif(customer, 7), at, amount') ],
	[ 'time not finite', 'fault', $event->("customer, CASE WHEN customer = 7 THEN 'infinity' ELSE at END, amount") ],
	[ 'before 1990', 'look', $event->("customer, CASE WHEN customer = 7 THEN '1970-01-01' ELSE at END, amount") ],
	[ 'after as_of', 'fault', $event->("customer, at + interval '1 year', amount") ],
	[ 'amount out of range', 'fault', $event->("customer, at, CASE WHEN customer = 7 THEN 'NaN' ELSE amount END") ],
	[ 'more than six decimals', 'look', $event->('customer, at, amount / 7') ],
	[ 'mostly negative', 'fault', $event->('customer, at, -amount') ],
	[ 'amounts in cents', 'look', $event->('customer, at, (customer % 90 + 10) * 100 - 1') ],
	[ 'one id, two spellings', 'fault', $event->("CASE WHEN amount > 100 THEN 'user' || customer ELSE 'USER' || customer END, at, amount") ],
	[ 'a customer a row', 'look', $event->('md5(at::text || amount), at, amount') ],
	[ 'repeated rows', 'fault', $event->('customer, at, amount', ' TABLESAMPLE BERNOULLI (50) REPEATABLE (1), generate_series(1, 2)') ],
	[ 'several rows at once', 'fault', $event->('customer, at, amount / line', ', generate_series(1, 3) line') ],
	[ 'no time of day', 'look', $event->("customer, date_trunc('day', at), amount + customer / 1000000.0") ],
	[ 'no start', 'fault', $range->('customer, CASE WHEN customer = 7 THEN daterange(NULL, upper(during)) ELSE during END, amount') ],
	[ 'empty range', 'look', $range->("customer, CASE WHEN customer = 7 THEN 'empty' ELSE during END, amount") ],
	[ 'ends at 23:59:59', 'fault', $range->("customer, tsrange(lower(during), upper(during) - interval '1 second'), amount") ],
	[ 'ends on the last day paid', 'fault', $range->('customer, daterange(lower(during), upper(during) - 1), amount') ],
	[ 'gaps of one day', 'fault', $range->('customer, daterange(lower(during), upper(during) - 1), amount') ],
	[ 'overlaps of one day', 'fault', $range->("customer, daterange($day, '[]'), amount") ],
	[ 'overlaps with equal amounts', 'look', $range->('customer, daterange(lower(during), upper(during) + 9), amount') ],
	[ 'repeated rows', 'fault', $range->('customer, during, amount', ', generate_series(1, 2)') ],
	[ 'one id, two spellings', 'fault', $range->("'u' || customer || repeat(' ', draw(9, lower(during) - date '2000-01-01', 3)), during, amount") ],
	[ 'mostly negative', 'fault', $range->('customer, during, -amount') ],
	[ 'before 1990', 'look', $range->("customer, CASE WHEN customer = 7 THEN daterange('1900-01-01', upper(during)) ELSE during END, amount") ],
	[ 'after as_of', 'look', $range->("customer, daterange(lower(during) + 2000, NULL), amount") ],
	[ 'amount out of range', 'fault', $range->("customer, during, CASE WHEN customer = 7 THEN 'NaN' ELSE amount::numeric END") ],
	[ 'more than six decimals', 'look', $range->('customer, during, amount / 7.0') ]);

note('');
note(sprintf('%-30s %s', 'a shape as it should be', 'what is found'));
for my $shape (sort keys %clean)
{
	my $found = found($clean{$shape});
	note(sprintf('%-30s %s', $shape, $found eq '' ? 'nothing' : $found));
	# what such a table is: every row another customer
	is($found, $shape eq 'one_row_a_customer' ? 'look a customer a row' : '', "$shape: no false alarm");
}
note('');
note(sprintf('%-30s %-8s %s', 'a table with', 'hit', 'and besides'));
for my $d (@dirty)
{
	my ($finding, $severity, $check) = @$d;
	my @found = split /, (?=fault|look)/, found($check);
	my ($hit) = grep { $_ eq "$severity $finding" } @found;
	note(sprintf('%-30s %-8s %s', $finding, defined $hit ? $severity : 'missed', join(', ', grep { $_ ne "$severity $finding" } @found)));
	ok(defined $hit, "$finding is found: @found");
}

##################################################################
# Public files
##################################################################
SKIP:
{
	skip 'no public files in the data folder of RETENTION_SHARED', 4 if !-r "$shared/data/subscription_periods.csv";
	# what a query on the lines of a file finds
	my $file = sub {
		my ($name, $query) = @_;
		open my $fh, '<', "$shared/data/$name" or die;
		my @lines = map { s/[\r\n]+//gr } <$fh>;
		shift @lines;
		my $copy = PostgreSQL::Test::Utils::tempdir() . "/$name";
		append_to_file($copy, join("\n", @lines) . "\n");
		return found($query, "CREATE TEMP TABLE lines (line text);\n\\copy lines FROM '$copy' (DELIMITER E'\\x01', QUOTE E'\\x02', FORMAT csv)\n");
	};
	is( $file->('CDNOW_master.txt', "SELECT check_events(w[1], to_date(w[2], 'YYYYMMDD'), w[4]::numeric, '1998-07-01') FROM (SELECT regexp_split_to_array(btrim(line), '\\s+') FROM lines) x (w)"),
		'', 'CDNOW: nothing');
	is( $file->('example_transactions.csv', "SELECT check_events(w[2], w[1]::date, NULL, '2015-01-01') FROM (SELECT string_to_array(line, ',') FROM lines) x (w)"),
		'', 'simulated transactions: nothing');
	is( $file->('apparel_trans.csv', "SELECT check_events(w[1], w[2]::date, w[3]::numeric, '2010-12-21') FROM (SELECT string_to_array(line, ',') FROM lines) x (w)"),
		'', 'apparel: nothing');
	is( $file->('subscription_periods.csv', "SELECT check_ranges(w[2], daterange(w[3]::date, w[4]::date), w[5]::numeric, '2020-03-01') FROM (SELECT string_to_array(line, ',') FROM lines) x (w)"),
		'', 'subscription periods: nothing');
}

##################################################################
# The plan does not matter
##################################################################
my $parallel = q{SET max_parallel_workers_per_gather = 4; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;};
$node->safe_psql('postgres', q{
	CREATE TABLE large AS
		SELECT CASE WHEN n % 11 = 0 THEN 'Id' ELSE 'ID' END || draw(1, n, 20000) AS customer,
			timestamp '1989-12-01' + draw(2, n, 1000000) * interval '1000 seconds' AS at, CASE WHEN n % 5 > 0 THEN -draw(3, n, 90000) / 70.0 END AS amount
		FROM generate_series(1, 150000) n;
	INSERT INTO large SELECT * FROM large WHERE draw(4, hashtext(customer), 10) = 0;
	CREATE TABLE shuffled AS SELECT * FROM large ORDER BY md5(at::text || customer);
	ALTER TABLE large SET (parallel_workers = 4);
	CREATE TABLE many_ranges AS SELECT draw(1, n, 9000) AS customer, daterange(date '2023-01-01' + draw(2, n, 900), date '2023-01-05' + draw(2, n, 900) + draw(3, n, 400)) AS during, draw(4, n, 5) AS amount
		FROM generate_series(1, 60000) n;
	ALTER TABLE many_ranges SET (parallel_workers = 4);
	ANALYZE;
});
for my $q ("SELECT check_events(customer, at, amount, '2020-01-01') FROM large", "SELECT check_events(customer, at::date, NULL, NULL) FROM large",
	'SELECT check_ranges(customer, during, amount, NULL) FROM many_ranges')
{
	my $serial = $node->safe_psql('postgres', $q);
	like($serial, qr/"finding": \["/, 'something is found') if $q =~ /amount/;
	like($node->safe_psql('postgres', "$parallel EXPLAIN (COSTS OFF) $q"), qr/Partial Aggregate/, 'a parallel plan');
	is($node->safe_psql('postgres', "$parallel $q"), $serial, 'by workers: the same value');
	is($node->safe_psql('postgres', $q =~ s/large/shuffled/r), $serial, 'in another order: the same value') if $q =~ /large/;
	is($node->safe_psql('postgres', "SET timezone = 'Pacific/Auckland'; SET datestyle = 'SQL, DMY'; $q"), $serial, 'in another zone: the same value');
}

##################################################################
# Random tables that a sample holds whole, against plain SQL
##################################################################
is( $node->safe_psql('postgres', q{
	WITH rows AS MATERIALIZED (
		SELECT s, draw(1, s * 100 + n, 8) AS customer, timestamp '2024-01-01 10:00' + draw(2, s * 100 + n, 30) * interval '7 hours' AS at,
			nullif(draw(3, s * 100 + n, 4), 3)::numeric AS amount
		FROM generate_series(1::bigint, 200) s, generate_series(1, 40) n),
	ours AS (
		SELECT s, max(f.rows) FILTER (WHERE finding = 'repeated rows') AS repeated, max(f.rows) FILTER (WHERE finding = 'several rows at once') AS lines
		FROM (SELECT s, check_events(customer, at, amount, NULL) AS c FROM rows GROUP BY s) x LEFT JOIN LATERAL findings(c) AS f ON true GROUP BY s),
	groups AS (
		SELECT s, customer, at, count(*) AS n, count(DISTINCT coalesce(amount, -1)) AS amounts FROM rows GROUP BY 1, 2, 3),
	theirs AS (
		SELECT s, nullif(sum(n - amounts), 0) AS repeated, nullif(sum(n) FILTER (WHERE amounts > 1), 0) AS lines FROM groups GROUP BY s)
	SELECT count(*), count(*) FILTER (WHERE o.repeated IS DISTINCT FROM t.repeated),
		count(*) FILTER (WHERE CASE WHEN t.lines >= 2 THEN o.lines IS DISTINCT FROM t.lines ELSE o.lines IS NOT NULL END)
	FROM ours o JOIN theirs t USING (s)}),
	'200|0|0', '200 random tables of events: repeats and lines as plain SQL counts them');
is( $node->safe_psql('postgres', q{
	WITH rows AS MATERIALIZED (
		SELECT s, draw(1, s * 100 + n, 20) AS customer, daterange(f, f + 1 + draw(3, s * 100 + n, 5)) AS during, n AS amount
		FROM generate_series(1::bigint, 200) s, generate_series(1, 40) n, LATERAL (SELECT date '2024-01-01' + draw(2, s * 100 + n, 20) AS f) x),
	ours AS (
		SELECT s, max(f.rows) FILTER (WHERE finding = 'gaps of one day') AS gaps, max(f.rows) FILTER (WHERE finding = 'overlaps of one day') AS seams
		FROM (SELECT s, check_ranges(customer, during, amount, NULL) AS c FROM rows GROUP BY s) x LEFT JOIN LATERAL findings(c) AS f ON true GROUP BY s),
	before AS (
		SELECT s, lower(during) - max(upper(during)) OVER (PARTITION BY s, customer ORDER BY during, amount ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS gap
		FROM rows),
	sums AS (
		SELECT s, count(*) FILTER (WHERE gap = 1) AS gaps, count(*) FILTER (WHERE gap = -1) AS seams, count(*) FILTER (WHERE gap BETWEEN -1 AND 1) AS near, count(gap) AS pairs
		FROM before GROUP BY s),
	theirs AS (
		SELECT s, CASE WHEN gaps >= 3 AND gaps >= 0.1 * pairs THEN gaps END AS gaps, CASE WHEN seams >= 3 AND seams >= 0.1 * pairs THEN seams END AS seams FROM sums)
	SELECT count(*), count(*) FILTER (WHERE o.gaps IS DISTINCT FROM t.gaps), count(*) FILTER (WHERE o.seams IS DISTINCT FROM t.seams),
		count(t.gaps) > 20 AND count(t.seams) > 20
	FROM ours o JOIN theirs t USING (s)}),
	'200|0|0|t', '200 random tables of ranges: gaps and overlaps of one day as plain SQL counts them');

##################################################################
# Memory
##################################################################
SKIP:
{
	skip 'no /proc/self/status', 2 if !-r '/proc/self/status';
	skip 'a sanitizer takes memory of its own', 2 if ($ENV{RETENTION_LANE} || '') eq 'asan';
	for my $work_mem ('64kB', '64MB')
	{
		my $peak = q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+) kB');};
		my $out = $node->safe_psql('postgres', qq{SET work_mem = '$work_mem';
			SELECT check_events(n, timestamp '2024-01-01', 1, NULL) IS NULL FROM generate_series(1, 10) n; SELECT md5(max(repeat('x', 90) || customer)) IS NULL FROM large;
			$peak
			SELECT check_events(repeat('x', 90) || customer || at, at, amount, NULL) IS NULL FROM large;
			$peak});
		my @peaks = $out =~ /^(\d{4,})$/mg;
		my $more = $peaks[-1] - $peaks[-2];
		note("work_mem $work_mem: $more kB more");
		cmp_ok($more, '<', 6000, "150,000 long names with work_mem $work_mem take little memory");
	}
}

$node->stop;
done_testing();
