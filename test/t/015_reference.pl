# The independent recomputation (test/reference/cohort_matrix.sql) is right:
# public vectors and cases worked out by hand come out of it.  The extension is
# not used here.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';

my $node = PostgreSQL::Test::Cluster->new('reference');
$node->init;
$node->start;
$node->safe_psql('postgres', slurp_file("$source/test/reference/cohort_matrix.sql"));

# The rows of a question, as (customer, started_at, at, amount), and a column
# of the cells as 'cohort [age 0, age 1, ...]' lines.
sub cells
{
	my (%ask) = @_;
	my $zone = $ask{zone} || 'UTC';
	return $node->safe_psql(
		'postgres', qq{
		SET timezone = '$zone';
		TRUNCATE reference.activity;
		INSERT INTO reference.activity $ask{rows};
		SELECT $ask{select} FROM $ask{from};});
}

sub question
{
	my (%q) = @_;
	my $text = sub { defined $_[0] ? "'$_[0]'" : 'NULL' };
	return sprintf("ROW(%s, %d, %s, %s, %s, %s::int[], %s, %s)::reference.question",
		$text->($q{unit}), $q{n} || 1, $text->($q{starting}),
		$q{since_start} ? 'true' : 'false', $text->($q{by_unit}),
		$q{cuts} ? "'{$q{cuts}}'" : 'NULL',
		$q{has_start} ? 'true' : 'false', $q{has_amount} ? 'true' : 'false');
}

# column of every cohort with anybody in it
sub triangle
{
	my ($column, $q, $as_of, %ask) = @_;
	my $as = defined $as_of ? "'$as_of'" : 'NULL';
	return cells(
		%ask,
		select => qq{to_char(cohort, 'MM-DD') || ' [' || string_agg($column\::text, ',' ORDER BY age) || ']'},
		from => 'reference.cohort_cells(' . question(%$q) . ", $as)"
		  . ($ask{all} ? '' : ' WHERE cohort_size > 0') . ' GROUP BY cohort ORDER BY cohort');
}

sub curve
{
	my ($columns, $q, $as_of, %ask) = @_;
	my $as = defined $as_of ? "'$as_of'" : 'NULL';
	return cells(%ask, select => $columns,
		from => 'reference.retention_curve(' . question(%$q) . ", $as) ORDER BY age");
}

# (customer, day) pairs: 'p1 10 11, p2 12' are days of June 2020, at 05:00
sub june
{
	my ($what, $column) = @_;
	my @rows;
	for my $part (split /,\s*/, $what)
	{
		my ($customer, @days) = split ' ', $part;
		for my $day (@days)
		{
			my $time = sprintf("timestamptz '2020-06-01 05:00+00' + %d * interval '24 hours'", $day - 1);
			push @rows, $column eq 'start' ? "('$customer', $time, NULL, NULL)" : "('$customer', NULL, $time, NULL)";
		}
	}
	return join(', ', @rows);
}

my $B = 'p1 10 11 12 15 15 16, p2 11 12 13 16';

# V17: start and return are different events
is( triangle('active',
		{ unit => 'day', has_start => 1 }, '2020-06-16', all => 1,
		rows => 'VALUES ' . june('x 5 9, p1 9 11 12 13 14, p2 9, p3 10, p4 12', 'start') . ', '
		  . june("$B, p3 11 13 14 15, p4 13 15", 'at')),
	"06-05 [0,0,0,0,0,0,0,0,0,0,0]\n06-06 [0,0,0,0,0,0,0,0,0,0]\n06-07 [0,0,0,0,0,0,0,0,0]\n06-08 [0,0,0,0,0,0,0,0]\n"
	  . "06-09 [0,1,2,2,1,0,1]\n06-10 [0,1,0,1,1,1]\n06-11 [0,0,0,0,0]\n06-12 [0,1,0,1]\n06-13 [0,0,0]\n06-14 [0,0]\n06-15 [0]",
	'V17');

# V21
is( triangle('active',
		{ unit => 'hour', n => 24, since_start => 1, by_unit => 'day' }, undef, all => 1,
		rows => q{VALUES ('p1', NULL::timestamptz, '2020-06-10 23:00+00'::timestamptz, NULL::numeric),
			('p1', NULL, '2020-06-11 01:00+00', NULL), ('p1', NULL, '2020-06-11 23:00+00', NULL),
			('p2', NULL, '2020-06-11 01:00+00', NULL), ('p2', NULL, '2020-06-11 23:00+00', NULL), ('p2', NULL, '2020-06-12 02:00+00', NULL)}),
	"06-10 [1,1,0]\n06-11 [1,1]\n06-12 [0]", 'V21');
