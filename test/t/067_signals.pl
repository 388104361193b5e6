# signals on random customers against plain SQL; the same bytes whatever the
# order, the workers and the parts; and how often idle traits look busy.
#
# RETENTION_SETS (20): random sets compared with plain SQL; RETENTION_SEEDS (10):
# draws of nine idle traits beside the cause in the demo CRM; RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $sets = $ENV{RETENTION_SETS} || 20;
my $seeds = $ENV{RETENTION_SEEDS} || 10;
my $seed = $ENV{RETENTION_SEED} || 1;

my $node = PostgreSQL::Test::Cluster->new('signals');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
timezone = 'UTC'
extra_float_digits = 1
max_worker_processes = 8
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
jit = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');

sub query { return $node->safe_psql('postgres', $_[0]); }

##################################################################
# Plain SQL
##################################################################

# Sets differ in size, in how many keys are missing or null, and in how numbers
# are tied: few, many, fractions, negative ones; texts of up to 300 levels.
query(
	qq{
	SELECT setseed(@{[ 1 / (1 + $seed) ]});
	CREATE TABLE sets AS
	SELECT s AS set, n, random() < 0.2 + 0.3 * a AS outcome, (random() * 6)::int AS part,
		jsonb_strip_nulls(jsonb_build_object(
			'few', CASE WHEN random() < gaps THEN NULL ELSE floor(-ln(random() + 1e-9) * 3 - (s % 2) * 2) END,
			'many', CASE WHEN random() < gaps THEN NULL ELSE floor(random() * 700) END,
			'broken', CASE WHEN random() < gaps THEN NULL ELSE round((random() * 20 - 10)::numeric, s % 3) END,
			'flag', CASE WHEN random() < gaps THEN NULL ELSE random() < 0.4 END,
			'plan', CASE WHEN random() < gaps THEN NULL ELSE (ARRAY['solo', 'team', 'other'])[1 + floor(random() * 3)] END,
			'city', CASE WHEN random() < gaps THEN NULL ELSE floor(random() ^ 2 * 320)::text END))
		|| CASE WHEN random() < gaps / 2 THEN '{"few": null, "city": null}' ELSE '{}'::jsonb END
		|| CASE WHEN random() < gaps / 2 THEN '{"flag": null, "many": null}' ELSE '{}'::jsonb END AS traits
	FROM generate_series(1, $sets) s, LATERAL (SELECT (s % 4) / 10.0 AS gaps, s % 2 AS a) g, generate_series(1, 200 + s * 61 % 1500) n;
	CREATE INDEX ON sets (set);
	ANALYZE sets});

