# Movements with a lag of thousands of periods: every row by the definition in
# plain SQL, the same bytes by every way; memory and time that do not grow with
# the lag, limits for what few rows far apart would make of it, and a cancel.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('long_lag');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\njit = off\nmax_parallel_workers_per_gather = 0\nmax_worker_processes = 8\n");
$node->start;

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Forty customers, three years of days: orders now and then; ranges that overlap,
# end, begin again, and some without end.
sql(q{
	CREATE EXTENSION retention;
	CREATE FUNCTION draw(what int, n bigint, sides int) RETURNS int LANGUAGE sql IMMUTABLE
		RETURN (hashint8extended(n * 1000 + what, 7) & 9223372036854775807) % sides;
	CREATE TABLE orders WITH (parallel_workers = 2) AS
		SELECT (n % 40)::int AS customer, date '2021-01-01' + draw(1, n, 300 + 20 * (n % 40)::int) AS day, draw(2, n, 9000) / 100.0 AS amount FROM generate_series(1, 1200) n;
	CREATE TABLE plans WITH (parallel_workers = 2) AS
		SELECT (n % 40)::int AS customer, daterange(s, CASE WHEN draw(3, n, 15) > 0 THEN s + 1 + draw(4, n, 90) END) AS during, 1 + draw(5, n, 3) AS amount
		FROM generate_series(1, 240) n, LATERAL (SELECT date '2021-01-01' + draw(6, n, 1100) AS s) x;
	CREATE TABLE calendar AS SELECT day::date FROM generate_series(timestamp '2021-01-01', '2051-12-31', '1 day') AS day;
	-- closings of every customer and day
	CREATE VIEW order_days AS
		SELECT customer, day, sum(amount) AS closing, true AS active FROM orders GROUP BY 1, 2;
	CREATE VIEW plan_days AS
		SELECT customer, day, sum(amount) AS closing, true AS active FROM plans JOIN calendar ON during @> day AND day < '2024-07-01' GROUP BY 1, 2;
	ANALYZE;});

