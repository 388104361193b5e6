# A job of pg_cron keeps timelines fresh, as doc/operations.md says.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('cron');
$node->init;
plan skip_all => 'pg_cron is not installed (Debian: postgresql-NN-cron)'
  unless -e $node->config_data('--sharedir') . '/extension/pg_cron.control';

# Jobs run in background workers, which need no rule for their connections.
$node->append_conf('postgresql.conf', <<'END');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
timezone = 'UTC'
END
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION retention;
CREATE EXTENSION pg_cron;
CREATE TABLE orders (customer_id int, ordered_at timestamptz, amount numeric);
INSERT INTO orders
	SELECT i % 20, timestamptz '2024-01-01' + i * interval '13 hours', i
	FROM generate_series(1, 500) AS i;
CREATE MATERIALIZED VIEW customer_timelines AS
	SELECT customer_id, timeline(ordered_at, amount, 'Europe/Paris') AS history
	FROM orders
	GROUP BY customer_id;
CREATE UNIQUE INDEX ON customer_timelines (customer_id);
END

# New orders of an old customer and of a new one, which the view has not seen.
$node->safe_psql('postgres', <<'END');
INSERT INTO orders VALUES (1, '2025-01-01 12:00+00', 10), (99, '2025-01-02 23:30+00', 20);
END
my $stale = q{SELECT count(*) FROM customer_timelines WHERE last_at(history) >= '2025-01-01'};
is($node->safe_psql('postgres', $stale), '0', 'the view is as old as it is');

# A dashboard beside it, made in a session of another zone than the jobs have.
$node->safe_psql('postgres', q{
	SET timezone = 'Asia/Tokyo';
	CALL retention_dashboard('board', 'orders', 'customer_id', 'ordered_at', 'amount');
	INSERT INTO orders VALUES (98, '2025-02-03 20:00+00', 30)});
is($node->safe_psql('postgres', 'SELECT as_of FROM board.settings'), '2025-01-04', 'the dashboard is as old as it is');

$node->safe_psql('postgres', q{
	SELECT cron.schedule('retention', '* * * * *', $$CALL retention_refresh('board')$$);
	SELECT cron.schedule('customer timelines', '* * * * *',
		'REFRESH MATERIALIZED VIEW CONCURRENTLY customer_timelines')});

# It runs at the next full minute.
ok( $node->poll_query_until(
		'postgres', q{SELECT count(DISTINCT jobid) = 2 FROM cron.job_run_details WHERE status IN ('succeeded', 'failed')}),
	'the jobs have run');
is( $node->safe_psql('postgres', 'SELECT DISTINCT status FROM cron.job_run_details WHERE status IN (\'succeeded\', \'failed\')'),
	'succeeded', 'and succeeded');
is($node->safe_psql('postgres', 'SELECT as_of, zone, (SELECT last_order FROM board.customers WHERE customer = 98) FROM board.settings'),
	'2025-02-05|Asia/Tokyo|2025-02-04', 'the dashboard is fresh, and cut in the zone it was made in');
is($node->safe_psql('postgres', $stale), '3', 'the view is fresh');
is( $node->safe_psql(
		'postgres', q{SELECT last_at(history), orders(history), revenue(history) FROM customer_timelines WHERE customer_id = 99}),
	'2025-01-03|1|20', 'an instant was cut in the zone named, not in that of the job');
is( $node->safe_psql(
		'postgres', q{
		SELECT count(*)
		FROM customer_timelines AS v
		FULL JOIN (
			SELECT customer_id, timeline(ordered_at, amount, 'Europe/Paris') AS history
			FROM orders
			GROUP BY customer_id) AS t USING (customer_id)
		WHERE v.history IS DISTINCT FROM t.history}),
	'0', 'every timeline is that of the orders');

$node->stop;
done_testing();
