# The forms of every aggregate, and the ways a coordinator can ask for each:
#
#	name		what the table calls it
#	aggregate	the aggregate
#	whole		the query that one node would run
#	part		what a view on each shard says
#	top			what the coordinator makes of the views' rows, @
#	shipped		the query whose aggregate the planner can give to shards: grouped
#				by the partition key; absent for models, which need everybody
#	ships		the aggregate that is shipped then
#	rollup		parts are values that roll up, one a shard
#	text		there is a constant of type text, which keeps it from being shipped
#
# {orders} is the table of that name in the schema one, sharded or, on a shard,
# public.
package Forms;

use strict;
use warnings FATAL => 'all';

# query(SQL, SCHEMA): with the tables of that schema.
sub query
{
	my ($sql, $schema) = @_;
	return $sql =~ s/\{(\w+)\}/$schema.$1/gr;
}

my @forms;

sub form
{
	my ($call, %form) = @_;
	($form{aggregate}) = $call =~ /^(\w+)\(/;
	$form{name} ||= $call;
	$form{ships} ||= $form{aggregate};
	push @forms, \%form;
	return;
}

# A summary of all customers, whose parts roll up; from rows.
sub summary
{
	my ($table, $call, %more) = @_;
	my $key = $more{key} || 'customer_id';
	form($call,
		whole => "SELECT $call AS m FROM {$table}",
		part => "SELECT $call AS m FROM {$table}",
		top => 'SELECT rollup(m) AS m FROM @',
		shipped => "SELECT rollup(m) AS m FROM (SELECT $call AS m FROM {$table} GROUP BY $key) AS x",
		rollup => 1, %more);
	return;
}

# The same from timelines, which are what is shipped.
sub summary_of_timelines
{
	my ($call, $history, $table) = @_;
	my $whole = "SELECT $call AS m FROM (SELECT $history AS history FROM {$table} GROUP BY customer_id) AS x";
	form($call,
		name => $call =~ s/history/$history/r,
		whole => $whole,
		part => $whole,
		top => 'SELECT rollup(m) AS m FROM @',
		shipped => $whole,
		ships => 'timeline',
		rollup => 1);
	return;
}

# Of one customer: a row each, however it is asked for.
sub of_customer
{
	my ($table, $call, %more) = @_;
	my $whole = "SELECT customer_id, $call AS m FROM {$table} GROUP BY customer_id";
	form($call, whole => $whole, part => $whole, top => 'SELECT * FROM @', shipped => $whole, %more);
	return;
}

# A number about all rows: the shards give sums, or count equal rows.
sub number
{
	my ($table, $call, $part, $top, %more) = @_;
	form($call,
		whole => "SELECT $call AS m FROM {$table}",
		part => "SELECT $part FROM {$table}",
		top => "SELECT " . ($top || $call) . " AS m FROM @",
		shipped => "SELECT customer_id, $call AS m FROM {$table} GROUP BY customer_id", %more);
	return;
}

# Equal rows, counted on the shards, are as many again on the coordinator.
sub counted
{
	my ($table, $call, $columns, $top, %more) = @_;
	my @columns = split /, */, $columns;
	my $by = join ', ', 1 .. @columns;
	form($call,
		whole => "SELECT $call AS m FROM {$table}",
		part => "SELECT $columns, count(*) AS n FROM {$table} GROUP BY $by",
		top => 'SELECT ' . ($top || $call) . ' AS m FROM @, generate_series(1, n)',
		shipped => "SELECT customer_id, $call AS m FROM {$table} GROUP BY customer_id", %more);
	return;
}

# A model, %s standing for the weight or nothing: of customers one by one, and of
# so many a row; either way the shards count equal ones.
sub weighted
{
	my ($call, $columns) = @_;
	my $top = sprintf $call, ', n';
	my $by = join ', ', 1 .. split /, /, $columns;
	for my $weight ('', 'won')
	{
		number('lives', sprintf($call, $weight && ", $weight"),
			"$columns, " . ($weight ? "sum($weight)::bigint" : 'count(*)') . ' AS n', $top, shipped => undef);
		$forms[-1]{part} .= " GROUP BY $by";
	}
	return;
}

sub forms
{
	@forms = ();
	my $paris = 'at Europe/Paris';

	# Cohorts.
	summary('orders', "cohort_matrix(customer_id, at, 'month $paris')");
	summary('orders', "cohort_matrix(customer_id, at, amount, 'month $paris')");
	summary('orders', "cohort_matrix(uid, at, famount, 'week starting sunday $paris')", key => 'customer_id, uid');
	summary('orders', "cohort_matrix(name, day, amount, 'quarter')", key => 'customer_id, name');
	summary('orders', "cohort_matrix(customer_id, at, amount, '30 days since start by month $paris')");
	summary('orders', "cohort_matrix(customer_id, started_at, at, amount, 'month $paris')");
	summary('orders', "cohort_matrix(customer_id, started_at, at, NULL, 'months 0,1,3,12 $paris')");
	summary('subscriptions', "cohort_matrix(customer_id, during, 'month')");
	summary('subscriptions', "cohort_matrix(customer_id, during, amount, 'month')");
	summary_of_timelines("cohort_matrix(history, 'month')", 'timeline(day, amount)', 'orders');
	summary_of_timelines("cohort_matrix(history, 'month')", 'timeline(during, amount)', 'subscriptions');
	summary_of_timelines("cohort_matrix(history, 'week')", "timeline(at, famount, 'day $paris'::grain)", 'orders');
	summary('orders', "cohort_matrix(customer_id, started_at, at, amount, 'month $paris', 2)");
	summary('orders', "recurring_matrix(customer_id, at, 'month $paris')");
	summary('orders', "recurring_matrix(uid, at, famount, 'week starting sunday $paris')", key => 'customer_id, uid');
	summary('orders', "recurring_matrix(customer_id, started_at, at, amount, 'month $paris')");
	summary('orders', "recurring_matrix(customer_id, started_at, at, NULL, 'month $paris', 2)");
	summary_of_timelines("recurring_matrix(history, 'month')", 'timeline(day, amount)', 'orders');

	# Movements.
	summary('orders', "customer_movements(customer_id, at, 'month $paris')");
	summary('orders', "customer_movements(customer_id, at, famount, 'week $paris')");
	summary('subscriptions', "customer_movements(customer_id, during, 'quarter')");
	summary('subscriptions', "customer_movements(customer_id, during, amount, 'month')");
	summary_of_timelines("customer_movements(history, 'month')", 'timeline(day, amount)', 'orders');
	summary_of_timelines("customer_movements(history, 'month')", 'timeline(during, amount)', 'subscriptions');
	summary('subscriptions', "customer_movements(customer_id, during, amount, 'month', 12)");
	summary_of_timelines("customer_movements(history, 'month', 12)", 'timeline(during, amount)', 'subscriptions');

	# Timelines, the first and the last.
	of_customer('orders', 'timeline(day)');
	of_customer('orders', 'timeline(day, amount)');
	of_customer('orders', "timeline(at, amount, 'Europe/Paris')", text => 1);
	of_customer('orders', "timeline(at, amount, 'day $paris'::grain)");
	of_customer('subscriptions', 'timeline(during, amount)');
	of_customer('subscriptions', 'timeline_of_levels(lower(during), amount)');
	of_customer('subscriptions', "timeline_of_levels(lower(during), amount, 'Europe/Paris')", text => 1);
	of_customer('subscriptions', "timeline_of_levels(lower(during), amount, 'day $paris'::grain)");
	of_customer('orders', 'earliest(amount, at)');
	of_customer('orders', 'latest(step, at)');

	# Funnels: a window of hours is the same in every zone.
	summary('orders', "funnel(customer_id, at, step, '720 hours')");
	summary('orders', "funnel(customer_id, day, step, '30 days')");
	summary('orders', "funnel(customer_id, at, step, '720 hours', 'strict order')", text => 1);
	summary('orders', "funnel(customer_id, at, ARRAY[step = 1, step >= 2, step = 3], '720 hours')");
	summary('orders', "funnel(customer_id, at, step, '30 days', 'optional 2, exclude 3', 'month $paris')", text => 1);
	# Among arguments a column of type text lends its collation to constants.
	summary('orders', "funnel(name, at, step, '720 hours', 'deduplicated')", key => 'customer_id, name');
	summary('orders', "journey(customer_id, at, name, '720 hours')", key => 'customer_id, name');
	summary('orders', "journey(customer_id, day, 'step ' || step, '30 days')", text => 1);
	summary('orders', "journey(customer_id, at, 'step ' || step, '720 hours', 'step 1')", text => 1);
	of_customer('orders', "window_funnel('720 hours', at, 'default', step = 1, step = 2, step = 3)", text => 1);
	of_customer('orders', 'retention(step = 1, step = 2, step = 3)');
	of_customer('orders', "sequence_match('(?1)(?t<=2592000)(?2)', at, step = 1, step = 2)", text => 1);
	of_customer('orders', "sequence_count('(?1).*(?2)', day, step = 1, step = 2)", text => 1);
	of_customer('orders', "sequence_next('forward', 'first_match', at, step, true, step = 1)", text => 1);

	# Survival.
	summary('lives', 'survival_curve(lasted, churned)');
	summary('lives', 'survival_curve(lasted, churned, won)');
	summary('lives', 'survival_curve(months, churned)');
	summary('lives', 'survival_curve(months, churned, won)');
	summary('lives', 'survival_curve(span, churned)');
	summary('lives', 'survival_curve(span, churned, won)');
	for my $life ('lasted', 'months', 'span')
	{
		summary('lives', "incidence_curve($life, churned, won::text)", text => 1);
		summary('lives', "incidence_curve($life, churned, nullif(frequency, 2)::text, won)", text => 1);
	}
	for my $life ('lasted / 2, lasted + 1', 'months / 2, months', 'span / 2, span')
	{
		summary('lives', "survival_curve($life, churned)");
		summary('lives', "survival_curve($life, churned, won)");
	}

	# Signals.
	summary('lives', "signals(churned, jsonb_build_object('months', months, 'won', won > 2, 'name', 'number ' || won))", text => 1);

	# Drivers: rows are put in one order, so equal ones may be counted.
	number('lives', "hazard_model(months, churned, jsonb_build_object('won', won))", 'months, churned, won', undef, shipped => undef);
	number('lives', qq{hazard_model(months, churned, jsonb_build_object('even', won % 2 = 0, 'n', won), '{"weight": "n"}')}, 'months, churned, won', undef, shipped => undef);

	# Rates of (opening, closing).
	for my $as ('', '::float8')
	{
		my $pair = "opening$as, closing$as";
		counted('lives', "retention_rate($pair)", 'sign(opening) AS opening, sign(closing) AS closing');
		counted('lives', "churn_rate($pair)", 'sign(opening) AS opening, sign(closing) AS closing');
		number('lives', "nrr($pair)",
			'sum(opening) AS opening, sum(closing) FILTER (WHERE opening > 0) AS closing', "nrr($pair)");
		number('lives', "grr($pair)",
			'sum(opening) AS opening, sum(least(opening, closing)) AS closing', "grr($pair)");
		# Money gained has no opening, money lost no closing.
		number('lives', "quick_ratio($pair)",
			'side * sum(greatest(opening - closing, 0)) AS opening, '
			  . '(1 - side) * sum(greatest(closing - opening, 0)) AS closing',
			"quick_ratio($pair)");
		$forms[-1]{part} .= ', generate_series(0, 1) AS side GROUP BY side';
		number('lives', "cac(marketing$as, won)", 'sum(marketing) AS marketing, sum(won)::bigint AS won',
			"cac(marketing$as, won)");
		number('lives', "cac(marketing$as, sales$as, won)",
			'sum(marketing) AS marketing, sum(sales) AS sales, sum(won)::bigint AS won',
			"cac(marketing$as, sales$as, won)");
	}

	# Predictions and what came of them; the order of a single customer says nothing.
	for my $weight ('', ', won')
	{
		my $columns = 'opening, months, churned, won';
		counted('lives', "$_$weight)", $columns, undef, shipped => undef) for 'auc(opening, churned', 'gini(-opening, churned';
		counted('lives', "$_$weight)", $columns)
		  for 'lift(opening, churned, 0.3', 'brier(months / 25.0, churned', 'log_loss(months / 25.0, churned';
		# postgres_fdw ships no arrays of an extension's type
		counted('lives', "calibration(months / 25.0, churned, 5$weight)", $columns, undef, shipped => undef);
	}

	# Shares and scores.
	counted('answers', $_, 'content')
	  for 'share(content)', 'share_low(content)', 'share_low(content, 0.9)', 'share_high(content)', 'share_high(content, 0.9)';
	counted('answers', $_, 'content, score')
	  for map({ ("$_(content, score > 5)") } 'share_difference', 'share_difference_low', 'share_difference_high', 'share_difference_p'),
	  'share_difference_low(content, score > 5, 0.9)', 'share_difference_high(content, score > 5, 0.9)';
	counted('answers', $_, 'score')
	  for 'nps(score)', 'nps_margin(score)', 'nps_margin(score, 0.9)', 'csat(score, 8)';
	counted('answers', $_, 'score')
	  for 'nps(score::float8)', 'nps_margin(score::float8)', 'nps_margin(score::float8, 0.9)';

	# Whether rows are fit: looked at one by one and against each other, so the
	# coordinator sees all rows, or a customer's are looked at where they are.
	number('orders', $_, 'customer_id, at, amount', $_) for "check_events(customer_id, at, amount, date '2024-03-01')";
	number('subscriptions', $_, 'customer_id, during, amount', $_)
	  for "check_ranges(customer_id, during, amount, date '2024-03-01')";

	# Models are fitted where everybody is: the shards count equal customers.
	my @model = (shipped => undef);
	counted('lives', "purchase_model('bg/nbd', frequency, recency, age)", 'frequency, recency, age', undef, @model);
	weighted("purchase_model('mbg/nbd', frequency, recency, age, 'day'%s)", 'frequency, recency, age');
	for my $call ("purchase_model('bg/nbd', history, date '2024-03-01', 'week')", "spend_model(history, date '2024-03-01')")
	{
		my $history = 'SELECT timeline(day, amount) AS history FROM {orders} GROUP BY customer_id';
		form($call,
			name => $call =~ s/history/timeline(day, amount)/r,
			whole => "SELECT $call AS m FROM ($history) AS x",
			part => $history,
			top => "SELECT $call AS m FROM @",
			shipped => "SELECT $call AS m FROM ($history) AS x",
			ships => 'timeline');
	}
	# What a model says of customers is added up where they are.
	my $fitted = q{'{"kind": "mbg/nbd", "unit": "day", "parameters": {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}}'::purchase_model};
	counted('lives', "total_purchases($fitted, 20, frequency, recency, age)", 'frequency, recency, age');
	weighted("spend_model(frequency, spend%s)", 'frequency, spend');
	weighted("spend_model(frequency, spend::float8%s)", 'frequency, spend');
	weighted("contract_model('sbg', months, churned%s)", 'months, churned');

	return @forms;
}

1;