my @counts = qw(opening_customers new_customers reactivated_customers expanded_customers contracted_customers retained_customers churned_customers closing_customers);
my @moneys = qw(opening_revenue new_revenue reactivated_revenue expansion_revenue contraction_revenue churned_revenue closing_revenue);
my $columns = join ', ', 'period', @counts, @moneys;
for my $case ([ 'orders', 'day', 'order_days', 40 ], [ 'plans', 'during', 'plan_days', 40 ], [ 'orders', 'day', 'order_days', 3 ])
{
	my ($table, $at, $days, $customers) = @$case;
	# a level without end goes on: only days before 2024-07 are looked at then
	for my $lag ($customers == 3 ? (10000) : (800, 1000))
	{
		my $of = "(SELECT * FROM $table WHERE customer < $customers) AS x";
		my $end = $table eq 'plans' ? "date '2024-07-01'" : "(SELECT max(day) FROM $days) + $lag + 1";
		sql("CREATE TABLE want AS
			SELECT day AS period, count(*) FILTER (WHERE o > 0) AS opening_customers, count(*) FILTER (WHERE o = 0 AND c > 0 AND NOT known) AS new_customers,
				count(*) FILTER (WHERE o = 0 AND c > 0 AND known) AS reactivated_customers, count(*) FILTER (WHERE o > 0 AND c > 0 AND v > u) AS expanded_customers,
				count(*) FILTER (WHERE o > 0 AND c > 0 AND v < u) AS contracted_customers, count(*) FILTER (WHERE o > 0 AND c > 0) AS retained_customers,
				count(*) FILTER (WHERE o > 0 AND c = 0) AS churned_customers, count(*) FILTER (WHERE c > 0) AS closing_customers,
				sum(u) AS opening_revenue, coalesce(sum(v - u) FILTER (WHERE o = 0 AND c > 0 AND NOT known), 0) AS new_revenue,
				coalesce(sum(v - u) FILTER (WHERE o = 0 AND c > 0 AND known), 0) AS reactivated_revenue,
				coalesce(sum(greatest(v - u, 0)) FILTER (WHERE o > 0 AND c > 0), 0) AS expansion_revenue,
				coalesce(sum(least(v - u, 0)) FILTER (WHERE o > 0 AND c > 0), 0) AS contraction_revenue,
				coalesce(sum(v - u) FILTER (WHERE o > 0 AND c = 0), 0) AS churned_revenue, sum(v) AS closing_revenue
			FROM (
				SELECT d.day, f.customer, a.active IS TRUE AND true AS x, (a.active IS TRUE)::int AS o, (b.active IS TRUE)::int AS c,
					coalesce(a.closing, 0) AS u, coalesce(b.closing, 0) AS v, first <= d.day - $lag AS known
				FROM (SELECT customer, min(day) AS first FROM $days WHERE customer < $customers GROUP BY 1) f
				JOIN calendar d ON d.day >= (SELECT min(day) FROM $days WHERE customer < $customers) AND d.day < $end
				LEFT JOIN $days a ON a.customer = f.customer AND a.day = d.day - $lag
				LEFT JOIN $days b ON b.customer = f.customer AND b.day = d.day) x
			GROUP BY day;
			CREATE TABLE got AS SELECT $columns FROM movement_rows((SELECT customer_movements(customer, $at, amount, 'day', $lag) FROM $of), $end)");
		is( sql("SELECT (SELECT count(*) > 1200 FROM got), (SELECT count(*) FROM (SELECT $columns FROM want EXCEPT SELECT $columns FROM got) x),
				(SELECT count(*) FROM (SELECT $columns FROM got EXCEPT SELECT $columns FROM want) x), (SELECT count(*) FROM got) = (SELECT count(*) FROM want)"),
			't|0|0|t', "$customers customers of $table, lag $lag: every row by the definition");
		sql('DROP TABLE want, got');
		my $m = "customer_movements(customer, $at, amount, 'day', $lag)";
		my $parallel = 'SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;';
		my $want = sql("SELECT md5(customer_movements_send($m)) FROM $of");
		for my $way ("SELECT md5(customer_movements_send($m)) FROM (SELECT * FROM $of ORDER BY md5(customer::text || x::text)) x",
			"$parallel SELECT md5(customer_movements_send($m)) FROM $of",
			"SELECT md5(customer_movements_send(rollup(p))) FROM (SELECT $m AS p FROM $of GROUP BY customer % 7) y",
			"SELECT md5(customer_movements_send(customer_movements(t, 'day', $lag))) FROM (SELECT timeline($at, amount) AS t FROM $of GROUP BY customer) y",
			"SELECT md5(customer_movements_send(rollup(p))) FROM (SELECT customer_movements(t, 'day', $lag) AS p FROM (SELECT customer, timeline($at, amount) AS t FROM $of GROUP BY customer) y GROUP BY customer % 3) z",
			"SELECT md5(customer_movements_send(m::text::customer_movements)) FROM (SELECT $m AS m FROM $of) y")
		{
			is(sql($way), $want, 'the same bytes: ' . substr($way =~ s/.*; (?=SELECT)//r, 0, 90));
		}
	}
}

# Few rows far apart: what a lag would make of them is refused, whatever asks.
# Every level stands for ten thousand days, and so long does each rise of it.
my $far = "(SELECT 1 AS customer, daterange(date '0001-01-01' + n * 10000, NULL) AS during, 1 AS amount FROM generate_series(0, 300) n) AS x";
for my $call ("customer_movements(customer, during, amount, 'day', 10000) FROM $far",
	"customer_movements(t, 'day', 10000) FROM (SELECT timeline(during, amount) AS t FROM $far) y",
	"count(*) FROM (SELECT timeline(during, amount) AS t FROM $far) y, timeline_movements(t, 'day', '9999-01-01', 10000) m")
{
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT $call");
	like($err, qr/54000: customer movements in more than 2097152 periods.*With a lag of 10000.*HINT: .*coarser grain/s, $call);
}
is(sql("SELECT customer_movements(customer, during, amount, 'month', 12) IS NOT NULL, customer_movements(customer, during, amount, 'day', 7) IS NOT NULL FROM $far"), 't|t', 'what fits is given');

# A list that would be long is cut off where it is made.
sql("CREATE TABLE long AS SELECT timeline(daterange(date '0001-01-01' + n * 10000, NULL), 1) AS t FROM generate_series(0, 190) n");
my $list = "SELECT count(*), max(m.period) FROM long, timeline_movements(t, 'day', '9999-01-01', 10000) m";
is(sql($list), '1910000|' . sql("SELECT date '0001-01-01' + 191 * 10000 - 1"), 'nearly two million movements are listed');
my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET statement_timeout = '20ms'; $list");
like($err, qr/57014/, 'and cancelled');

# Memory does not know how long the lag is.
SKIP:
{
	skip 'no /proc/self/status', 1 if !-r '/proc/self/status';
	skip 'a sanitizer takes memory of its own', 1 if ($ENV{RETENTION_LANE} || '') eq 'asan';
	my $peak = q{SELECT substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s*(\d+) kB');};
	my %more;
	for my $lag (2, 10000)
	{
		my $ask = sub {
			return "SELECT customer_movements(n % 20000, daterange(s, s + 1 + draw(2, n, 2000)), 1, 'day', $lag) IS NULL
				FROM (SELECT n, date '2015-01-01' + draw(1, n, 3650) AS s FROM generate_series(1, $_[0]) n) x;";
		};
		my @peaks = sql("SET work_mem = '4MB'; " . $ask->(10) . $peak . $ask->(200000) . $peak) =~ /^(\d{4,})$/mg;
		$more{$lag} = $peaks[1] - $peaks[0];
	}
	note("20,000 customers, 200,000 ranges of ten years: $more{2} kB more with a lag of 2, $more{10000} kB with one of 10,000");
	# one cell is 208 bytes, of 13,650 days; the sum of two copies of each
	cmp_ok($more{10000} - $more{2}, '<', 16000, 'a lag of 10,000 takes no more than its periods');
}

$node->stop;
done_testing();
