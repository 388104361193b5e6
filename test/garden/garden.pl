# garden.pl SEED CALLS LOG FOLDER: makes the statements of the garden, runs them
# with psql, and reads what came of each.  See run.sh.
use strict;
use warnings FATAL => 'all';

my ($seed, $calls, $log, $folder) = @ARGV;
my $source = $0 =~ s/garden\.pl$//r;
my $timeout = 1000;    # statement_timeout, ms
my $grace = 500;       # and how much later a statement has ended
my $logged = -s $log;
srand($seed);
$| = 1;
print "garden: seed $seed, $calls statements\n";

sub run_psql
{
	my ($options, $file) = @_;
	return system("psql -X -q $options -f '$file'");
}

sub query
{
	my ($sql) = @_;
	open my $fh, '>', "$folder/query.sql" or die;
	print $fh $sql;
	close $fh;
	my $out = `psql -X -qAt -F '|' -v ON_ERROR_STOP=1 -d garden -f '$folder/query.sql'`;
	die "cannot read the catalog\n" if $?;
	return split /\n/, $out;
}

run_psql('-v ON_ERROR_STOP=1', "${source}setup.sql") == 0 or die "setup failed\n";

my $members = q{
	SELECT d.classid, d.objid FROM pg_depend d
	JOIN pg_extension e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
	WHERE d.deptype = 'e' AND e.extname = 'retention'};

# ----------------------------------------------------------------
# Values, as SQL expressions
# ----------------------------------------------------------------

my %values = (
	'boolean' => [qw(true false)],
	'smallint' => [qw(0 -1 1 -32768 32767)],
	'integer' => [qw(0 -1 1 2 3 12 -2147483648 2147483647 1000000)],
	'bigint' => [qw(0 -1 1 2 5 -9223372036854775808 9223372036854775807 1000000000000)],
	'real' => [qw('NaN' '-Infinity' 'Infinity' 0 -1 1.5 1e-40 3e38)],
	'double precision' => [qw('NaN' 'Infinity' '-Infinity' 0 '-0' 1 -1 0.5 0.95 2.5 5e-324 1.7976931348623157e308 1e15 100)],
	'numeric' => [qw('NaN' 'Infinity' '-Infinity' 0 -1 1 0.0000005 9.2e12 -9.2e12 1e130 1e-200 12.345678 100)],
	'text' => ["''", "' '", "'day'", "'month'", "'week'", "'bg/nbd'", "'pareto/nbd'", "'sbg'", "'bdw'", "'strict order'", "'deduplicated, strictly increasing'",
		"'Europe/Paris'", "'Mars'", "repeat('x', 1000000)", "repeat('(', 100000)", "U&'\\2603'", "'{}'", "'[[]]'", "'all'"],
	'cstring' => ["''", "'{}'", "'month'", "repeat('[', 100000)", "repeat('1', 100000)", "'{\"kind\": 1}'"],
	'name' => ["''", "'a'"],
	'bytea' => ["''", "'\\x00'", "'\\x01ff'", "'\\x010101ffffffffffffff'", "decode(repeat('01', 100000), 'hex')"],
	'date' => ["'infinity'", "'-infinity'", "'2024-02-29'", "'2024-01-01'", "'2024-06-30'", "'4713-01-01 BC'", "'5874897-12-31'", "'1970-01-01'", "'9999-12-31'"],
	'timestamp without time zone' => ["'infinity'", "'-infinity'", "'2024-02-29 23:59:59.999999'", "'4713-01-01 BC'", "'294276-12-31 23:59:59'", "'2024-03-31 02:30'"],
	'timestamp with time zone' => ["'infinity'", "'-infinity'", "'2024-02-29 23:59:59.999999+00'", "'4713-01-02 BC'", "'294276-12-31 23:59:59+00'", "'2024-03-31 01:30+00'"],
	'interval' => ["'0'", "'-1 day'", "'1 day'", "'30 days'", "'1 month'", "'1 month -30 days'", "'178956970 years'", "'-178956970 years'", "'2147483647 days'", "'1 microsecond'", "'2562047788:00:54.775807'"],
	'daterange' => ["'empty'", "'(,)'", "'[2024-01-01,)'", "'(,2024-01-01)'", "'[2024-01-01,2024-03-05)'", "'[-infinity,infinity]'", "'[4713-01-01 BC,5874897-12-30]'"],
	'tsrange' => ["'empty'", "'(,)'", "'[2024-01-01,2024-02-01 12:00)'"],
	'tstzrange' => ["'empty'", "'(,)'", "'[2024-01-01 00:00+00,2024-02-01 12:00+00)'"],
	'datemultirange' => ["'{}'", "'{(,)}'", "'{[2024-01-01,2024-02-01),[2024-03-01,)}'"],
	'int4range' => ["'empty'", "'[1,2)'"],
	'json' => ["'{}'", "'null'", "'{\"a\": [1]}'"],
	'jsonb' => ["'{}'", "'null'", "'{\"a\": [1]}'", "'1'"],
	'uuid' => ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
	'xid' => ["'1'"],
	'regclass' => ["'garden.events'", "'pg_class'", "'pg_class_oid_index'", "'0'"],
	'point' => ["'(1,2)'"],
	'money' => ["'1'", "'-92233720368547758.08'"],
	'time without time zone' => ["'24:00'"],
	'bit varying' => ["'101'"],
	'inet' => ["'::1'"]);
