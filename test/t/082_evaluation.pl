# auc, gini, brier, log_loss, lift and calibration: against their definitions,
# pair by pair in plain SQL, on random customers with ties and weights; whatever
# the order of rows and the workers.
#
# More of them: RETENTION_CASES; others: any other RETENTION_SEED.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{RETENTION_SEED} || 1;
my $cases = $ENV{RETENTION_CASES} || 200;

my $node = PostgreSQL::Test::Cluster->new('evaluation');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
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

# A set has 2 to 80 rows, of 2 to 40 different probabilities and as many scores
# on both sides of 0; the outcome goes with them in some sets; in some, weights
# are large, and in some a few scores take all.
query(qq{
	SELECT setseed(1.0 / (1 + $seed));
	CREATE TABLE rows AS
	SELECT s AS set, n, (1 + floor(random() * d.kinds)) / (d.kinds + 1) AS p,
		0::float8 AS score, false AS outcome,
		CASE WHEN d.heavy THEN floor(random() * 1000000) ELSE floor(random() * 4) END::bigint AS w
	FROM (
		SELECT s, 2 + floor(random() * 79)::int AS size, 2 + floor(random() * 39)::int AS kinds, random() < 0.2 AS heavy
		FROM generate_series(1, $cases) AS s) AS d, generate_series(1, d.size) AS n;
	UPDATE rows SET score = CASE WHEN set % 5 = 0 THEN floor(p * 3) - 1 ELSE (p - 0.4) * exp(set % 40 - 20) END,
		outcome = random() < CASE WHEN set % 3 = 0 THEN 0.3 ELSE p END;
	CREATE TABLE bins AS SELECT set, 1 + set % 20 AS bins, (1 + set % 17) / 17.0::float8 AS share
	FROM generate_series(1, $cases) AS set;
});
my ($ties, $useful) = split /\|/, query(q{
	SELECT count(*) FILTER (WHERE n > 1), (SELECT count(*) FROM (
		SELECT FROM rows GROUP BY set HAVING bool_or(outcome AND w > 0) AND bool_or(NOT outcome AND w > 0)) AS x)
	FROM (SELECT count(*) AS n FROM rows GROUP BY set, p) AS t});
cmp_ok($ties, '>', $cases, 'scores tie');
cmp_ok($useful, '>=', 0.8 * $cases, 'most sets have both outcomes');

# ---------------------------------------------------------------------
# Definitions
# ---------------------------------------------------------------------

