# The independent recomputation of timelines (test/reference/timeline.sql) is
# right: public vectors and cases worked out by hand come out of it.  The
# extension is not used here.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $shared = $ENV{RETENTION_SHARED} || "$source/../shared";

my $node = PostgreSQL::Test::Cluster->new('timeline_reference');
$node->init;
$node->start;
$node->safe_psql('postgres', slurp_file("$source/test/reference/$_.sql")) for 'cohort_matrix', 'timeline';

# rows: of reference.activity (customer, started_at, at, amount); ranges: of
# (customer, during, amount).
sub ask
{
	my ($query, %ask) = @_;
	my $zone = $ask{zone} || 'UTC';
	my $fill = '';
	$fill .= "INSERT INTO reference.activity $ask{rows};" if $ask{rows};
	$fill .= "INSERT INTO reference.subscription SELECT customer, reference.covered(during), amount FROM ($ask{ranges}) v (customer, during, amount);" if $ask{ranges};
	return $node->safe_psql(
		'postgres', qq{
		SET timezone = '$zone';
		SET datestyle = 'ISO, YMD';
		TRUNCATE reference.activity, reference.subscription;
		$fill
		$query;});
}

sub question
{
	my ($unit, %q) = @_;
	return sprintf("ROW('%s', %d, %s, false, NULL, NULL, false, %s)::reference.question",
		$unit, $q{n} || 1, $q{starting} ? "'$q{starting}'" : 'NULL', $q{has_amount} ? 'true' : 'false');
}

# a column of a matrix as 'cohort [age 0, age 1, ...]' lines
sub triangle
{
	my ($column, $cells, %ask) = @_;
	return ask(qq{SELECT to_char(cohort, 'MM-DD') || ' [' || string_agg($column\::text, ',' ORDER BY age) || ']'
		FROM reference.$cells GROUP BY cohort ORDER BY cohort}, %ask);
}

sub events { return 'SELECT c, NULL::timestamptz, d::timestamptz, NULL::numeric FROM (VALUES ' . $_[0] . ') v (c, days), unnest(days::text[]) d' }

sub june { return 'SELECT c, NULL::timestamptz, timestamptz \'2020-06-01 05:00+00\' + (d - 1) * interval \'24 hours\', NULL::numeric FROM (VALUES ' . $_[0] . ') v (c, days), unnest(days::int[]) d' }

my $yes = "ROW('p', true, true)::reference.timeline";
my $no = "ROW('p', false, true)::reference.timeline";

#----------------------------------------------------------------
# Recurring matrices
#----------------------------------------------------------------

is( triangle('active', 'recurring_cells(' . question('day') . q{, false, '2020-06-21')},
		rows => june(q{('p1', '{10,11,12,15,15,16}'), ('p2', '{11,12,13,16}')})),
	"06-10 [1,1,1,0,0,1,1,0,0,0,0]\n06-11 [2,2,1,0,1,2,0,0,0,0]\n06-12 [2,1,0,1,2,0,0,0,0]\n06-13 [1,0,0,1,0,0,0,0]\n"
	  . "06-14 [0,0,0,0,0,0,0]\n06-15 [1,1,0,0,0,0]\n06-16 [2,0,0,0,0]\n06-17 [0,0,0,0]\n06-18 [0,0,0]\n06-19 [0,0]\n06-20 [0]",
	'V5');

is( triangle('active', 'recurring_cells(' . question('month') . q{, false, '2020-12-01')},
		rows => events(q{('p1', '{2020-01-15,2020-02-15,2020-03-15,2020-05-15,2020-06-15,2020-09-15}'),
			('p2', '{2020-01-15,2020-02-15,2020-03-15,2020-06-15,2020-07-15,2020-11-15}')})),
	"01-01 [2,2,2,0,1,2,1,0,1,0,1]\n02-01 [2,2,0,1,2,1,0,1,0,1]\n03-01 [2,0,1,2,1,0,1,0,1]\n04-01 [0,0,0,0,0,0,0,0]\n"
	  . "05-01 [1,1,0,0,1,0,0]\n06-01 [2,1,0,1,0,1]\n07-01 [1,0,0,0,1]\n08-01 [0,0,0,0]\n09-01 [1,0,0]\n10-01 [0,0]\n11-01 [1]",
	'V7');