# ends of the windows: row + 1 day + (age + 1) days, against the last row
is( triangle('complete', { unit => 'hour', n => 24, since_start => 1, by_unit => 'day' }, undef, all => 1,
		rows => q{VALUES ('p1', NULL::timestamptz, '2020-06-10 23:00+00'::timestamptz, NULL::numeric), ('p1', NULL, '2020-06-12 02:00+00', NULL)}),
	"06-10 [true,false,false]\n06-11 [false,false]\n06-12 [false]", 'V21: complete');

# V23
is( triangle('active',
		{ unit => 'day', cuts => '0,1,6,11' }, undef,
		rows => 'VALUES ' . june('p1 10 12 12 17, p2 10 13 18 18', 'at')),
	'06-10 [2,2,2]', 'V23, days');
is( triangle('active',
		{ unit => 'month', cuts => '0,1,4,7' }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '2020-06-20'::timestamptz, NULL::numeric), ('p', NULL, '2020-08-01', NULL), ('p', NULL, '2020-11-30', NULL)}),
	'06-01 [1,1,1]', 'V23, months');
# row + next cut, against 2020-11-01
is( triangle('complete',
		{ unit => 'month', cuts => '0,1,4,7' }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '2020-06-20'::timestamptz, NULL::numeric), ('p', NULL, '2020-08-01', NULL), ('p', NULL, '2020-11-30', NULL)}),
	'06-01 [true,true,false]', 'V23, months: complete');

# V34
my $v34 = q{SELECT c, NULL::timestamptz, timestamptz '2020-06-10 05:00+00' + d * interval '24 hours', m
	FROM (VALUES ('u1', 0, 10), ('u1', 1, 20), ('u1', 2, 30), ('u2', 0, 40), ('u2', 1, 50), ('u2', 2, 60)) v (c, d, m)};
is(triangle('revenue', { unit => 'day', has_amount => 1 }, undef, rows => $v34), '06-10 [50,70,90]', 'V34');
is(curve('revenue_per_active', { unit => 'day', has_amount => 1 }, '2020-06-13', rows => $v34), "25\n35\n45", 'V34, per active');

# V39: cohorts of January to March, retained a month later
my $sizes = sub {
	my (@cohorts) = @_;
	my $values = join(', ', map { "($_, $cohorts[$_][0], $cohorts[$_][1])" } 0 .. $#cohorts);
	return qq{SELECT i || '/' || p, NULL::timestamptz, timestamptz '2020-01-10' + (i + k) * interval '1 month', NULL::numeric
		FROM (VALUES $values) v (i, size, retained), generate_series(1, size) p, generate_series(0, 1) k
		WHERE k = 0 OR p <= retained};
};
is( curve('age, cohorts, customers, active, retention, retention_mean', { unit => 'month' }, '2020-04-15',
		rows => $sizes->([ 1000, 500 ], [ 500, 400 ], [ 700, 10 ])),
	"0|3|2200|2200|1|1\n1|2|1500|900|0.6|0.65\n2|1|1000|0|0|0", 'V39');
# V40, with an empty cohort between
is( curve('age, cohorts, customers, active, retention, retention_mean', { unit => 'month' }, '2020-05-01',
		rows => $sizes->([ 10, 2 ], [ 0, 0 ], [ 100, 0 ])),
	"0|2|110|110|1|1\n1|2|110|2|0.01818181818181818|0.1\n2|1|10|0|0|0\n3|1|10|0|0|0", 'V40');
# V41
is( curve('age, customers, ltv', { unit => 'month', has_amount => 1 }, '2020-04-01',
		rows => q{SELECT i || '/' || p, NULL::timestamptz, timestamptz '2020-01-10' + i * interval '1 month', m
			FROM (VALUES (0, 100, 5.00), (1, 120, 6.00), (2, 80, 4.00)) v (i, size, m), generate_series(1, size) p}),
	"0|300|5.1333333333333333\n1|220|5.5454545454545455\n2|100|5", 'V41');

# V44: each pair under a calendar grain and under windows
for my $pair (
	[ 'day', 24, 'hour', '2020-06-08 20:00', '2020-06-09 06:00' ],
	[ 'week', 7, 'day', '2020-06-12 10:00', '2020-06-15 10:00' ],
	[ 'month', 30, 'day', '2020-02-25 10:00', '2020-03-03 10:00' ])
{
	my ($unit, $n, $of, $first, $second) = @$pair;
	my $rows = "VALUES ('p', NULL::timestamptz, '$first+00'::timestamptz, NULL::numeric), ('p', NULL, '$second+00', NULL)";
	like(triangle('orders', { unit => $unit }, undef, rows => $rows),
		qr/\[1,1\]$/, "V44, $unit");
	like(triangle('orders', { unit => $of, n => $n, since_start => 1 }, undef, rows => $rows),
		qr/\[2(,0)*\]$/, "V44, $n ${of}s since start");
}

# V8 and V10, the first-time rows
is( triangle('active', { unit => 'week', starting => 'sunday' }, undef,
		rows => 'VALUES ' . june('p1 10 11 17 34 41 24, p2 10 11 17 34 41 55', 'at')),
	'06-07 [2,2,1,2,2,0,1]', 'V8');
my $v10 = q{VALUES ('p1', NULL::timestamptz, '2020-06-09 01:00+00'::timestamptz, NULL::numeric), ('p1', NULL, '2020-06-10 01:00+00', NULL),
	('p1', NULL, '2020-06-11 01:00+00', NULL), ('p2', NULL, '2020-06-16 01:00+00', NULL), ('p2', NULL, '2020-06-16 09:00+00', NULL)};
is(triangle('active', { unit => 'day' }, undef, rows => $v10),
	"06-09 [1,1,1,0,0,0,0,0]\n06-16 [1]", 'V10, UTC');
is(triangle('active', { unit => 'day' }, undef, rows => $v10, zone => 'America/Los_Angeles'),
	"06-08 [1,1,1,0,0,0,0,0,0]\n06-15 [1,1]", 'V10, Los Angeles');

# The 31st: anniversaries are counted from the anchor, never month by month.
# February 28th is the first one, March 31st (not 28th) the second.
is( triangle('orders', { unit => 'month', since_start => 1 }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '2021-01-31 10:00'::timestamptz, NULL::numeric),
			('p', NULL, '2021-02-28 09:59', NULL), ('p', NULL, '2021-02-28 10:00', NULL), ('p', NULL, '2021-03-31 09:00', NULL),
			('p', NULL, '2021-03-31 10:00', NULL)}),
	'01-01 [2,2,1]', 'anniversaries of the 31st');

