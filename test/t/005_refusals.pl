# A machine that cannot build or test the extension is told so in one line that
# says what to do.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $folder = PostgreSQL::Test::Utils::tempdir();
my $compiler = (split ' ', `\$PG_CONFIG --cc`)[0];

# Where a program is.
sub program
{
	my ($name) = @_;
	my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
	return $path // die "no $name";
}
my $bash = program('bash');

sub write_file
{
	my ($name, $text, $mode) = @_;
	open my $fh, '>', $name or die "$name: $!";
	print $fh $text;
	close $fh;
	chmod $mode || 0644, $name;
}

# Output and error of a command, and whether it failed.
sub output
{
	my ($command) = @_;
	my $out = `$command 2>&1`;
	return ($out, $? != 0);
}

##################################################################
# Compilers and servers: what compat.h says, before and after postgres.h
##################################################################

mkdir "$folder/old";
write_file("$folder/old/postgres.h", "#define PG_VERSION_NUM 140009\n");
for (
	[ 'a server older than 15', "-I$folder/old", qr/"retention needs PostgreSQL 15 or later[^"]*PG_CONFIG=/ ],
	[ 'a 32-bit build', "-I$folder/old -U__SIZEOF_POINTER__ -D__SIZEOF_POINTER__=4", qr/"retention needs a 64-bit server/ ],
	[ 'no 128-bit integers', "-I$folder/old -U__SIZEOF_INT128__", qr/"retention needs a compiler with 128-bit integers, such as/ ])
{
	my ($name, $flags, $says) = @$_;
	my ($out, $failed) = output("$compiler -Wfatal-errors -fsyntax-only $flags -I$source/src -x c $source/src/base/compat.h");
	ok($failed, "$name: refused");
	like($out, $says, "$name: says what is needed");
	is(scalar(() = $out =~ /error:/g), 1, "$name: in one line") or diag($out);
}

# as a compiler for another machine says it, where this one can
SKIP:
{
	my ($out) = output("echo | $compiler -m32 -dM -E -");
	skip "$compiler knows no -m32", 1 if $out !~ /__SIZEOF_POINTER__ 4/;
	($out) = output("$compiler -m32 -Wfatal-errors -fsyntax-only -I$source/src -I\$(\$PG_CONFIG --includedir-server) $source/src/base/money.c");
	like($out, qr/error: #error "retention needs a 64-bit server/, 'gcc -m32');
}

# and make stops there, once for all files
{
	my $copy = "$folder/copy";
	system_or_bail('mkdir', '-p', "$copy/sql");
	system_or_bail('cp', '-R', "$source/src", "$source/Makefile", "$source/retention.control", $copy);
	system_or_bail('sh', '-c', "find $copy -name '*.o' -exec rm -f {} +");
	my ($out, $failed) = output("make -s -j 2 -C $copy PG_CONFIG=\$PG_CONFIG with_llvm=no PG_CFLAGS=-U__SIZEOF_INT128__ all");
	ok($failed, 'make refuses');
	is(scalar(() = $out =~ /error:/g), 1, 'make says it once') or diag($out);
	unlike($out, qr/\.o\b(?!.*Error)/, 'and compiles nothing');
}

##################################################################
# No build files
##################################################################

# what libpq-dev brings: a pg_config that names folders without the server's files
write_file("$folder/pg_config", "#!$bash\necho $folder/nothing/pgxs.mk\n", 0755);
{
	my ($out, $failed) = output("make -s -C $source PG_CONFIG=$folder/pg_config all");
	ok($failed, 'no server headers: refused');
	my @lines = grep { !/^make/ } split /\n/, $out;
	is(scalar @lines, 1, 'no server headers: one line') or diag($out);
	like($lines[0], qr/run 'make deps', or name another pg_config with PG_CONFIG=/, 'no server headers: what to do');
}

##################################################################
# make deps without rights, without a network, without apt-get
##################################################################

# A PATH with what the script itself needs, and no make.
mkdir "$folder/bin";
for my $tool ('bash', 'sh', 'env', 'dirname', 'basename', 'sed', 'sort', 'cut', 'perl', 'prove', 'tail', 'grep', 'cat', 'id')
{
	symlink program($tool), "$folder/bin/$tool" or die "$tool: $!";
}
my $deps = "PATH=$folder/bin $bash $source/test/deps.sh";
my @lines;

my ($out, $failed) = output($deps);
ok($failed, 'deps without apt-get: fails');
@lines = split /\n/, $out;
is(scalar @lines, 1, 'deps without apt-get: one line') or diag($out);
like($out, qr/^missing: make,?.*no apt-get here: install them, or name a PostgreSQL/, 'deps without apt-get: what to do');

# apt-get that has no network, and a caller who is root or may not be
write_file("$folder/bin/apt-get", "#!$bash\necho 'Temporary failure resolving'\nexit 100\n", 0755);
unlink "$folder/bin/id";
for ([ 'rights', 1000, qr/no right to install them here: as root, and with a network, run  apt-get install make/ ],
	[ 'a network', 0, qr/could not be installed \(see above\): as root, and with a network, run  apt-get install make/ ])
{
	my ($what, $uid, $says) = @$_;
	write_file("$folder/bin/id", "#!$bash\necho $uid\n", 0755);
	($out, $failed) = output($deps);
	ok($failed, "deps without $what: fails");
	@lines = grep { /^missing: / } split /\n/, $out;
	is(scalar @lines, 1, "deps without $what: one line") or diag($out);
	like($out, $says, "deps without $what: what to do");
}

done_testing();