is( triangle('active', 'recurring_cells(' . question('week', starting => 'sunday') . q{, false)},
		rows => events(q{('p1', '{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-06-24}'),
			('p2', '{2020-06-10,2020-06-11,2020-06-17,2020-07-04,2020-07-11,2020-07-25}')})),
	"06-07 [2,2,1,2,2,0,1]\n06-14 [2,1,2,2,0,1]\n06-21 [1,1,1,0,0]\n06-28 [2,2,0,1]\n07-05 [2,0,1]\n07-12 [0,0]\n07-19 [1]",
	'V8');

my $v10 = events(q{('p1', '{2020-06-09 01:00+00,2020-06-10 01:00+00,2020-06-11 01:00+00}'),
	('p2', '{2020-06-16 01:00+00,2020-06-16 09:00+00}')});
is( triangle('active', 'recurring_cells(' . question('day') . q{, false, '2020-06-21') WHERE cohort_size > 0 AND cohort >= '2020-06-10'}, rows => $v10),
	"06-10 [1,1,0,0,0,0,0,0,0,0,0]\n06-11 [1,0,0,0,0,0,0,0,0,0]\n06-16 [1,0,0,0,0]", 'V10, UTC');
is( triangle('active', 'recurring_cells(' . question('day') . q{, false, '2020-06-18') WHERE cohort_size > 0}, rows => $v10, zone => 'America/Los_Angeles'),
	"06-08 [1,1,1,0,0,0,0,0,0,0]\n06-09 [1,1,0,0,0,0,0,0,0]\n06-10 [1,0,0,0,0,0,0,0]\n06-15 [1,1,0]\n06-16 [1,0]", 'V10, Los Angeles');

my $r = june(q{('p1', '{10,13,14}'), ('p2', '{10,11}'), ('p3', '{11,12,13}'), ('p4', '{13,14}'), ('p5', '{14}')});
is( triangle('active_or_later', 'recurring_cells(' . question('day') . q{, false, '2020-06-16') WHERE cohort > '2020-06-10'}, rows => $r),
	"06-11 [2,1,1,0,0]\n06-12 [1,1,0,0]\n06-13 [3,2,0]\n06-14 [3,0]\n06-15 [0]", 'V12');
# p1 10 alone, p2 10 11, p3 11 12 13, p4 13 14, p1 13 14
is( triangle('active_streak', 'recurring_cells(' . question('day') . q{, false, '2020-06-16')}, rows => $r),
	"06-10 [2,1,0,0,0,0]\n06-11 [2,1,1,0,0]\n06-12 [1,1,0,0]\n06-13 [3,2,0]\n06-14 [3,0]\n06-15 [0]", 'streaks of V12');

#----------------------------------------------------------------
# Days of ranges, levels
#----------------------------------------------------------------

is( ask(q{SELECT string_agg(coalesce(reference.covered(r)::text, 'NULL'), ' ' ORDER BY n) FROM (VALUES
		(1, daterange('2020-01-01', '2020-01-31', '[]')), (2, daterange('2020-01-01', NULL)), (3, daterange('2020-01-01', 'infinity')),
		(4, 'empty'), (5, daterange('2020-01-01', '2020-01-01')), (6, NULL)) v (n, r)}),
	'[2020-01-01,2020-02-01) [2020-01-01,) [2020-01-01,) empty empty NULL', 'date ranges');
is( ask(q{SELECT string_agg(reference.covered(r)::text, ' ' ORDER BY n) FROM (VALUES
		(1, tsrange('2020-01-01 10:00', '2020-01-31 23:59:59', '[]')), (2, tsrange('2020-01-01', '2020-01-31', '[]')),
		(3, tsrange('2020-01-01 00:00:01', '2020-01-01 23:59:58', '[]')), (4, tsrange('2020-01-01', '2020-01-02', '(]')), (5, tsrange('2020-01-01', 'infinity', '[]'))) v (n, r)}),
	'[2020-01-01,2020-02-01) [2020-01-01,2020-01-31) empty [2020-01-01,2020-01-02) [2020-01-01,)', 'ranges of local times');
