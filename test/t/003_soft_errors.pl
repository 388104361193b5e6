# Bad texts of every type: PostgreSQL 16 and later may ask an input function not
# to throw.  Whatever is wrong, pg_input_is_valid() says so without an error,
# pg_input_error_info() says what the error would have said, COPY can leave the
# row out, and the session goes on.
#
# The bad texts are good ones of test/reference/every_type.sql, damaged: cut off
# anywhere, and with each value in them taken out or replaced.
use strict;
use warnings FATAL => 'all';

use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
my $node = PostgreSQL::Test::Cluster->new('soft');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->start;

my $major = $node->safe_psql('postgres', 'SHOW server_version_num') / 10000;
plan skip_all => 'soft errors begin with PostgreSQL 16' if $major < 16;

sub sql { return $node->safe_psql('postgres', $_[0]) }

# Without the output of ours being read as anything but characters.
my $json = JSON::PP->new->canonical->allow_nonref->allow_bignum;

$node->safe_psql('postgres', 'CREATE EXTENSION retention');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', "$source/test/reference/every_type.sql" ],
	'values of every type');
is(sql('SELECT coalesce(kept.missing(), $$none$$)'), 'none', 'types without a value in every_type.sql');

##################################################################
# Damage
##################################################################

my @raw = (JSON::PP::true, JSON::PP::false, undef, 'x', '', -1, 0.5, {}, [], [ [] ], { x => 1 });