# Rows with a weight w, which is 1 for the forms without; compared to 12 digits.
for my $form ([ '', '1::bigint' ], [ ', w', 'w' ])
{
	my ($weight, $w) = @$form;
	my $name = $weight ? 'with weights' : 'a row each';
	query(qq{
		DROP TABLE IF EXISTS ours, theirs, rows_w;
		CREATE TABLE rows_w AS SELECT set, p, score, outcome, $w AS w FROM rows WHERE $w > 0;
		CREATE INDEX ON rows_w (set);
		ANALYZE rows_w;
		CREATE TABLE ours AS
		SELECT set, auc(score, outcome$weight), gini(score, outcome$weight), brier(p, outcome$weight),
			log_loss(p, outcome$weight), lift(score, outcome, share$weight)
		FROM rows JOIN bins USING (set) GROUP BY set;
		CREATE TABLE theirs AS
		WITH pairs AS (
			SELECT a.set, sum(a.w::numeric * b.w * CASE WHEN a.score > b.score THEN 1 WHEN a.score = b.score THEN 0.5 ELSE 0 END)
				/ sum(a.w::numeric * b.w) AS auc
			FROM rows_w a JOIN rows_w b ON a.set = b.set AND a.outcome AND NOT b.outcome GROUP BY 1),
		-- the part of each customer that is among the highest scores
		tops AS (
			SELECT set, w, outcome, greatest(0, least(1, (share * (sum(w) OVER s)::float8
				- (SELECT coalesce(sum(h.w), 0) FROM rows_w h WHERE h.set = r.set AND h.score > r.score)::float8)
				/ (SELECT sum(h.w) FROM rows_w h WHERE h.set = r.set AND h.score = r.score)::float8)) AS part
			FROM rows_w r JOIN bins USING (set) WINDOW s AS (PARTITION BY set))
		SELECT set, auc, 2 * auc - 1 AS gini, brier, log_loss, lift
		FROM (SELECT set, sum(w::numeric * (p - outcome::int)::numeric ^ 2) / sum(w) AS brier,
				-sum(w * ln(CASE WHEN outcome THEN p ELSE 1 - p END)::numeric) / sum(w) AS log_loss
			FROM rows_w GROUP BY set) AS a
		LEFT JOIN pairs USING (set)
		LEFT JOIN (SELECT set, sum(w * part * outcome::int) / nullif(sum(w * part), 0)
				/ nullif(sum(w * outcome::int) / sum(w)::float8, 0) AS lift FROM tops GROUP BY set) AS t USING (set)});
	for my $measure (qw(auc gini brier log_loss lift))
	{
		is( query(qq{
			SELECT count(*) FROM ours FULL JOIN theirs USING (set)
			WHERE ours.$measure IS NULL <> (theirs.$measure IS NULL)
				OR abs(ours.$measure - theirs.$measure) > 1e-12 * greatest(1, abs(theirs.$measure))}),
			0, "$measure, $name: as by its definition");
		cmp_ok(query("SELECT count($measure) FROM theirs"), '>=', 0.8 * $cases, "$measure, $name: mostly a number");
	}

	# The part of the customers by how many have a lower probability.
	my $differ = query(qq{
		WITH numbered AS (
			SELECT set, p, outcome, w, 1 + div(bins * (SELECT coalesce(sum(l.w), 0) FROM rows_w l WHERE l.set = r.set AND l.p < r.p),
				(SELECT sum(l.w) FROM rows_w l WHERE l.set = r.set)) AS bin
			FROM rows_w r JOIN bins USING (set)),
		theirs AS (
			SELECT set, bin, sum(w) AS customers, min(p) AS lowest, max(p) AS highest, sum(w * p::numeric) / sum(w) AS predicted,
				sum(w * outcome::int)::float8 / sum(w)::float8 AS observed
			FROM numbered GROUP BY 1, 2),
		wilson AS (
			SELECT *, (observed + z * z / (2 * n)) / (1 + z * z / n) AS middle,
				z / (1 + z * z / n) * sqrt(observed * (1 - observed) / n + z * z / (4 * n * n)) AS half
			FROM (SELECT *, customers::float8 AS n, 1.959963984540054::float8 AS z FROM theirs) AS x),
		ours AS (
			SELECT set, c.* FROM (
				SELECT set, calibration(p, outcome, bins$weight) AS c FROM rows JOIN bins USING (set) GROUP BY set) AS x, unnest(c) AS c)
		SELECT count(*) FILTER (WHERE o.set IS NULL OR t.set IS NULL OR o.customers <> t.customers OR o.lowest <> t.lowest
				OR o.highest <> t.highest OR abs(o.predicted - t.predicted) > 1e-12 OR abs(o.observed - t.observed) > 1e-12
				OR abs(o.observed_low - (middle - half)) > 1e-12 OR abs(o.observed_high - (middle + half)) > 1e-12) || ' of ' || (count(*) > $cases)
		FROM ours o FULL JOIN wilson t USING (set, bin)});
	is($differ, '0 of true', "calibration, $name: as by its definition");
}

# ---------------------------------------------------------------------
# Order, workers
# ---------------------------------------------------------------------

my $all = q{SELECT md5(concat_ws(' ', auc(score, outcome, w), gini(score, outcome), brier(p, outcome, w), log_loss(p, outcome),
	lift(score, outcome, 0.15, w), calibration(p, outcome, 7, w)))};
my $serial = query("$all FROM rows");
is(query("$all FROM (SELECT * FROM rows ORDER BY random()) AS r"), $serial, 'shuffled: the same digits');
is(query("$all FROM (SELECT * FROM rows ORDER BY score DESC) AS r"), $serial, 'descending: the same digits');
query('ALTER TABLE rows SET (parallel_workers = 3); ANALYZE rows');
my $workers = 'SET max_parallel_workers_per_gather = 3; SET parallel_leader_participation = off;';
like(query("$workers EXPLAIN $all FROM rows"), qr/Partial Aggregate/, 'a parallel plan');
is(query("$workers $all FROM rows"), $serial, 'workers: the same digits');
is(query("$workers SELECT auc(score, outcome) IS NULL, lift(score, outcome, 0.5) IS NULL, calibration(p, outcome, 3) IS NULL FROM rows WHERE n < 0"),
	't|t|t', 'workers without rows');

# ---------------------------------------------------------------------
# The figures of doc/models.md
# ---------------------------------------------------------------------