for ([ 'UTC', '[2020-01-31,2020-02-29)' ], [ 'Europe/Paris', '[2020-02-01,2020-03-01)' ])
{
	is(ask(q{SELECT reference.covered(tstzrange('2020-01-31 23:30+00', '2020-02-29 23:00+00'))}, zone => $_->[0]), $_->[1], "a range of instants, $_->[0]");
}

is( ask("SELECT day, level FROM reference.level_changes($yes)",
		ranges => q{VALUES ('p', daterange('2020-01-01', '2020-03-01'), 10::numeric), ('p', '[2020-02-01,2020-04-01)', 5.5),
			('p', '[2020-03-01,2020-04-01)', 10), ('p', '[2020-04-01,)', 3), ('p', '[2020-06-01,2020-07-01)', NULL), ('x', '[2020-01-05,)', 99)}),
	"2020-01-01|10\n2020-02-01|15.5\n2020-04-01|3", 'overlapping ranges add up, adjacent ones join');

# X46, X47, X50 and X20
is( ask("SELECT tenure FROM reference.summary($no, '2020-03-06')", rows => q{VALUES ('p', NULL::timestamptz, '2020-01-31'::timestamptz, 1::numeric)}), '34', 'X46');
is( ask("SELECT movement, period FROM reference.timeline_movements($yes, " . question('month', has_amount => 1) . ", '2020-12-01')",
		ranges => q{VALUES ('p', daterange('2020-01-01', '2020-01-31', '[]'), 10::numeric), ('p', '[2020-02-01,)', 10)}),
	'new|2020-01-01', 'X47');
is( ask("SELECT movement, period, opening, closing FROM reference.timeline_movements($yes, " . question('month', has_amount => 1) . ", '2020-12-01')",
		ranges => q{VALUES ('p', daterange('2020-01-15', '2020-05-15'), 10::numeric), ('p', '[2020-05-15,2020-06-15)', 10)}),
	"new|2020-01-01|0|10\nchurned|2020-06-01|10|0", 'X20');

#----------------------------------------------------------------
# Readers
#----------------------------------------------------------------

my $x25 = q{SELECT c, NULL::timestamptz, d::timestamptz, 10::numeric FROM (VALUES ('c1', '{2015-02-01,2015-02-06}'::text[]), ('c2', '{2015-01-01}'),
	('c3', '{2015-01-01,2015-01-02,2015-01-05}')) v (c, days), unnest(days) d};
is( ask(q{SELECT c, frequency, recency, age FROM unnest('{c1,c2,c3}'::text[]) c, reference.purchase_summary(ROW(c, false, true)::reference.timeline, '2015-02-08', 'day') ORDER BY 1}, rows => $x25),
	"c1|1|5|6\nc2|0|0|37\nc3|2|4|37", 'X25');
is( ask(q{SELECT round((37 * 12)::numeric / 365, 9) = round(age::numeric, 9), monetary_value IS NULL FROM reference.purchase_summary(ROW('c2', false, true)::reference.timeline, '2015-02-08', 'month')}, rows => $x25),
	't|t', 'months of 365/12 days');

# a life: an order, a second one, half a year of silence, two more
my $life = q{VALUES ('p', NULL::timestamptz, '2021-01-01'::timestamptz, 10::numeric), ('p', NULL, '2021-01-31', 20), ('p', NULL, '2021-02-05', -5),
	('p', NULL, '2021-09-01', 30), ('p', NULL, '2021-09-11', 0), ('p', NULL, '2021-09-11', -1)};
my @days = qw(2021-01-01 2021-01-02 2021-01-03 2021-02-01 2021-05-01 2021-05-02 2021-07-30 2021-07-31 2021-09-02 2021-09-12 2022-02-27 2022-02-28 2022-03-11);
is( ask('SELECT string_agg(coalesce(reference.lifecycle(' . $no . q{, d::date), 'NULL'), ', ' ORDER BY d) FROM unnest(string_to_array('} . "@days" . q{', ' ')) d}, rows => $life),
	'NULL, new, new, regular, regular, at risk, at risk, lost, won back, won back, at risk, at risk, lost', 'lifecycle');