push @{ $values{$_->[0]} }, "'$_->[1]'"
  for map { my ($t, $l) = split /\|/, $_, 2; [ $t, $l =~ s/'/''/gr ] } query('SELECT type, literal FROM garden.own');

my @known = sort keys %values;

sub pick { return $_[ rand @_ ] }

# A value of a type; odd are arrays, NULL is everywhere.
sub value
{
	my ($type) = @_;
	return 'NULL' if $type eq 'internal';
	return "NULL::$type" if rand() < 0.08;
	if ($type =~ /^(.*)\[\]$/)
	{
		my $of = $1;
		my $which = int rand 8;
		return "'{}'::$type" if $which == 0;
		return "ARRAY[ARRAY[" . value($of) . ",NULL],ARRAY[" . value($of) . ',' . value($of) . "]]::$type" if $which == 1;
		if ($which == 2)
		{
			# 2,000 long texts would be PostgreSQL's own time, which no cancel ends
			my $value = value($of);
			return "array_fill($value, '{" . pick(1, 33, $value =~ /repeat|decode/ ? 40 : 2000) . "}')";
		}
		return "array_prepend(" . value($of) . ", array_fill(" . value($of) . ", '{2}', '{-5}'))" if $which == 3;
		return 'ARRAY[' . join(',', map { value($of) } 0 .. rand 5) . "]::$type";
	}
	my $list = $values{$type};
	if (!$list)
	{
		warn "garden: no values of type $type\n" if !$values{"? $type"}++;
		return "NULL::$type";
	}
	return pick(@$list) . "::$type";
}

# A type for "any" and anyelement: mostly what functions are meant for.
sub any_type
{
	my $t = pick('integer', 'text', 'date', 'timestamp without time zone', 'timestamp with time zone', 'numeric',
		'double precision', 'bigint', 'daterange', 'tstzrange', 'interval', 'uuid', 'boolean', pick(@known));
	$t = pick(@known) while $t =~ /^\?|cstring/;
	return rand() < 0.1 ? "$t\[]" : $t;
}

# The types of a call, the same for all rows; the name of an argument says what
# it mostly is.
my %meant = (
	at => [ 'date', 'date', 'timestamp without time zone', 'timestamp with time zone', 'daterange', 'tstzrange' ],
	started_at => [ 'date', 'timestamp without time zone', 'timestamp with time zone' ],
	amount => [ 'numeric', 'integer', 'bigint', 'double precision', 'real', 'smallint' ],
	within => [ 'interval', 'integer', 'bigint' ]);

sub call_types
{
	my ($f) = @_;
	my $any = any_type();
	my %poly = ('anyelement' => $any, 'anyarray' => "$any\[]", 'anynonarray' => 'integer');
	my $i = 0;
	return map {
		my $names = $meant{ $f->{names}[ $i++ ] // '' };
		$_ eq '"any"' ? ($names && rand() < 0.85 ? pick(@$names) : any_type()) : $poly{$_} // $_
	} @{ $f->{types} };
}

# ----------------------------------------------------------------
# What there is to call
# ----------------------------------------------------------------

my (@functions, @aggregates);
for (query(qq{
	SELECT p.proname, p.prokind, p.proretset, p.provariadic::regtype,
	  (SELECT string_agg(format_type(a, NULL), ';' ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u (a, n)),
	  array_to_string(p.proargnames, ';')
	FROM ($members) m JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid ORDER BY p.oid::regprocedure::text}))
{
	my ($name, $kind, $set, $variadic, $types, $names) = split /\|/, $_, -1;
	my $f = {
		name => $name, kind => $kind, set => $set eq 't', variadic => $variadic ne '-',
		types => [ split /;/, $types ], names => [ split /;/, $names ] };
	push @{ $kind eq 'a' ? \@aggregates : \@functions }, $f;
}
my @operators = map { [ split /###/ ] } query(qq{
	SELECT concat_ws('###', o.oprname, format_type(nullif(o.oprleft, 0), NULL), format_type(o.oprright, NULL))
	FROM ($members) m JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid ORDER BY o.oid::regoperator::text});
my @casts = map { [ split /###/ ] } query(qq{
	SELECT concat_ws('###', format_type(k.castsource, NULL), format_type(k.casttarget, NULL))
	FROM ($members) m JOIN pg_cast k ON m.classid = 'pg_cast'::regclass AND m.objid = k.oid ORDER BY 1});
printf "garden: %d functions, %d aggregates, %d operators, %d casts\n", scalar @functions, scalar @aggregates, scalar @operators, scalar @casts;
die "garden: the catalog is empty\n" if !@functions || !@aggregates || !@operators || !@casts;

sub function_call
{
	my ($f) = @_;
	my @args = map { value($_) } call_types($f);
	$args[-1] = "VARIADIC $args[-1]" if $f->{variadic};
	my $call = "$f->{name}(" . join(', ', @args) . ')';
	return "BEGIN; CALL $call; ROLLBACK" if $f->{kind} eq 'p';
	return $f->{kind} eq 'w' ? "SELECT $call OVER (ORDER BY i) FROM generate_series(1, 5) i"
	  : !$f->{set} ? "SELECT $call"
	  : rand() < 0.3 ? "SELECT $call LIMIT " . pick(0, 1, 3)
	  : "SELECT * FROM $call LIMIT 100000";
}

# An aggregate over a few rows, the same ones many times, or none.
sub aggregate_call
{
	my ($f) = @_;
	my @types = call_types($f);
	my @constant = map { rand() < 0.6 ? value($_) : undef } @types;
	my @rows;
	for my $n (0 .. rand 6)
	{
		push @rows, '(' . join(', ', "$n", map { $constant[$_] // value($types[$_]) } 0 .. $#types) . ')';
	}
	my @names = map { "a$_" } 0 .. $#types;
	my $columns = join ', ', @names;
	my $from = '(VALUES ' . join(', ', @rows) . ") v (i, $columns)";
	$from .= ', generate_series(1, ' . pick(3, 50, 3000) . ') g' if rand() < 0.3;
	$from .= ' WHERE false' if rand() < 0.03;
	$columns =~ s/(a\d+)$/VARIADIC $1/ if $f->{variadic};
	my $call = "$f->{name}($columns)";
	my $shape = int rand 12;
	my $frame = 'BETWEEN ' . pick(
		'1 PRECEDING AND CURRENT ROW', '3 PRECEDING AND 1 PRECEDING', 'UNBOUNDED PRECEDING AND 1 FOLLOWING',
		'CURRENT ROW AND UNBOUNDED FOLLOWING', '2 FOLLOWING AND 3 FOLLOWING', '1 PRECEDING AND 2 PRECEDING');
	return 'SELECT ' . ("$f->{name}(DISTINCT $columns) FROM $from" =~ s/VARIADIC //r) if $shape == 0;
	return "SELECT $f->{name}($columns ORDER BY i DESC) FROM $from" if $shape == 1;
	return "SELECT $call FILTER (WHERE i % 2 = " . pick(0, 1, 9) . ") FROM $from" if $shape == 2;
	return "SELECT i, $call FROM $from GROUP BY GROUPING SETS ((i), (), (i % 2 = 0))" =~ s/SELECT i, /SELECT /r if $shape == 3;
	return "SELECT $call OVER (ORDER BY i ROWS $frame) FROM $from" if $shape == 4 || $shape == 5;
	return "SELECT $call OVER (PARTITION BY i % 2 ORDER BY i RANGE $frame EXCLUDE " . pick('CURRENT ROW', 'TIES', 'GROUP') . ") FROM $from" if $shape == 6;
	return "SET work_mem = '64kB'; SELECT $call FROM $from; RESET work_mem" if $shape == 7;
	return "SELECT $call FROM $from GROUP BY i" if $shape == 8;
	return "SET statement_timeout = 20; SELECT $call FROM $from; SET statement_timeout = $timeout" if $shape == 9;
	return "SELECT count(*) FROM (SELECT $call AS x FROM $from GROUP BY i) s GROUP BY x" if $shape == 10;
	return "SELECT $call FROM $from";
}

sub operator_call
{
	my ($name, @types) = @{ $_[0] };
	return 'SELECT ' . (@types == 2 ? value($types[0]) : '') . " $name " . value($types[-1]);
}

sub cast_call
{
	my ($from, $to) = @{ $_[0] };
	return 'SELECT (' . value($from) . ")::$to";
}

# Everything once at least, the rest by chance.  What takes internal cannot be
# called from SQL: once is enough.
my @callable = grep { !grep { $_ eq 'internal' } @{ $_->{types} } } @functions;
our @statements = (
	map({ function_call($_) } @functions), map({ aggregate_call($_) } @aggregates),
	map({ operator_call($_) } @operators), map({ cast_call($_) } @casts));
while (@statements < $calls)
{
	my $which = rand;
	push @statements, $which < 0.45 ? aggregate_call(pick(@aggregates))
	  : $which < 0.9 ? function_call(pick(@callable))
	  : $which < 0.97 ? operator_call(pick(@operators))
	  : cast_call(pick(@casts));
}

# ----------------------------------------------------------------
# Running them
# ----------------------------------------------------------------

# What is PostgreSQL's own fault: SQLSTATE, pattern of the message, why.
my @allowed = ();

my (%state, %slow, @faults);
my $crashes = 0;

# Run statements from $first on; the number of the first not run.
sub run_from
{
	my ($first, @numbers) = @_;
	my $file = "$folder/garden.sql";
	open my $fh, '>', $file or die;
	print $fh "SET statement_timeout = $timeout;\nSET timezone = 'Europe/Paris';\nSET client_min_messages = error;\n",
	  "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n\\timing on\n\\o /dev/null\n";
	print $fh "\\echo #$_\n\\warn #$_\n$statements[$_];\n" for @numbers;
	print $fh "\\echo #end\n";
	close $fh;
	system("psql -X -qAt -d garden -f '$file' > '$folder/garden.out' 2> '$folder/garden.err'");
	my ($last, $ended) = ($first - 1, 0);
	open $fh, '<', "$folder/garden.err" or die;
	while (<$fh>)
	{
		$last = $1 if /^#(\d+)/;
		next if !/(?:ERROR|FATAL|PANIC):\s+(\w{5}): (.*)/;
		my ($code, $message) = ($1, substr($2, 0, 200));
		$state{$code}++;
		push @faults, [ $last, "$code $message" ]
		  if $code =~ /^(XX|58)/ && !grep { $_->[0] eq $code && $message =~ $_->[1] } @allowed;
	}
	close $fh;
	my $at = $first - 1;
	open $fh, '<', "$folder/garden.out" or die;
	while (<$fh>)
	{
		$at = $1 if /^#(\d+)/;
		$ended = 1 if /^#end/;
		$slow{$at} = $1 if /^Time: ([\d.]+) ms/ && $1 > $timeout + $grace;
	}
	close $fh;
	return ($last, $ended);
}

# Run all statements; faults go into @faults.
sub run_all
{
	my $next = 0;
	while ($next < @statements)
	{
		my ($last, $ended) = run_from($next, $next .. $#statements);
		last if $ended;
		push @faults, [ $last, 'the session ended' ];
		$next = $last + 1;
		last if ++$crashes >= 20;
		sleep 2;
		for (1 .. 60)
		{
			last if system("psql -X -qAt -d garden -c 'SELECT 1' >/dev/null 2>&1") == 0;
			sleep 1;
		}
	}

	# On a busy machine a statement may be late without a fault: once more, alone.
	for my $number (sort { $a <=> $b } keys %slow)
	{
		delete $slow{$number};
		run_from($number, $number);
		push @faults, [ $number, "ended after $slow{$number} ms, statement_timeout being $timeout" ] if $slow{$number};
	}
}

# Does the garden see a fault?  One of each kind, put in on purpose.
{
	local @statements = (
		"DO 'BEGIN RAISE EXCEPTION ''planted'' USING ERRCODE = ''XX000''; END'",
		"DO 'BEGIN PERFORM pg_sleep(9); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(2); END'",
		'SELECT pg_terminate_backend(pg_backend_pid())', 'SELECT 1');
	run_all();
	my $seen = join ' ', map { $_->[0] } sort { $a->[0] <=> $b->[0] } @faults;
	die "garden: of faults 0, 1 and 2, put in on purpose, it saw: $seen\n" if $seen ne '0 1 2';
	(@faults, %state, %slow) = ();
	$crashes = 0;
}

run_all();
open my $fh, '<', $log or die;
seek $fh, $logged, 0;
while (<$fh>)
{
	push @faults, [ -1, "log: $_" ] if /was terminated by signal|TRAP:|PANIC:/;
}
close $fh;

my $errors = 0;
$errors += $_ for values %state;
printf "garden: %d statements, %d errors: %s\n", scalar @statements, $errors,
  join(', ', map { "$_ $state{$_}" } sort { $state{$b} <=> $state{$a} } keys %state);
for (@faults)
{
	my ($number, $what) = @$_;
	print "fault: $what\n";
	print '       ', substr($statements[$number], 0, 3000), "\n" if $number >= 0;
}
die scalar(@faults) . " faults, seed $seed\n" if @faults;
print "garden: no fault\n";