SKIP:
{
	my $source = $ENV{RETENTION_SOURCE} || '.';
	my $file = ($ENV{RETENTION_SHARED} || "$source/../shared") . '/data/CDNOW_sample.txt';
	skip 'no CDNOW_sample.txt in the data folder of RETENTION_SHARED', 2 unless -r $file;
	my $rows = join '', map { /([0-9]+)\s+([0-9]{8})\s+[0-9]+\s+([0-9.]+)\s*$/ ? "$1\t$2\t$3\n" : () } split /\n/, slurp_file($file);
	query("CREATE TABLE cdnow (customer int, at date, dollars numeric);\nCOPY cdnow FROM STDIN;\n$rows\\.\n");
	query(q{
		CREATE TABLE foretold AS
		SELECT 1 - p_no_purchase(m, '39 weeks', history, '1997-10-01') AS p, orders(history, '1997-10-01', '1998-07-01') > 0 AS came,
			(purchase_summary(history, '1997-10-01')).recency
		FROM (SELECT timeline(at, dollars) AS history FROM cdnow GROUP BY customer) AS t,
			(SELECT purchase_model('bg/nbd', history, '1997-10-01', 'week') AS m FROM (
				SELECT timeline(at, dollars) AS history FROM cdnow GROUP BY customer) AS h) AS f});
	# by the definitions
	is( query(q{
		WITH pairs AS (
			SELECT avg(CASE WHEN a.p > b.p THEN 1 WHEN a.p = b.p THEN 0.5 ELSE 0 END) AS auc,
				avg(CASE WHEN a.recency > b.recency THEN 1 WHEN a.recency = b.recency THEN 0.5 ELSE 0 END) AS simple
			FROM foretold a, foretold b WHERE a.came AND NOT b.came),
		highest AS (SELECT p, came FROM foretold ORDER BY p DESC LIMIT 236)
		SELECT count(*), round((SELECT auc FROM pairs), 3), round((SELECT simple FROM pairs), 3), round(avg((p - came::int) ^ 2)::numeric, 3),
			round(avg(came::int) * (1 - avg(came::int)), 3), round(avg(-ln(CASE WHEN came THEN p ELSE 1 - p END))::numeric, 3),
			round((SELECT avg(p) FROM highest)::numeric, 2), round((SELECT avg(came::int) FROM highest), 2)
		FROM foretold}), '2357|0.757|0.763|0.161|0.206|0.506|0.74|0.81', 'CDNOW: the figures of the documentation');
	is( query(q{
		SELECT round(auc(p, came)::numeric, 3), round(auc(recency, came)::numeric, 3), round(brier(p, came)::numeric, 3),
			round(log_loss(p, came)::numeric, 3), round(lift(p, came, 0.1)::numeric, 2),
			(SELECT round(predicted::numeric, 2) || '|' || round(observed::numeric, 2) FROM unnest(calibration(p, came, 10)) WHERE bin = 10)
		FROM foretold}), '0.757|0.763|0.161|0.506|2.80|0.74|0.81', 'CDNOW: as the aggregates say');
}

# ---------------------------------------------------------------------
# Another script
# ---------------------------------------------------------------------

my $library = query(q{SELECT probin FROM pg_proc WHERE proname = 'calibration_final'});
for my $result ([ 'int[]', 'an array of rows' ], [ 'int', 'an array of rows' ], [ 'other[]', 'Column 2' ], [ 'longer[]', 'with 9 columns' ])
{
	my ($type, $why) = @$result;
	my ($code, $out, $err) = $node->psql(
		'postgres', qq{
		\\set VERBOSITY verbose
		BEGIN;
		CREATE TYPE other AS (bin int, customers int, lowest float8, highest float8, predicted float8, observed float8, observed_low float8, observed_high float8);
		CREATE TYPE longer AS (bin int, customers bigint, lowest float8, highest float8, predicted float8, observed float8, observed_low float8, observed_high float8, more int);
		CREATE FUNCTION my_final(internal) RETURNS $type AS '$library', 'retention_calibration_final' LANGUAGE C;
		CREATE AGGREGATE my_calibration(float8, boolean, int) (SFUNC = evaluation_bins, STYPE = internal, FINALFUNC = my_final);
		SELECT my_calibration(p, outcome, 3) FROM rows;
		ROLLBACK});
	like($err, qr/42804.*\Q$why\E/s, "a final function that returns $type: error 42804");
}

done_testing();