is( ask("SELECT first_at, last_at, orders, active_days, revenue, tenure, round(overdue::numeric, 9) FROM reference.summary($no, '2021-09-21')", rows => $life),
	'2021-01-01|2021-09-11|4|4|54|262|' . sprintf('%.9f', 9 / (253 / 3)), 'summary');
is( ask("SELECT period, movement, opening, closing FROM reference.timeline_movements($no, " . question('month', has_amount => 1) . ", '2021-12-01')", rows => $life),
	"2021-01-01|new|0|30\n2021-02-01|churned|30|-5\n2021-03-01|expansion|-5|0\n2021-09-01|reactivated|0|29\n2021-10-01|churned|29|0", 'movements with refunds');

#----------------------------------------------------------------
# Matrices over ranges
#----------------------------------------------------------------

# a: gone within its first month; b: until the end of March, up in February; c: from February
my $plans = q{VALUES ('a', daterange('2021-01-05', '2021-01-20'), 10::numeric), ('b', '[2021-01-10,2021-02-10)', 20), ('b', '[2021-02-10,2021-04-01)', 30), ('c', '[2021-02-28,)', 7)};
my $q = question('month', has_amount => 1);
is(triangle('active', "level_cells($q, '2021-06-01')", ranges => $plans), "01-01 [2,1,1,0,0]\n02-01 [1,1,1,1]\n03-01 [0,0,0]\n04-01 [0,0]\n05-01 [0]", 'ranges: active');
is(triangle('revenue', "level_cells($q, '2021-06-01')", ranges => $plans), "01-01 [20,30,30,0,0]\n02-01 [7,7,7,7]\n03-01 [0,0,0]\n04-01 [0,0]\n05-01 [0]", 'ranges: revenue');
is(triangle('active_or_later', "level_cells($q, '2021-03-01')", ranges => $plans), "01-01 [2,1]\n02-01 [1]", 'ranges: on or later');
is(triangle('complete', "level_cells($q)", ranges => $plans), "01-01 [true,false]\n02-01 [false]", 'ranges: the data end with the last start');

SKIP:
{
	my $file = "$shared/data/subscription_periods.csv";
	skip 'no subscription_periods.csv in the data folder of RETENTION_SHARED', 4 unless -r $file;
	my (undef, @lines) = split /\r?\n/, slurp_file($file);
	my $ranges = 'VALUES ' . join(', ', map { my ($id, $customer, $from, $to, $amount) = split /,/; "('$customer', daterange('$from', '$to'), $amount\::numeric)" } @lines);
	my $all = 'FROM (SELECT DISTINCT customer FROM reference.subscription) c, reference.timeline_movements(ROW(c.customer, true, true)::reference.timeline, ';
	is( ask("SELECT movement, count(*), sum(closing - opening) $all $q, '2020-03-01') GROUP BY 1 ORDER BY 1", ranges => $ranges),
		"churned|58|-2550\ncontraction|27|-555\nexpansion|30|660\nnew|55|2295\nreactivated|3|150", 'X17');
	is( ask("SELECT movement, count(*), sum(closing - opening) $all $q, '2020-03-01') WHERE period = '2019-04-01' GROUP BY 1 ORDER BY 1", ranges => $ranges),
		"expansion|3|65\nnew|2|120\nreactivated|1|50", 'X17, 2019-04');
	is( ask("SELECT movement, count(*), sum(closing - opening) $all " . question('year', has_amount => 1) . ", '2020-03-01') WHERE period = '2019-01-01' GROUP BY 1 ORDER BY 1", ranges => $ranges),
		"churned|5|-245\nexpansion|3|70\nnew|21|845", 'X17d');
	is( ask("SELECT c, to_char(m.period, 'YYYY-MM'), movement, closing - opening FROM (VALUES ('1'), ('8')) v (c), reference.timeline_movements(ROW(c, true, true)::reference.timeline, $q, '2019-12-01') m ORDER BY 1, 2", ranges => $ranges),
		"1|2018-11|new|50\n1|2019-02|churned|-50\n1|2019-04|reactivated|50\n1|2019-06|expansion|25\n1|2019-08|churned|-75\n8|2019-04|new|65", 'X18');
}

$node->stop;
done_testing();
