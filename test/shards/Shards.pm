# The servers of these tests.
package Shards;

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;

# server(NAME, INIT...): a server with the extension's files, on a socket.
sub server
{
	my ($name, @init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(extra => [ '-E', 'UTF8', '--no-locale' ], @init);
	# The shards' own zone is the right one, and does not help: postgres_fdw
	# sets GMT in its sessions.
	$node->append_conf(
		'postgresql.conf', q{
timezone = 'Europe/Paris'
enable_partitionwise_aggregate = on
max_parallel_workers_per_gather = 0
shared_buffers = 64MB
jit = off
fsync = off
});
	$node->start;
	return $node;
}

1;
