# Citus, where this PostgreSQL has it: every form over a distributed table equals
# one node byte for byte, whatever Citus does with it; and whether it had the
# workers aggregate is told, not asserted, as it differs between its releases.
use strict;
use warnings FATAL => 'all';

use FindBin;
use lib $FindBin::RealBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use Forms;
use Shards;

chomp(my $sharedir = `pg_config --sharedir`);
plan skip_all => 'Citus is not installed here' if !-e "$sharedir/extension/citus.control";

my $node = Shards::server('citus');
# One node is coordinator and worker, over its socket.
$node->append_conf('postgresql.conf',
	"shared_preload_libraries = 'citus'\ncitus.local_hostname = '" . $node->host . "'\ncitus.shard_count = 4\n");
$node->restart;
my $customers = $ENV{CUSTOMERS} || 1500;
$node->safe_psql('postgres', 'CREATE EXTENSION citus; CREATE EXTENSION retention');
$node->command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', "customers=$customers",
		'-d', $node->connstr('postgres'), '-f', "$FindBin::RealBin/tables.sql"
	],
	'the rows of one node');
$node->safe_psql('postgres',
	"CREATE TABLE public.$_ (LIKE one.$_); INSERT INTO public.$_ TABLE one.$_;
	SELECT create_distributed_table('public.$_', 'customer_id')")
  for qw(orders subscriptions lives answers);

sub digest
{
	my ($sql) = @_;
	return $node->safe_psql('postgres', qq{
		CREATE TEMPORARY TABLE got AS $sql;
		SELECT count(*), md5(string_agg(md5(record_send(g)) || md5(g::text), '' ORDER BY g::text)) FROM got AS g WHERE g IS NOT NULL});
}

for my $form (Forms::forms())
{
	for my $way ('whole', 'shipped')
	{
		next unless $form->{$way};
		my $want = digest(Forms::query($form->{$way}, 'one'));
		unlike($want, qr/^0\|/, "$form->{name}, $way: one node has a value");
		is(digest(Forms::query($form->{$way}, 'public')), $want, "$form->{name}, $way: equals one node");
		my $plan = $node->safe_psql('postgres', 'EXPLAIN VERBOSE ' . Forms::query($form->{$way}, 'public'));
		note("$form->{name}, $way: ", $plan =~ /Query: .*\b(?:$form->{ships}|worker_partial_agg)\(/ ? 'by the workers' : 'gathered');
	}
}
$node->stop;
done_testing();
