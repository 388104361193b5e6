# doc/clusters.md tells the truth where several servers are needed: its blocks
# that say where they run are run there, in order.
package Page;

use strict;
use warnings FATAL => 'all';

use FindBin;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || "$FindBin::RealBin/../..";
my $page = slurp_file("$source/doc/clusters.md");
my @psql = ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1');
$ENV{PGCLIENTENCODING} = 'UTF8';

my (%by_name, $managed_database);

sub load_demo
{
	my ($node, $database) = @_;
	command_ok([ @psql, '-d', $node->connstr($database), '-f', "$source/test/demo/crm.sql" ],
		'the CRM loads on ' . $node->name);
	return;
}

# run_on(NODE, DATABASE, BLOCK): its output.  Names that nobody has become
# sockets.
sub run_on
{
	my ($node, $database, $sql) = @_;
	$sql =~ s/(\bhost[ =]'?managed\.example\b.{1,4}dbname)([ =]'?)crm\b/$1$2$managed_database/g;
	$sql =~ s/host '([\w-]+)\.example'/"host '" . $by_name{$1}->host . "', port '" . $by_name{$1}->port . "'"/ge;
	$sql =~ s/host=([\w-]+)\.example/'host=' . $by_name{$1}->host . ' port=' . $by_name{$1}->port/ge;
	my ($out, $error) = ('', '');
	IPC::Run::run([ @psql, '-d', $node->connstr($database) ], '<', \$sql, '>', \$out, '2>', \$error);
	is($error, '', 'runs on ' . $node->name . ': ' . ($sql =~ /\n(.{1,60})/ ? $1 : $sql));
	$out =~ s/\s+\z//;
	return $out;
}