# A day since start over the change of clocks: 10:00 to 10:00, 23 hours.
my $march = q{VALUES ('p', NULL::timestamptz, '2022-03-26 10:00'::timestamptz, NULL::numeric), ('p', NULL, '2022-03-27 09:30', NULL), ('p', NULL, '2022-03-27 10:30', NULL)};
is(triangle('orders', { unit => 'day', since_start => 1 }, undef, rows => $march, zone => 'Europe/Paris'),
	'03-26 [2,1]', 'a day since start is 23 hours when clocks go forward');
is(triangle('orders', { unit => 'hour', n => 24, since_start => 1 }, undef, rows => $march, zone => 'Europe/Paris'),
	'03-26 [3,0]', '24 hours since start are 24 hours');

# Fiscal years and grouped weeks and days
is( triangle('active', { unit => 'year', starting => 'april' }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '2021-03-31'::timestamptz, NULL::numeric), ('p', NULL, '2021-04-01', NULL)}),
	'04-01 [1,1]', 'year starting april');
is( triangle('active', { unit => 'week', n => 2 }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '2000-01-16'::timestamptz, NULL::numeric), ('p', NULL, '2000-01-17', NULL), ('p', NULL, '2000-02-13', NULL)}),
	'01-03 [1,1,1]', 'two weeks from 2000-01-03');
is( triangle('active', { unit => 'day', n => 10 }, undef,
		rows => q{VALUES ('p', NULL::timestamptz, '1999-12-30'::timestamptz, NULL::numeric), ('p', NULL, '2000-01-12', NULL), ('p', NULL, '2000-01-13', NULL)}),
	'12-24 [1,1,1]', 'ten days from 2000-01-03');

# Refunds: in the own period, never before the cohort, never alone.
my $refunds = q{VALUES ('a', NULL::timestamptz, '2021-01-20'::timestamptz, -7::numeric), ('a', NULL, '2021-02-03', -1), ('a', NULL, '2021-02-10', 10),
	('a', NULL, '2021-04-10', -4), ('b', NULL, '2021-01-10', -5), ('c', NULL, '2021-03-01', 0), ('c', NULL, '2021-03-02', NULL), ('c', NULL, '2021-03-03', -0.0000004)};
is(triangle('orders', { unit => 'month', has_amount => 1 }, undef, rows => $refunds),
	"02-01 [1,0,0]\n03-01 [3,0]", 'refunds are no orders, zero is');
is(triangle('revenue', { unit => 'month', has_amount => 1 }, undef, rows => $refunds),
	"02-01 [9,0,-4]\n03-01 [0,0]", 'refunds correct revenue in their own period');

$node->stop;
done_testing();