# Every text that comes of one change at one place of the value.
sub damaged_values
{
	my ($top, $at, $set) = @_;
	my @texts;
	for my $new (@raw)
	{
		$set->($new);
		push @texts, $json->encode($$top);
	}
	# numbers that no double holds
	$set->('@@');
	push @texts, map { $json->encode($$top) =~ s/"\@\@"/$_/r } '1e400', '99999999999999999999', '1e-400';
	$set->($at);
	if (ref $at eq 'HASH')
	{
		for my $key (sort keys %$at)
		{
			my $was = delete $at->{$key};
			push @texts, $json->encode($$top);
			$at->{"$key x"} = $was;
			push @texts, $json->encode($$top);
			delete $at->{"$key x"};
			$at->{$key} = $was;
			push @texts, damaged_values($top, $was, sub { $at->{$key} = $_[0] });
		}
	}
	elsif (ref $at eq 'ARRAY' && @$at)
	{
		# the first and the last stand for all
		my $last = pop @$at;
		push @texts, $json->encode($$top);
		push @$at, $last, $last;
		push @texts, $json->encode($$top);
		pop @$at;
		for my $i (@$at > 1 ? (0, $#$at) : 0)
		{
			my $was = $at->[$i];
			push @texts, damaged_values($top, $was, sub { $at->[$i] = $_[0] });
		}
	}
	return @texts;
}

sub damaged
{
	my ($text) = @_;
	my @texts = ('', ' ', 'x', '{', '[', '{}', '[]', '0', 'null', '"', "$text $text", "$text,", "${text}x", "x$text");
	push @texts, map { substr $text, 0, $_ * length($text) / 20 } 1 .. 19;
	push @texts, map { substr $text, $_ * length($text) / 20 } 1 .. 19;
	if ($text =~ /^[\[{]/)
	{
		my $value = $json->decode($text);
		push @texts, damaged_values(\$value, $value, sub { $value = $_[0] });
		# each key once more
		push @texts, $text =~ s/^\{/{$_,/r for $text =~ /"\w+": ?(?:"[^"]*"|-?[\d.]+)/g;
	}
	else
	{
		my @words = split / /, $text;
		for my $i (0 .. $#words)
		{
			for my $word ('', 'x', '0', '-1', '1.5', '99999999999', "$words[$i] $words[$i]", 'at', 'at Europe/Nowhere', 'since', 'by', '0,0', ',')
			{
				push @texts, join ' ', map { $_ == $i ? $word : $words[$_] } 0 .. $#words;
			}
		}
	}
	my %seen;
	return grep { !$seen{$_}++ } @texts;
}

sql('CREATE TABLE bad (type text, n int, text text)');
my @types = split /\n/, sql('SELECT DISTINCT type FROM kept.made ORDER BY 1');
for my $type (@types)
{
	# short texts, one of each form: what comes first in the order of their keys
	my @samples = split /\n/, sql(qq{
		SELECT DISTINCT ON (form) text
		FROM (SELECT v::text AS text, regexp_replace(v::text, '[^a-z{}]+', '', 'g') AS form FROM kept.${type}_kept WHERE v IS NOT NULL ORDER BY length(v::text) LIMIT 4) AS k
		ORDER BY form, length(text)});
	my $n = 0;
	my %seen;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$type";
	open my $fh, '>', $file or die;
	for my $text (map { damaged($_) } @samples)
	{
		next if $seen{$text}++;
		print $fh join("\t", $type, ++$n, $text =~ s/\\/\\\\/gr =~ s/\t/\\t/gr =~ s/\n/\\n/gr), "\n";
	}
	close $fh;
	sql("COPY bad FROM '$file'");
}

##################################################################
# The same error, soft
##################################################################

sql(<<'END');
CREATE TYPE outcome AS (message text, detail text, hint text, sql_error_code text);
-- The error of a cast that throws; nothing when it does not.
CREATE FUNCTION thrown(type text, text text) RETURNS outcome
	LANGUAGE plpgsql AS $$
DECLARE
	e outcome := ROW(NULL, NULL, NULL, NULL);
BEGIN
	EXECUTE format('SELECT %L::%s', text, type);
	RETURN e;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS e.message = MESSAGE_TEXT, e.detail = PG_EXCEPTION_DETAIL,
		e.hint = PG_EXCEPTION_HINT, e.sql_error_code = RETURNED_SQLSTATE;
	e.detail := nullif(e.detail, '');
	e.hint := nullif(e.hint, '');
	RETURN e;
END $$;
-- What the server says without throwing.  Each call is a query of its own: where
-- the type is a parameter, the server looks it up once.
CREATE FUNCTION told(text text, type text) RETURNS outcome
	LANGUAGE plpgsql AS $$
DECLARE
	e outcome;
	valid boolean;
BEGIN
	EXECUTE format('SELECT message, detail, hint, sql_error_code FROM pg_input_error_info(%L, %L)', text, type) INTO e;
	EXECUTE format('SELECT pg_input_is_valid(%L, %L)', text, type) INTO valid;
	IF valid <> (e.sql_error_code IS NULL) THEN
		e.message := 'pg_input_is_valid says otherwise';
	END IF;
	RETURN e;
EXCEPTION WHEN others THEN
	e.message := 'thrown all the same: ' || SQLERRM;
	e.sql_error_code := SQLSTATE;
	RETURN e;
END $$;
CREATE TABLE results AS
	SELECT b.*, thrown(b.type, b.text) AS hard, told(b.text, b.type) AS soft FROM bad AS b;
END

for my $type (@types)
{
	my ($all, $refused) = split /\|/, sql("SELECT count(*), count((hard).sql_error_code) FROM results WHERE type = '$type'");
	note("$type: $refused of $all texts are refused");
	cmp_ok($refused, '>=', 41, "$type: enough bad texts");
	is(sql("SELECT left(text, 40), right(text, 40), hard, soft FROM results WHERE type = '$type' AND hard::text IS DISTINCT FROM soft::text LIMIT 5"),
		'', "$type: soft errors say what hard ones say");
	is(sql("SELECT DISTINCT (hard).sql_error_code FROM results WHERE type = '$type' AND (hard).sql_error_code IS NOT NULL"),
		'22P02', "$type: invalid_text_representation");
	is(sql("SELECT left(text, 40), right(text, 40), hard FROM results WHERE type = '$type' AND (hard).sql_error_code IS NOT NULL AND ((hard).detail IS NULL OR (hard).hint IS NULL) LIMIT 5"),
		'', "$type: each has a detail and a hint");
	# in arrays and composite values and domains the error comes through
	is( sql(qq{
			SELECT count(*) FILTER (WHERE pg_input_is_valid(ARRAY[text]::text, '$type\[]')),
				count(*) FILTER (WHERE pg_input_is_valid(text, 'kept.${type}_domain')),
				count(*) FILTER (WHERE pg_input_is_valid(ROW(1, text)::text, 'kept.${type}_pair'))
			FROM results WHERE type = '$type' AND (hard).sql_error_code IS NOT NULL AND text <> ''}),
		'0|0|0', "$type: also within arrays, domains and composite values");
	# what was good before is good after
	is( sql("SELECT count(*) FROM kept.${type}_kept WHERE v IS NOT NULL AND NOT pg_input_is_valid(v::text, '$type')"),
		'0', "$type: good texts are valid");
}

##################################################################
# COPY that goes on
##################################################################

SKIP:
{
	skip 'COPY ... ON_ERROR ignore begins with PostgreSQL 17', scalar @types if $major < 17;
	for my $type (@types)
	{
		my $file = PostgreSQL::Test::Utils::tempdir() . "/copy_$type";
		my $got = sql(qq{
			COPY (SELECT n, text FROM (
					SELECT n, text FROM results WHERE type = '$type'
					UNION ALL SELECT -id, v::text FROM kept.${type}_kept WHERE v IS NOT NULL) AS r
				ORDER BY hashint4(n)) TO '$file';
			CREATE TEMP TABLE copied (n int, v $type);
			COPY copied FROM '$file' (ON_ERROR ignore, LOG_VERBOSITY default);
			SELECT count(*), count(*) FILTER (WHERE n < 0) FROM copied;});
		is( $got,
			sql(qq{
				SELECT count(*) FILTER (WHERE (hard).sql_error_code IS NULL) + (SELECT count(v) FROM kept.${type}_kept),
					(SELECT count(v) FROM kept.${type}_kept)
				FROM results WHERE type = '$type'}),
			"$type: COPY (ON_ERROR ignore) keeps the good rows");
	}
}

unlike(slurp_file($node->logfile), qr/was terminated by signal|TRAP:|PANIC:/, 'no crash');
$node->stop;
done_testing();