# check(NODE, SHARD...): the node is the coordinator, and the server of one's own in
# other databases; the first shard, which can be replicated from, has a database
# that knows nothing of the extension.
sub check
{
	my ($one, @shards) = @_;
	my %shard;
	@shard{ 'a', 'b', 'c' } = @shards;
	my $managed = $shards[0];
	$managed_database = 'managed';
	%by_name = ((map { ("shard-$_" => $shard{$_}) } keys %shard), managed => $managed);

	$_->safe_psql('postgres', 'CREATE DATABASE crm') for $one, @shards;
	$one->safe_psql('postgres', "CREATE DATABASE $_") for 'own', 'subscriber', 'demo';
	$managed->safe_psql('postgres', $_) for "CREATE DATABASE $managed_database", 'CREATE ROLE reader LOGIN REPLICATION';
	load_demo($one, 'demo');
	load_demo($managed, $managed_database);
	$managed->safe_psql($managed_database, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader');
	$one->safe_psql('demo', 'CREATE EXTENSION retention');
	my $expected = $one->safe_psql('demo',
		q{SELECT cohort_matrix(customer_id, ordered_at, amount, 'month at Europe/Paris') FROM orders});
	like($expected, qr/Europe\/Paris/, 'one node has a matrix');

	my %ran;
	my @matrices;
	my $fence = '```';
	while ($page =~ /^${fence}\n(-- on (.*?)\n.*?)^$fence$/gms)
	{
		my ($block, $where) = ($1, $2);
		$ran{$where}++;
		if ($where eq 'each shard')
		{
			run_on($shard{$_}, 'crm', $block) for sort keys %shard;
		}
		elsif ($where eq 'the coordinator')
		{
			my $out = run_on($one, 'crm', $block);
			push @matrices, $out if $out ne '';
			# Once the tables are there, the orders of the CRM.
			next unless $block =~ /CREATE TABLE orders/;
			IPC::Run::run(
				[ @psql, '-d', $one->connstr('demo'), '-c', 'COPY (SELECT customer_id, ordered_at, amount FROM orders) TO STDOUT' ],
				'|', [ @psql, '-d', $one->connstr('crm'), '-c', 'COPY orders FROM STDIN' ])
			  or die 'the orders do not reach the shards';
		}
		elsif ($where eq 'a server of your own')
		{
			run_on($one, 'own', $block);
		}
		elsif ($where eq 'a server of your own, every night')
		{
			# Two more, of which the night brings these two.
			$managed->safe_psql($managed_database, q{
				INSERT INTO orders SELECT order_id + 1000000, customer_id, '2025-12-31 12:00', 10 FROM orders ORDER BY order_id LIMIT 2});
			run_on($one, 'own', $block);
			my ($insert) = $block =~ /\n(.*)\z/s;
			like($one->safe_psql('own', "EXPLAIN VERBOSE $insert"), qr/Remote SQL: .* WHERE \(\(order_id > \$1/,
				'the nightly comparison is sent');
		}
		elsif ($where eq 'the managed database')
		{
			run_on($managed, $managed_database, $block);
		}
		elsif ($where eq 'a server of your own, where an empty table orders is')
		{
			run_on($one, 'subscriber', "\nCREATE EXTENSION retention;
				CREATE TABLE orders (order_id bigint PRIMARY KEY, customer_id bigint, ordered_at timestamptz, amount numeric(12,2))");
			# A notice tells of the slot.
			run_on($one, 'subscriber', "SET client_min_messages = warning;\n$block");
			$one->poll_query_until('subscriber', 'SELECT count(*) > 0 AND bool_and(srsubstate = $$r$$) FROM pg_subscription_rel')
			  or die 'the subscription does not come to rest';
		}
		else
		{
			fail("nobody runs the block on $where");
		}
	}
	cmp_ok($ran{$_} || 0, '>', 0, "the page has blocks on $_")
	  for 'each shard', 'the coordinator', 'a server of your own', 'a server of your own, every night', 'the managed database';

	is(scalar @matrices, 3, 'the page shows three ways');
	# The way by timelines names the zone in them, not in the grain of the matrix:
	# the cells are the same.
	my $cells = q{SELECT md5(string_agg(c::text, ',' ORDER BY cohort, age)) FROM cohort_cells($m$%s$m$::cohort_matrix, as_of => '2026-01-01') AS c};
	my $want = $one->safe_psql('demo', sprintf $cells, $expected);
	is($one->safe_psql('demo', sprintf $cells, $matrices[$_]), $want, "way $_ gives the cells of one node") for 0 .. $#matrices;
	is($matrices[$_], $expected, "way $_ gives the value of one node") for grep { $_ != 1 } 0 .. $#matrices;

	# What was fed from the managed database.
	my $query = q{SELECT count(*), md5(cohort_matrix(customer_id, ordered_at, amount, 'month at Europe/Paris')::text) FROM orders};
	my $fed = $one->safe_psql('own', $query);
	is($fed, $one->safe_psql('subscriber', $query), 'both copies of the managed database are alike');
	is((split /\|/, $fed)[0], $managed->safe_psql($managed_database, 'SELECT count(*) FROM orders'), 'and whole');
	$managed->safe_psql($managed_database, 'DELETE FROM orders WHERE order_id > 1000000');
	$managed->wait_for_catchup('retention');
	is($one->safe_psql('subscriber', q{SELECT cohort_matrix(customer_id, ordered_at, amount, 'month at Europe/Paris') FROM orders}),
		$expected, 'a deletion follows by replication');

	# Shards with the setting refuse what names no zone.
	my ($code, $out, $error) = $one->psql('crm',
		"SELECT count(h) FROM (SELECT timeline(ordered_at, amount) AS h FROM orders GROUP BY customer_id) AS x", on_error_stop => 0);
	is($out, '', 'without a zone a shard answers nothing');
	like($error, qr/ERROR:  a time zone must be named.*HINT: .*Remote SQL|ERROR:  a time zone must be named/s,
		'but that a zone must be named');
	$one->safe_psql('subscriber', 'DROP SUBSCRIPTION retention');
	return;
}

1;
