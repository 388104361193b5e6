#!/usr/bin/env perl
# format.pl FILE...: what the house asks of C sources and headers that a compiler
# does not: the shape of the text, sizes, and who may include whom.
#
# Prints a line for each breach and fails when there is one.  It reads lines, not
# C: pgindent's finer points are left to pgindent.
use strict;
use warnings;

# A room may use itself and those before it.
my @rooms = qw(base history metrics models render scan);
my %room = map { $rooms[$_] => $_ } 0 .. $#rooms;

use constant { FILE_LINES => 600, FUNCTION_LINES => 80, WIDTH => 110 };

my $breaches = 0;
my ($file, $line);

sub breach
{
	my ($what) = @_;
	print "$file:$line: $what\n";
	$breaches++;
}

# Columns of a line, tabs at every fourth.
sub width
{
	my ($text) = @_;
	1 while $text =~ s/\t/' ' x (4 - $-[0] % 4)/e;
	return length $text;
}

# The room of a path below src, -1 where it is in none.
sub room_of
{
	my ($path) = @_;
	return $path =~ m{^(?:src/)?([a-z]+)/} ? $room{$1} // -1 : -1;
}

sub check_line
{
	my ($text) = @_;
	breach('blanks at the end of the line') if $text =~ /[ \t]$/;
	breach('indented with blanks') if $text =~ /^\t*    /;
	breach('a comment of //') if $text =~ m{^[^"]*(?<!:)//};
	breach('no blank between a keyword and its parenthesis')
	  if $text =~ /^\t+(?:\} else )?(?:if|for|while|switch)\(/;
	breach('a brace at the end of the line it opens')
	  if $text =~ /^\t*(?:\} )?(?:if|else|for|while|switch|do)\b.*\{$/;
	# a message may be as long as it is
	breach('wider than ' . WIDTH) if $text !~ /"/ && width($text) > WIDTH;
	breach('a version of PostgreSQL outside compat.h')
	  if $text =~ /PG_VERSION_NUM/ && $file !~ m{base/compat\.h$};
	if ($text =~ /^#include "([^"]+)"/)
	{
		my ($mine, $other) = (room_of($file), room_of($1));
		breach("includes a file of the room $rooms[$other], which may use this one")
		  if $mine >= 0 && $other > $mine && -e "src/$1";
	}
}

for my $name (@ARGV)
{
	$file = $name;
	open my $in, '<', $file or die "$file: $!\n";
	my $begin;
	$line = 0;
	while (my $text = <$in>)
	{
		$line++;
		breach('no line end at the end of the file') unless $text =~ s/\n\z//;
		check_line($text);
		$begin = $line if $text eq '{';
		if ($text eq '}' && defined $begin)
		{
			breach(sprintf('a function of %d lines', $line - $begin - 1))
			  if $line - $begin - 1 > FUNCTION_LINES;
			$begin = undef;
		}
	}
	breach("a file of $line lines") if $line > FILE_LINES;
	close $in;
}
exit($breaches > 0 ? 1 : 0);
