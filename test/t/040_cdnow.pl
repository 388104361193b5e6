# The CDNOW data (Fader and Hardie): 23,570 customers who first bought in the
# first quarter of 1997, followed to June 1998.  Every cell equals the usual SQL.
#
# The file is not part of the project: RETENTION_SHARED names the folder that
# holds data/CDNOW_master.txt.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";
my $file = "$shared/data/CDNOW_master.txt";

plan skip_all => 'no CDNOW_master.txt in the data folder of RETENTION_SHARED'
  unless -r $file;

# customer_id date number_of_cds dollar_value, blanks between, CR LF at the end
my @lines = split /\r?\n/, slurp_file($file);
shift @lines;
my @rows;
for (@lines)
{
	my ($customer, $date, undef, $dollars) = split ' ';
	push @rows, "$customer\t$date\t$dollars" if defined $dollars;
}

my $node = PostgreSQL::Test::Cluster->new('cdnow');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'UTC'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->safe_psql('postgres',
	"CREATE TABLE cdnow (customer int, at date, dollars numeric);\nCOPY cdnow FROM STDIN;\n" . join("\n", @rows) . "\n\\.\n");
$node->safe_psql('postgres', slurp_file("$source/test/reference/cohort_matrix.sql"));

my $matrix = q{(SELECT cohort_matrix(customer, at, dollars, 'month') FROM cdnow)};

is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT customer), min(at), max(at) FROM cdnow'),
	'69659|23570|1997-01-01|1998-06-30', 'the data set is the one described');

is( $node->safe_psql(
		'postgres', "SELECT cohort, cohort_size, max(age) FROM cohort_cells($matrix) WHERE cohort_size > 0 GROUP BY 1, 2 ORDER BY 1"),
	$node->safe_psql(
		'postgres', q{
		SELECT cohort, count(*), 17 - row_number() OVER (ORDER BY cohort) + 1
		FROM (SELECT date_trunc('month', min(at))::date AS cohort FROM cdnow GROUP BY customer) c
		GROUP BY 1 ORDER BY 1}),
	'cohorts and their ages');
is( $node->safe_psql(
		'postgres', "SELECT string_agg(to_char(cohort, 'YYYY-MM'), ' ' ORDER BY cohort), sum(cohort_size) FROM cohort_cells($matrix, up_to_age => 0) WHERE cohort_size > 0"),
	'1997-01 1997-02 1997-03|23570', 'cohorts of three months hold everybody');
is( $node->safe_psql('postgres', "SELECT count(DISTINCT cohort), count(DISTINCT age), count(*) FROM cohort_cells($matrix)"),
	'18|18|171', 'eighteen months: the triangle has 18 * 19 / 2 cells');

# The usual SQL: distinct customers and sums per cohort and month.
my $usual = q{
	WITH first AS (
		SELECT customer, date_trunc('month', min(at))::date AS cohort FROM cdnow GROUP BY customer
	), cells AS (
		SELECT cohort,
			(extract(year FROM age(date_trunc('month', at), cohort)) * 12
			 + extract(month FROM age(date_trunc('month', at), cohort)))::int AS age,
			count(DISTINCT customer) AS active, count(*) AS orders, sum(dollars) AS revenue
		FROM cdnow JOIN first USING (customer) GROUP BY 1, 2
	)
	SELECT cohort, age, active, orders, trim_scale(revenue) AS revenue,
		trim_scale(sum(revenue) OVER (PARTITION BY cohort ORDER BY age)) AS cumulative
	FROM cells};
is( $node->safe_psql(
		'postgres', qq{
		WITH got AS (
			SELECT cohort, age, active, orders, revenue, cumulative_revenue
			FROM cohort_cells($matrix) WHERE orders > 0),
		want AS ($usual)
		SELECT count(*), (SELECT count(*) FROM (TABLE got EXCEPT ALL TABLE want) x),
			(SELECT count(*) FROM (TABLE want EXCEPT ALL TABLE got) x) FROM want}),
	'51|0|0', '18 + 17 + 16 cells equal the usual SQL');

# And the definition, column by column, through several grains.
$node->safe_psql('postgres',
	'INSERT INTO reference.activity SELECT customer::text, NULL, at, dollars FROM cdnow WHERE customer % 10 = 0');
my $tenth = 'FROM cdnow WHERE customer % 10 = 0';
for (
	[ 'month', q{'month', 1, NULL, false, NULL, NULL} ],
	[ 'quarter', q{'quarter', 1, NULL, false, NULL, NULL} ],
	[ '8 weeks starting wednesday', q{'week', 8, 'wednesday', false, NULL, NULL} ],
	[ '3 months since start by month', q{'month', 3, NULL, true, 'month', NULL} ],
	[ 'days 0,1,30,90,365 since start by month', q{'day', 1, NULL, true, 'month', '{0,1,30,90,365}'::int[]} ])
{
	my ($grain, $parts) = @$_;
	my $columns = 'cohort, age, period, cohort_size, active, active_or_later, active_streak, orders, revenue, cumulative_revenue, retention, retention_or_later, retention_streak, revenue_per_customer, complete';
	is( $node->safe_psql(
			'postgres', qq{
			CREATE TEMP TABLE got AS SELECT $columns FROM cohort_cells((SELECT cohort_matrix(customer, at, dollars, '$grain') $tenth), '1998-07-01');
			CREATE TEMP TABLE want AS SELECT $columns FROM reference.cohort_cells(ROW($parts, false, true)::reference.question, '1998-07-01');
			SELECT count(*) > 5, (SELECT count(*) FROM (TABLE got EXCEPT ALL TABLE want) x),
				(SELECT count(*) FROM (TABLE want EXCEPT ALL TABLE got) x) FROM want}),
		't|0|0', "$grain: every cell of a tenth of the customers equals the definition");
}

# One bracket of eighteen months holds everybody and all money.
is( $node->safe_psql(
		'postgres', "SELECT customers, trim_scale(round(ltv * customers, 2)) = (SELECT trim_scale(sum(dollars)) FROM cdnow)
			FROM retention_curve((SELECT cohort_matrix(customer, at, dollars, 'months 0,18') FROM cdnow), '1999-01-01')"),
	'23570|t', 'everybody, and all money');

$node->stop;
done_testing();
