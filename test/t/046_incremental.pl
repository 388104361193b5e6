# The statement by which doc/operations.md takes new orders into a table of timelines
# takes in every order once: run again, run twice at a time, run on no orders.
use strict;
use warnings FATAL => 'all';

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $readme = slurp_file("$source/doc/operations.md");
my ($tables) = $readme =~ /^(CREATE TABLE timelines \(.*?)^```/ms;
my ($load) = $readme =~ /^(WITH span AS .*?)^```/ms;
ok($tables && $load, 'doc/operations.md has the statement');

my $node = PostgreSQL::Test::Cluster->new('incremental');
$node->init;
$node->start;
$node->safe_psql('postgres', "CREATE EXTENSION retention; $tables
	CREATE TABLE orders (order_id bigint, customer_id bigint, ordered_at timestamptz, amount numeric)");

my ($from, $to) = (1, 0);

sub more_orders
{
	($from, $to) = ($to + 1, $to + shift);
	$node->safe_psql('postgres', "INSERT INTO orders
		SELECT i, i % 7, timestamptz '2024-01-01' + i * interval '5 hours', i FROM generate_series($from, $to) AS i");
}

sub is_whole
{
	is($node->safe_psql('postgres', q{
		SELECT count(*), coalesce(sum(orders(history)), 0), count(*) FILTER (WHERE history IS DISTINCT FROM whole) FROM timelines
		FULL JOIN (SELECT customer_id, timeline(ordered_at, amount, 'Europe/Paris') AS whole FROM orders GROUP BY 1) AS w USING (customer_id)}),
		($to ? 7 : 0) . "|$to|0", shift);
}

$node->safe_psql('postgres', $load);
is_whole('no orders');
more_orders(100);
$node->safe_psql('postgres', $load);
is_whole('the first orders');
$node->safe_psql('postgres', $load);
is_whole('once more');

# One run holds the row while another one begins.
more_orders(50);
my @psql = ('psql', '-XAtq', '-d', $node->connstr('postgres'));
my ($in, $out, $late) = ("BEGIN;\n$load\n\\echo loaded\n", '', '');
my $patience = IPC::Run::timeout(60);
my $first = IPC::Run::start(\@psql, '<', \$in, '>', \$out, $patience);
$first->pump until $out =~ /loaded/;
my $second = IPC::Run::start([ @psql, '-c', $load ], '>', \$late, $patience);
ok($node->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'}),
	'the second run waits');
$in .= "COMMIT;\n\\q\n";
ok($first->finish, 'the first run ends');
ok($second->finish, 'the second run ends');
is_whole('two runs at a time');
more_orders(10);
$node->safe_psql('postgres', $load);
is_whole('and after them');

done_testing();