# The definition.  A row of known is a customer and a covariate that is known;
# traits are what is compared.
query(
	q{
	CREATE TABLE known AS
	SELECT r.set, r.outcome, k.key, k.kind,
		CASE WHEN r.traits ? k.key THEN r.traits ->> k.key WHEN k.kind = 'number' THEN '0' WHEN k.kind = 'boolean' THEN 'false' END AS value
	FROM sets r
	JOIN (SELECT DISTINCT set, key, jsonb_typeof(value) AS kind FROM sets, jsonb_each(traits) WHERE jsonb_typeof(value) <> 'null') k USING (set)
	WHERE jsonb_typeof(r.traits -> k.key) IS DISTINCT FROM 'null';

	CREATE TABLE numbers AS
	WITH k AS (SELECT set, key, value::float8 AS v FROM known WHERE kind = 'number'),
	lowest AS (SELECT set, key, min(v) AS least, count(DISTINCT v) <= 20 AS few FROM k GROUP BY 1, 2),
	above AS (SELECT set, key, v, few, row_number() OVER w AS place, count(*) OVER (PARTITION BY set, key) AS n
		FROM k JOIN lowest USING (set, key) WHERE v > least WINDOW w AS (PARTITION BY set, key ORDER BY v))
	SELECT DISTINCT set, key, v AS at_least FROM above WHERE few OR place IN (SELECT n * q / 20 + 1 FROM generate_series(0, 19) q);

	CREATE TABLE levels AS
	SELECT set, key, value, CASE WHEN levels > 200 AND (place > 200 OR value = 'other') THEN 'other' ELSE value END AS level
	FROM (SELECT *, count(*) OVER (PARTITION BY set, key) AS levels,
			row_number() OVER (PARTITION BY set, key ORDER BY value IS NOT DISTINCT FROM 'other', n DESC, value IS NULL, value COLLATE "C") AS place
		FROM (SELECT set, key, value, count(*) AS n FROM known WHERE kind = 'string' GROUP BY 1, 2, 3) l) r;

	CREATE TABLE traits AS
	SELECT set, key, NULL AS level, at_least, count(*) AS has, count(*) FILTER (WHERE outcome) AS with_outcome
	FROM numbers JOIN known USING (set, key) WHERE value::float8 >= at_least GROUP BY 1, 2, 4
	UNION ALL SELECT set, key, 'true', NULL, count(*), count(*) FILTER (WHERE outcome) FROM known WHERE kind = 'boolean' AND value = 'true' GROUP BY 1, 2
	UNION ALL SELECT k.set, k.key, l.level, NULL, count(*), count(*) FILTER (WHERE outcome)
	FROM levels l JOIN known k ON k.set = l.set AND k.key = l.key AND coalesce(k.value, '(none)') = coalesce(l.value, '(none)') GROUP BY 1, 2, 3;

	-- Wilson's bounds of a share
	CREATE FUNCTION wilson(x float8, n float8, sign int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
		SELECT CASE WHEN sign < 0 AND x = 0 THEN 0 WHEN sign > 0 AND x = n THEN 1 ELSE
			(2 * x + z * z + sign * z * sqrt(z * z + 4 * x * (1 - x / n))) / (2 * (n + z * z)) END FROM (SELECT 1.959963984540054) c (z) $$;

	CREATE TABLE want AS
	SELECT set, key AS covariate, coalesce(level, '(none)') AS level, coalesce(at_least, 'infinity') AS at_least, x AS has, y AS lacks,
		a / x AS rate_with, b / y AS rate_without, a / x - b / y AS difference,
		a / x - b / y - sqrt((a / x - wilson(a, x, -1)) ^ 2 + (wilson(b, y, 1) - b / y) ^ 2) AS low,
		a / x - b / y + sqrt((wilson(a, x, 1) - a / x) ^ 2 + (b / y - wilson(b, y, -1)) ^ 2) AS high,
		(x + y) * (a * (y - b) - (x - a) * b) ^ 2 / (x * y * (a + b) * (x + y - a - b)) AS chi_square
	FROM traits JOIN (SELECT set, key, count(*) AS n, count(*) FILTER (WHERE outcome) AS o FROM known GROUP BY 1, 2) t USING (set, key),
		LATERAL (SELECT has::float8, (n - has)::float8, with_outcome::float8, (o - with_outcome)::float8) c (x, y, a, b)
	WHERE has < n;
	CREATE TABLE told AS
	SELECT s.set, r.*, coalesce(level, '(none)') AS l, coalesce(at_least, 'infinity') AS t
	FROM (SELECT set, signals(outcome, traits) AS s FROM sets GROUP BY set) s,
		LATERAL (SELECT x.*, row_number() OVER () AS place FROM signal_rows(s) x) r});

is( query(
		q{
	SELECT count(DISTINCT g.set), count(*) > 20 * count(DISTINCT g.set), count(*) FILTER (WHERE g.covariate IS NULL OR w.covariate IS NULL
		OR (customers_with, customers_without) IS DISTINCT FROM (w.has::bigint, w.lacks::bigint)
		OR abs(g.rate_with - w.rate_with) > 1e-14 OR abs(g.rate_without - w.rate_without) > 1e-14 OR abs(g.difference - w.difference) > 1e-14
		OR abs(g.low - w.low) > 1e-12 OR abs(g.high - w.high) > 1e-12
		OR abs((customers_with + customers_without) * phi ^ 2 - chi_square) > 1e-10 * greatest(chi_square, 1) OR sign(phi) <> sign(g.difference))
	FROM told g FULL JOIN want w ON g.set = w.set AND g.covariate = w.covariate AND g.l = w.level AND g.t = w.at_least}),
	"$sets|t|0", "plain SQL: all rows of $sets random sets");
is( query(
		q{
	SELECT count(*) FROM (SELECT adjusted, max(p_value * (rows - place + 1)) OVER (PARTITION BY set ORDER BY place) AS holm
		FROM (SELECT *, count(*) OVER (PARTITION BY set) AS rows FROM told) r) x WHERE abs(adjusted - least(1, holm)) > 1e-12}),
	'0', 'adjusted as Holm has it');
is(query('SELECT count(*) FROM (SELECT set, n * phi ^ 2 AS chi, lag(n * phi ^ 2) OVER (PARTITION BY set ORDER BY place) AS before FROM (SELECT *, customers_with + customers_without AS n FROM told) t) x WHERE chi > before * (1 + 1e-12)'),
	'0', 'the best come first');
is(query('SELECT count(*) FROM (SELECT p_value, lag(p_value) OVER (PARTITION BY set ORDER BY place) AS before FROM told) x WHERE p_value < before OR NOT p_value BETWEEN 0 AND 1'), '0', 'and their p values ascend');

##################################################################
# The same bytes
##################################################################

query(
	q{
	CREATE TABLE all_of_them AS
	SELECT n, outcome, part, traits || jsonb_build_object('spread', random() * 1e6 - 3e5, 'scores', (random() * 5000)::int) AS traits FROM sets;
	ANALYZE all_of_them});
my $whole = query('SELECT md5(signals_send(signals(outcome, traits))::text) FROM all_of_them');
is(query('SELECT md5(signals_send(signals(outcome, traits))::text) FROM (SELECT * FROM all_of_them ORDER BY md5(n::text), md5(traits::text) OFFSET 0) r'), $whole, 'rows in another order');
like(query('SET max_parallel_workers_per_gather = 3; EXPLAIN SELECT signals(outcome, traits) FROM all_of_them'), qr/Partial Aggregate/, 'parallel plan');
is(query('SET max_parallel_workers_per_gather = 3; SELECT md5(signals_send(signals(outcome, traits))::text) FROM all_of_them'), $whole, 'workers');
is(query('SELECT md5(signals_send(rollup(s))::text) FROM (SELECT signals(outcome, traits) AS s FROM all_of_them GROUP BY part) p'), $whole, 'rollup of parts');
is( query(q{
	CREATE TABLE parts AS SELECT part, signals(outcome, traits) AS s FROM all_of_them GROUP BY part, n % 40;
	ANALYZE parts; SET max_parallel_workers_per_gather = 3;
	SELECT md5(signals_send(rollup(s::text::signals))::text) FROM parts}), $whole, 'rollup of stored parts, by text, with workers');
is(query(q{SELECT v ->> 'grid', jsonb_array_length(v -> 'value') <= 1024 FROM (SELECT signals(outcome, traits)::jsonb AS s FROM all_of_them) x, jsonb_array_elements(s -> 'covariates') v WHERE v ->> 'covariate' = 'many'}),
	'0|t', 'numbers of few values are exact');

# Beyond 1,024 different numbers: counted again on the grid that the value names.
is( query(q{
	WITH v AS (SELECT t ->> 'covariate' AS key, (t ->> 'grid')::int AS grid, (e.value #>> '{}')::float8 AS low, (t -> 'customers' ->> (e.n - 1)::int)::bigint AS customers
		FROM (SELECT signals(outcome, traits)::jsonb AS s FROM all_of_them) x, jsonb_array_elements(s -> 'covariates') t, jsonb_array_elements(t -> 'value') WITH ORDINALITY e (value, n)
		WHERE t ->> 'covariate' IN ('spread', 'scores')),
	-- how many there are below each number
	below AS (SELECT key, low, grid, customers, sum(customers) OVER (PARTITION BY key ORDER BY low) - customers AS told FROM v),
	ranks AS (SELECT key, value, NULL::float8 AS low, 0::numeric AS told FROM (SELECT (traits ->> k)::float8 AS value, k AS key FROM all_of_them, unnest('{spread,scores}'::text[]) k) a
		UNION ALL SELECT key, low, low, told FROM below)
	SELECT (SELECT count(*) > 1000 AND min(grid) > 0 FROM v), count(*) FILTER (WHERE low IS NOT NULL AND seen <> told)
	FROM (SELECT *, count(*) FILTER (WHERE low IS NULL) OVER (PARTITION BY key ORDER BY value GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS seen FROM ranks) r}),
	't|0', 'numbers on a grid: each cell has those between its number and the next');

##################################################################
# The demo CRM: the channel is a cause, nine idle traits are drawn beside it
##################################################################

my $crm = PostgreSQL::Test::Utils::slurp_file(($ENV{RETENTION_SOURCE} || '.') . '/test/demo/crm.sql');
$node->safe_psql('postgres', "CREATE DATABASE crm TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'");
$ENV{PGCLIENTENCODING} = 'UTF8';
$node->safe_psql('crm', $crm);
$node->safe_psql('crm', q{
	CREATE EXTENSION retention;
	CREATE TABLE lives AS
	SELECT customer_id, channel, EXISTS (SELECT FROM orders b WHERE b.customer_id = c.customer_id AND b.ordered_at >= first + interval '2 months') AS stayed
	FROM customers c JOIN (SELECT customer_id, min(ordered_at) AS first FROM orders GROUP BY 1) o USING (customer_id)
	WHERE first < '2025-10-01'});
my @first = split /\n/, $node->safe_psql(
	'crm', qq{
	SELECT (SELECT covariate || ' ' || coalesce(bool_or(adjusted < 0.05) FILTER (WHERE covariate <> 'channel') OVER (), false)
		FROM signal_rows(s) WITH ORDINALITY r (covariate, level, at_least, a, b, c, d, e, f, g, phi, p_value, adjusted, place) ORDER BY place LIMIT 1)
	FROM (
		SELECT seed, signals(stayed, jsonb_build_object('channel', channel, 'a', floor(u[1] * 8), 'b', floor(-ln(u[2] + 1e-9) * 5), 'c', u[3] < 0.3, 'd', u[4] < 0.05,
			'e', (ARRAY['x', 'y', 'z'])[1 + floor(u[5] * 3)::int], 'f', 'city ' || floor(u[6] * 30), 'g', u[7] * 100, 'h', floor(u[8] ^ 4 * 40), 'i', u[9] < 0.8)) AS s
		FROM generate_series(1, $seeds) seed, lives,
			LATERAL (SELECT array_agg((hashint8extended(customer_id * 16 + k, seed) & 1048575) / 1048576.0::float8 ORDER BY k) AS u FROM generate_series(1, 9) k) d
		GROUP BY seed) x});
my ($first, $quiet) = (scalar(grep { /^channel / } @first), scalar(grep { / false/ } @first));
is(scalar @first, $seeds, 'so many populations');
note("$seeds draws: the channel comes first in $first, no idle trait is significant in $quiet");
is($first, $seeds, "the channel comes first in $first of $seeds");
cmp_ok($quiet, '>=', int(0.95 * $seeds) - ($seeds < 100 ? 1 : 0), "no idle trait is significant in $quiet of $seeds");

##################################################################
# Many groups, and cancel
##################################################################

is(query("SELECT count(*), count(DISTINCT s) FROM (SELECT signals(i % 7 = 0, jsonb_build_object('a', i % 3, 'b', 'x')) AS s FROM generate_series(1, 60000) i GROUP BY i % 20000) x"),
	'20000|4', 'many small groups');
my (undef, undef, $stderr) = $node->psql('postgres', "SET statement_timeout = 300; SELECT signals(true, jsonb_build_object('n', i * 0.37)) FROM generate_series(1, 100000000) i");
like($stderr, qr/statement timeout/, 'a timeout is honoured');

$node->stop;
done_testing();
