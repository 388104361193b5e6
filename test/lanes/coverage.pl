#!/usr/bin/env perl
# coverage.pl SOURCE: what of the code the tests reached, from the counters that
# a build with --coverage in SOURCE left behind.
#
# Prints lines, branches and errors in all and by room, and every place that
# raises an error and was never reached.  A line of a header counts as reached
# when one of the files that include it reached it.
#
# Branches: of every condition both ways, but not those inside ereport and its
# like, CHECK_FOR_INTERRUPTS, PG_TRY and assertions, which are PostgreSQL's.
# Errors: ereport, elog and input_error, calls of functions that never return,
# and the texts that an invariant's checker returns.
#
# COVERAGE_LINES=1 lists the lines that were not reached, too.
use strict;
use warnings FATAL => 'all';

use File::Find;
use JSON::PP;

my $source = shift or die "usage: coverage.pl SOURCE\n";
chdir $source or die "$source: $!\n";

my (@files, @headers);
find(
	{
		no_chdir => 1,
		wanted => sub { push @files, $_ if /\.c$/; push @headers, $_ if /\.h$/ }
	},
	'src');

# Functions that raise an error and do nothing else.
my %raises;
for my $file (@files, @headers)
{
	my $text = slurp($file);
	while ($text =~ /^pg_noreturn\s[^;{(]*?(\w+)\(/gm) { $raises{$1} = 1 }
}
my $raising = join '|', sort keys %raises;

my (%lines, %branches);
for my $file (sort @files)
{
	(my $object = $file) =~ s/\.c$/.o/;
	if (!-e $object =~ s/\.o$/.gcno/r)
	{
		print "# not compiled with counters: $file\n";
		next;
	}
	my $json = `gcov --json-format --branch-probabilities --stdout -o $object $file`;
	die "gcov $file: status $?\n" if $? || $json eq '';
	for my $part (@{ decode_json($json)->{files} })
	{
		next unless $part->{file} =~ /(src\/.*)$/ && -e $1;
		my $name = $1;
		for my $line (@{ $part->{lines} })
		{
			my $n = $line->{line_number};
			$lines{$name}{$n} += $line->{count};
			my $i = 0;
			$branches{$name}{$n}{ $i++ } += $_->{count} for @{ $line->{branches} };
		}
	}
}
die "no counters in $source/src\n" unless %lines;

my (%sum, @missed, @unreached);
for my $file (sort keys %lines)
{
	my ($room) = $file =~ m{^src/(.*)/};
	$room //= 'src';
	my ($errors, $skip) = statements($file);
	for my $n (sort { $a <=> $b } keys %{ $lines{$file} })
	{
		tally($room, 'lines', $lines{$file}{$n});
		push @unreached, "$file:$n" if !$lines{$file}{$n};
		next if $skip->{$n};
		tally($room, 'branches', $_) for values %{ $branches{$file}{$n} };
	}
	for my $n (sort { $a <=> $b } keys %$errors)
	{
		my ($last, $text) = @{ $errors->{$n} };
		my $count;
		for ($n .. $last)
		{
			$count = ($count // 0) + $lines{$file}{$_} if defined $lines{$file}{$_};
		}
		# Never compiled, or inlined nowhere.
		next unless defined $count;
		tally($room, 'errors', $count);
		push @missed, "$file:$n: $text" if !$count;
	}
}

printf "%-20s %18s %18s %18s\n", 'room', 'lines', 'branches', 'errors';
printf "%-20s %18s %18s %18s\n", $_, map { share($_) } @{ $sum{$_} }{qw(lines branches errors)}
  for (grep { $_ ne 'all' } sort keys %sum), 'all';
print "\nErrors that no test raises:\n", map { "  $_\n" } @missed;
print "\nLines that no test reaches:\n", map { "  $_\n" } @unreached
  if $ENV{COVERAGE_LINES};

# tally ROOM, KIND, COUNT: one more of a kind, reached or not.
sub tally
{
	my ($room, $kind, $count) = @_;
	for my $where ($room, 'all')
	{
		$sum{$where}{$kind}[0]++ if $count;
		$sum{$where}{$kind}[1]++;
	}
	return;
}

# "reached of all, percent"
sub share
{
	my ($reached, $all) = map { $_ // 0 } @{ $_[0] // [] }[ 0, 1 ];
	return $all ? sprintf('%d/%d %5.1f%%', $reached, $all, 100 * $reached / $all) : '-';
}

# statements FILE: the places that raise errors, by first line: [last line, what
# it says]; and the lines whose branches are not ours.
sub statements
{
	my ($file) = @_;
	my $text = slurp($file);
	my (%errors, %skip);

	# Comments, and definitions of the raising functions themselves, are no calls.
	$text =~ s{(/\*.*?\*/)}{ $1 =~ s/[^\n]/ /gr }gse;
	while ($text =~
		/^(?!\w)[^\n#]*?\b((?:ereport|elog|input_error|$raising)\s*\(|return\s+"[^"\n]* |CHECK_FOR_INTERRUPTS|PG_TRY|PG_END_TRY|PG_CATCH|Assert\w*\s*\()/gm)
	{
		my ($what, $from) = ($1, $-[1]);
		my $rest = substr $text, $from;
		my $statement = $rest =~ /^(?:[^;"]|"(?:[^"\\]|\\.)*")*;/s ? $& : $what;
		my $first = 1 + (substr($text, 0, $from) =~ tr/\n//);
		my $last = $first + ($statement =~ tr/\n//);
		pos($text) = $from + length $statement;
		if ($what !~ /^return/)
		{
			$skip{$_} = 1 for $first .. $last;
		}
		next if $what =~ /^(?:CHECK|PG_|Assert)/;
		# Warnings and notices are no errors.
		next if $what =~ /^(?:ereport|elog)/ && $statement !~ /^\w+\s*\(\s*ERROR/;
		next if $what =~ /^return/ && $file !~ /\.c$/;
		my ($says) = $statement =~ /(?:errmsg(?:_internal)?\s*\()?("(?:[^"\\]|\\.)*")/;
		$says = $1 if $statement =~ /errmsg(?:_internal|_plural)?\s*\(\s*("(?:[^"\\]|\\.)*")/;
		($says) = $statement =~ /^(\w+)/ unless defined $says;
		$errors{$first} = [ $last, $says ];
	}
	return (\%errors, \%skip);
}

sub slurp
{
	my ($file) = @_;
	open my $handle, '<', $file or die "$file: $!\n";
	local $/ = undef;
	my $text = <$handle>;
	close $handle;
	return $text;
}
