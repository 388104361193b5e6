# What the tests of the scan share: a server whose small tables have parallel
# plans, SQL put to it, and files that stay.
package ScanNode;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(scan_node sql state_of outcome files_in);

my $node;

# A node of this name is started, with settings besides and what init() takes; it
# is who the others ask.
sub scan_node
{
	my ($name, $settings, %init) = @_;
	$node = PostgreSQL::Test::Cluster->new($name);
	$node->init(%init);
	$node->append_conf(
		'postgresql.conf', qq{
timezone = 'UTC'
session_preload_libraries = 'retention'
max_worker_processes = 8
max_parallel_workers = 8
max_parallel_workers_per_gather = 0
parallel_setup_cost = 0
parallel_tuple_cost = 0
min_parallel_table_scan_size = 0
autovacuum = off
jit = off
$settings
});
	$node->start;
	return $node;
}

# What it answers in one of its databases, the usual one if none is named.
sub sql
{
	my ($sql, $database) = @_;
	return $node->safe_psql($database || 'postgres', $sql);
}

# The SQLSTATE of an error, or else what was said.
sub outcome
{
	my ($out, $err) = @_;
	return $err =~ /(?:ERROR|FATAL):\s+(\w{5})/ ? $1 : $out . $err;
}

sub state_of
{
	my ($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY sqlstate\n$_[0]");
	return outcome($out, $err);
}

# Names of the files in a folder of its data directory.
sub files_in
{
	my $folder = $node->data_dir . "/$_[0]";
	return -d $folder ? join(' ', sort grep { !/^\.\.?$/ } slurp_dir($folder)) : '';
}

1;
