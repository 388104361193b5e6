# Levels of subscriptions against their definition in plain SQL: silences filled,
# and logs of levels.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';

my $node = PostgreSQL::Test::Cluster->new('levels');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres', slurp_file("$source/test/reference/$_.sql")) for 'cohort_matrix', 'timeline', 'levels';

sub sql { return $node->safe_psql('postgres', $_[0]) }

#----------------------------------------------------------------
# bridged, 1,000 random histories
#----------------------------------------------------------------

# Up to six ranges within a hundred days, some without amount, of nothing, below
# zero, without end, and a gap for each.
sql(q{
	SELECT setseed(0.26);
	CREATE TABLE ranges AS
	SELECT c AS customer, daterange(d, CASE WHEN random() < 0.05 THEN NULL ELSE d + (random() * 20)::int END) AS during,
		(ARRAY[10, 10, 20, 0, NULL, -10, 7.25])[1 + floor(random() * 7)] AS amount
	FROM generate_series(1, 1000) c, generate_series(1, 1 + c % 6) n,
		LATERAL (SELECT date '2024-01-01' + (random() * 80)::int + c * 0 + n * 0 AS d) d;
	CREATE TABLE gaps AS SELECT c AS customer,
		(ARRAY['0', '1 day', '2 days', '50:00', '5 days', '10 days', '1 day 100:00', '40 days'])[1 + floor(random() * 8)]::interval AS gap
	FROM generate_series(1, 1000) c;
	INSERT INTO reference.subscription SELECT customer::text, during, amount FROM ranges;
	CREATE INDEX ON reference.subscription (customer);
	CREATE TABLE bridges AS SELECT customer, gap, timeline(during, amount) AS t, bridged(timeline(during, amount), gap) AS b
	FROM ranges JOIN gaps USING (customer) GROUP BY customer, gap});
is( sql(q{
	SELECT count(*), count(*) FILTER (WHERE level(b, day) IS DISTINCT FROM r.level)
	FROM bridges, reference.bridged_levels(ROW(customer::text, true, true)::reference.timeline, gap, '2023-12-31', '2024-04-25') r}),
	'116000|0', 'every day of 1,000 histories');
is( sql(q{SELECT count(*) FILTER (WHERE b <> t) > 100, count(*) FILTER (WHERE b <> t AND gap = '0'),
	count(*) FILTER (WHERE level(b, '2024-04-25') <> level(t, '2024-04-25')),
	count(*) FILTER (WHERE b::text::timeline <> b OR bridged(b, gap) <> b) FROM bridges}),
	't|0|0|0', 'some are filled, ends are not, and twice is once');
# filled time is level and revenue: all that is made of it is made of the days
is( sql(q{
	CREATE TABLE filled AS SELECT customer, daterange(day, CASE WHEN day < '2024-04-24' THEN day + 1 END) AS during, r.level AS amount
	FROM bridges, reference.bridged_levels(ROW(customer::text, true, true)::reference.timeline, gap, '2023-12-31', '2024-04-25') r;
	SELECT (SELECT customer_movements(b, 'week') FROM bridges) = (SELECT customer_movements(customer, during, amount, 'week') FROM filled),
		(SELECT cohort_matrix(b, 'week') FROM bridges) = (SELECT cohort_matrix(customer, during, amount, 'week') FROM filled)}),
	't|t', 'movements and cohorts');

#----------------------------------------------------------------
# timeline_of_levels, 200 random logs
#----------------------------------------------------------------

# Up to twelve rows in ten days, several a day, some twice, levels below and at
# zero and NULL; by date one a day.
sql(q{
	CREATE TABLE log AS
	SELECT s AS subscription, s % 60 AS customer, at, level
	FROM (SELECT DISTINCT ON (s, at) s, at, (ARRAY[10, 20, 30.5, 0, NULL, -5])[1 + floor(random() * 6)] AS level
		FROM generate_series(1, 200) s, generate_series(1, 1 + s % 12) n,
			LATERAL (SELECT timestamp '2023-10-24 00:00' + floor(random() * 80 + s * 0 + n * 0) * interval '3 hours' AS at) a) x;
	INSERT INTO log SELECT * FROM log WHERE random() < 0.2;
	CREATE TABLE shuffled AS SELECT * FROM log ORDER BY random();
	DROP TABLE log;
	ALTER TABLE shuffled RENAME TO log;
	CREATE VIEW by_lead AS SELECT subscription, customer, at, lead(at) OVER w AS until, level
	FROM (SELECT DISTINCT subscription, customer, at, level FROM log) l WINDOW w AS (PARTITION BY subscription ORDER BY at)});
for my $case (
	[ 'at', 'tsrange(at, until)', '' ],
	[ "at AT TIME ZONE 'UTC'", "tstzrange(at AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC')", ", 'Europe/Paris'" ],
	[ "at AT TIME ZONE 'UTC'", "tstzrange(at AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC')", ", 'day at America/New_York'::grain" ],
	[ "at AT TIME ZONE 'UTC'", "tstzrange(at AT TIME ZONE 'UTC', until AT TIME ZONE 'UTC')", '' ])
{
	my ($at, $during, $zone) = @$case;
	my $rows = $zone eq '' ? '' : $zone;
	is( sql(qq{
		SELECT count(*), count(*) FILTER (WHERE got = want AND timeline_send(got) = timeline_send(want))
		FROM (SELECT subscription, timeline_of_levels($at, level$zone) AS got FROM log GROUP BY subscription) g
		JOIN (SELECT subscription, timeline($during, level$rows) AS want FROM by_lead GROUP BY subscription) w USING (subscription)}),
		'200|200', "LEAD-built ranges, $at$zone");
	is( sql(qq{
		SELECT count(*), count(*) FILTER (WHERE got = want)
		FROM (SELECT customer, rollup(t) AS got FROM (
			SELECT customer, timeline_of_levels($at, level$zone) AS t FROM log GROUP BY customer, subscription) s GROUP BY customer) g
		JOIN (SELECT customer, timeline($during, level$rows) AS want FROM by_lead GROUP BY customer) w USING (customer)}),
		'60|60', "subscriptions of a customer, $at$zone");
}
# parallel, and in any order of rows: the same bytes
sql('CREATE TABLE many AS SELECT l.* FROM log l, generate_series(1, 30); ANALYZE many');
my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off; SET enable_sort = off;};
like( sql("$parallel EXPLAIN (COSTS OFF) SELECT subscription, timeline_of_levels(at, level) FROM many GROUP BY subscription"),
	qr/Partial .*Aggregate/, 'a parallel plan');
is( sql(qq{
	CREATE TABLE serial AS SELECT subscription, timeline_of_levels(at AT TIME ZONE 'UTC', level, 'Europe/Paris') AS t FROM log GROUP BY subscription;
	$parallel
	CREATE TEMP TABLE parallel AS SELECT subscription, timeline_of_levels(at AT TIME ZONE 'UTC', level, 'Europe/Paris') AS t FROM many GROUP BY subscription;
	SELECT count(*), count(*) FILTER (WHERE timeline_send(s.t) = timeline_send(p.t)) FROM serial s JOIN parallel p USING (subscription)}),
	'200|200', 'parallel and serial');
my ($code, $out, $err) = $node->psql('postgres', "$parallel INSERT INTO many SELECT 500, 1, timestamp '2024-01-01', x FROM generate_series(1, 4000) x; SELECT timeline_of_levels(at, level) FROM many WHERE subscription = 500");
like($err, qr/two levels at one instant.*At 2024-01-01 00:00:00 one row says 1 and another 2\./s, 'contradictions of several workers');

$node->stop;
done_testing();
