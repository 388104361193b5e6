# The documentation's queries on tables as they come: every SQL block of README.md
# and doc/ runs on the CRM of the demo and on a soiled copy of it (soil.sql), and
# recipe by recipe gives there what a query from the definition gives, written
# without the extension.  What check_events and check_ranges say of both, and
# that their remedies give the figures of the clean tables again.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = $ENV{RETENTION_SOURCE} || '.';
$ENV{PGCLIENTENCODING} = 'UTF8';

# As 090_readme.pl reads them; what others build on comes first.
my @files = ('README.md', 'doc/operations.md', 'doc/clusters.md', 'doc/reference.md', 'doc/questions.md');
{
	my %listed = map { $_ => 1 } @files;
	push @files, grep { !$listed{$_} } map { s{^\Q$source\E/}{}r } sort glob("$source/doc/*.md");
}
my @blocks;
for my $file (@files)
{
	my $page = slurp_file("$source/$file");
	while ($page =~ /^```sql\n(.*?)^```$/msg)
	{
		my $sql = $1;
		push @blocks, $sql unless $sql =~ /pg_cron/;
	}
}

# The block that has these words, as a subquery.
sub recipe
{
	my ($words) = @_;
	my @found = grep { index($_, $words) >= 0 } @blocks;
	is(scalar @found, 1, "one recipe has \"$words\"");
	my ($query) = grep { index($_, $words) >= 0 } split /;\s*\n/, $found[0];
	return $query =~ s/;\s*\z//r;
}

my $of_channel = "FROM (SELECT channel FROM customers UNION SELECT channel FROM spend) AS k";
my $spent = "month >= '2023-12-01' AND month < '2025-12-01'";
my $won = "signed_up_on >= '2024-01-01' AND signed_up_on < '2026-01-01'";
my $unknown = "coalesce(channel, '(unknown)')";
# what came in by customer and age, counted from the sign-up; a refund counts only
# beside an order
my $life = sub {
	my ($grain, $step, $ages) = @_;
	return "
		SELECT c.customer_id, c.channel, cohort, age,
			coalesce((SELECT sum(o.amount) FROM orders o
			 WHERE o.customer_id = c.customer_id AND o.ordered_at::timestamp >= cohort + age * interval '$step'
				AND o.ordered_at::timestamp < cohort + (age + 1) * interval '$step'
				AND EXISTS (SELECT FROM orders p WHERE p.customer_id = c.customer_id AND p.amount >= 0 AND p.ordered_at::timestamp >= cohort)), 0) AS revenue
		FROM customers c
		CROSS JOIN LATERAL (SELECT date_trunc('$grain', c.signed_up_on::timestamp) AS cohort) AS k
		CROSS JOIN generate_series(0, $ages) AS age";
};
my $cost_of_channel = "(SELECT sum(coalesce(marketing, 0) + coalesce(sales, 0)) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent)";
my $won_of_channel = "(SELECT count(*) FROM customers c WHERE c.channel IS NOT DISTINCT FROM k.channel AND $won)";
my $cac_of_channel = "SELECT channel, $won_of_channel AS customers, $cost_of_channel / nullif($won_of_channel, 0) AS cac $of_channel";

# [ words of the recipe, its columns, what they are by definition ]
my @recipes = (
	[ 'SELECT round(cac(marketing, sales, customers), 2) AS cac', 'cac', "
		SELECT round((SELECT sum(coalesce(marketing, 0) + coalesce(sales, 0)) FROM spend WHERE $spent)
			/ (SELECT count(*) FROM customers WHERE $won), 2)" ],
	[ 'AS marketing_only', 'channel, campaign, customers, marketing_only, cac', "
		SELECT $unknown, name, nullif(customers, 0), round(marketing / nullif(customers, 0), 2), round((marketing + sales) / nullif(customers, 0), 2)
		FROM (
			SELECT channel, coalesce(campaign, '(unknown)') AS name,
				(SELECT count(*) FROM customers c WHERE (c.channel, c.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $won) AS customers,
				(SELECT coalesce(sum(marketing), 0) FROM spend s WHERE (s.channel, s.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $spent) AS marketing,
				(SELECT coalesce(sum(sales), 0) FROM spend s WHERE (s.channel, s.campaign) IS NOT DISTINCT FROM (k.channel, k.campaign) AND $spent) AS sales
			FROM (SELECT channel, campaign FROM customers UNION SELECT channel, campaign FROM spend) AS k
			UNION ALL
			SELECT channel, '= all campaigns', $won_of_channel,
				(SELECT coalesce(sum(marketing), 0) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent),
				(SELECT coalesce(sum(sales), 0) FROM spend s WHERE s.channel IS NOT DISTINCT FROM k.channel AND $spent)
			$of_channel) AS x" ],
	[ 'AS pays_back_at_month', 'channel, cac, margin_of_a_year, year_to_cac', "
		SELECT coalesce(u.channel, '(unknown)'), round(cac, 2), round(0.3 * margin, 2), round(0.3 * margin / nullif(cac, 0), 1)
		FROM ($cac_of_channel) AS u
		JOIN (
			SELECT channel, sum(revenue / customers) AS margin
			FROM (
				SELECT channel, age, sum(revenue) AS revenue, count(*) AS customers
				FROM (" . $life->('month', '1 month', 11) . ") AS l
				WHERE cohort + (age + 1) * interval '1 month' <= '2026-01-01'
				GROUP BY channel, age) AS a
			GROUP BY channel) AS r ON r.channel IS NOT DISTINCT FROM u.channel" ],
	[ 'AS pays_back_at_quarter', 'cohort, customers, cac, margin_of_a_year', "
		SELECT cohort::date, count(DISTINCT customer_id), round(cost / count(DISTINCT customer_id), 2),
			CASE WHEN cohort <= '2025-01-01' THEN round(0.3 * sum(revenue) / count(DISTINCT customer_id), 2) END
		FROM (" . $life->('quarter', '3 months', 3) . ") AS l
		JOIN (
			SELECT date_trunc('quarter', month + interval '1 month') AS cohort, sum(coalesce(marketing, 0) + coalesce(sales, 0)) AS cost
			FROM spend GROUP BY 1) AS s USING (cohort)
		GROUP BY cohort, cost" ],
	[ 'AS ltv_to_cac', 'channel, customers, cac, ltv, ltv_to_cac', "
		SELECT coalesce(u.channel, '(unknown)'), u.customers, round(cac, 2), round(value / u.customers, 2), round(value / u.customers / nullif(cac, 0), 1)
		FROM ($cac_of_channel) AS u
		JOIN (
			SELECT channel, sum(total) AS value
			FROM customer_values v JOIN customers c ON c.customer_id = v.customer_id GROUP BY channel) AS v
			ON v.channel IS NOT DISTINCT FROM u.channel" ],
	[ 'AS retention_pct
FROM (
	SELECT channel, cohort_matrix(customer_id', 'channel, age, customers, retention_pct', "
		WITH firsts AS (
			SELECT customer_id, channel, date_trunc('month', min(ordered_at)::timestamp) AS cohort
			FROM orders JOIN customers USING (customer_id) WHERE amount >= 0 GROUP BY 1, 2),
		months AS (
			SELECT DISTINCT customer_id, date_trunc('month', ordered_at::timestamp) AS month FROM orders WHERE amount >= 0)
		SELECT channel, age, count(*), round(100.0 * count(m.customer_id) / count(*), 1)
		FROM firsts f
		CROSS JOIN unnest('{1,3,6}'::int[]) AS age
		LEFT JOIN months m ON m.customer_id = f.customer_id AND m.month = cohort + age * interval '1 month'
		WHERE cohort + (age + 1) * interval '1 month' <= '2026-01-01'
		GROUP BY channel, age" ],
	[ 'FROM movement_rows((SELECT customer_movements(history, \'quarter\') FROM customer_timelines)', 'period, opening_customers, retained_customers, retained_pct', "
		WITH quarters AS (
			SELECT DISTINCT customer_id, date_trunc('quarter', ordered_at::timestamp) AS quarter FROM orders WHERE amount >= 0)
		SELECT (b.quarter + interval '3 months')::date, count(*), count(n.customer_id), round(100.0 * count(n.customer_id) / count(*), 1)
		FROM quarters b
		LEFT JOIN quarters n ON n.customer_id = b.customer_id AND n.quarter = b.quarter + interval '3 months'
		WHERE b.quarter < '2025-10-01'
		GROUP BY 1 ORDER BY 1 DESC LIMIT 3" ],
	[ 'AS quick_ratio
FROM quarters', 'channel, at_start, retained_pct, churned_pct, nrr_pct', "
		WITH sums AS (
			SELECT customer_id, channel,
				coalesce((SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-07-01' AND ordered_at < '2025-10-01'), 0) AS before,
				coalesce((SELECT sum(amount) FROM orders o WHERE o.customer_id = c.customer_id AND ordered_at >= '2025-10-01' AND ordered_at < '2026-01-01'), 0) AS after
			FROM customers c),
		both_levels AS (
			SELECT $unknown AS channel, before, after FROM sums UNION ALL SELECT '= all channels', before, after FROM sums)
		SELECT channel, count(*), round(100.0 * count(*) FILTER (WHERE after > 0) / count(*), 1), round(100.0 * count(*) FILTER (WHERE after <= 0) / count(*), 1),
			round(100 * sum(greatest(after, 0)) / sum(before), 1)
		FROM both_levels WHERE before > 0 GROUP BY channel" ],
	[ 'AS response_pct', 'channel, answers, response_pct, nps, csat_pct', "
		WITH both_levels AS (
			SELECT $unknown AS channel, recommend, satisfied FROM surveys JOIN customers USING (customer_id)
			UNION ALL SELECT '= all channels', recommend, satisfied FROM surveys)
		SELECT channel, count(recommend), round(100.0 * count(recommend) / count(*)),
			round(100.0 * (count(*) FILTER (WHERE recommend >= 9) - count(*) FILTER (WHERE recommend <= 6)) / count(recommend), 1),
			round(100.0 * count(*) FILTER (WHERE satisfied >= 4) / count(satisfied), 1)
		FROM both_levels GROUP BY channel" ],
	[ 'AS purchase_frequency', 'channel, customers, repeat_rate, average_basket, purchase_frequency', "
		SELECT channel, count(*), round(100.0 * count(*) FILTER (WHERE n > 1) / count(*), 1), round(sum(r) / sum(n), 2), round(avg(n), 2)
		FROM customers
		CROSS JOIN LATERAL (
			SELECT sum(CASE WHEN amount >= 0 THEN 1 ELSE 0 END) AS n, sum(amount) AS r
			FROM orders o WHERE o.customer_id = customers.customer_id AND ordered_at >= '2025-01-01' AND ordered_at < '2026-01-01') AS o
		WHERE n > 0 GROUP BY channel" ],
	[ 'AS referred_pct', 'half_year, new_customers, referred_pct', "
		SELECT half::date, count(*), round(100.0 * sum(CASE WHEN channel = 'parrainage' THEN 1 ELSE 0 END) / count(*), 1)
		FROM customers
		JOIN unnest('{2024-01-01,2024-07-01,2025-01-01,2025-07-01}'::timestamp[]) AS half ON signed_up_on >= half AND signed_up_on < half + interval '6 months'
		GROUP BY half" ],
	[ 'AS of_returning', 'quarter, revenue, of_new, of_returning', "
		WITH firsts AS (
			SELECT customer_id, date_trunc('quarter', min(ordered_at)::timestamp) AS first FROM orders WHERE amount >= 0 GROUP BY customer_id)
		SELECT date_trunc('quarter', ordered_at::timestamp)::date, sum(amount),
			sum(CASE WHEN ordered_at::timestamp < first + interval '3 months' THEN amount END),
			sum(CASE WHEN ordered_at::timestamp >= first + interval '3 months' THEN amount END)
		FROM orders JOIN firsts USING (customer_id)
		WHERE ordered_at::timestamp >= first
		GROUP BY 1" ]);

my $node = PostgreSQL::Test::Cluster->new('soiled');
$node->init(extra => [ '-E', 'UTF8', '--no-locale' ]);
$node->append_conf('postgresql.conf', "timezone = 'Europe/Paris'\njit = off\n");
$node->start;

my @queries = map { recipe($_->[0]) } @recipes;
my $folder = PostgreSQL::Test::Utils::tempdir();
my %result;
for my $which ('clean', 'soiled')
{
	$node->safe_psql('postgres', "CREATE DATABASE $which");
	my @psql = ('psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($which));
	command_ok([ @psql, '-c', 'CREATE EXTENSION retention', '-f', "$source/test/demo/crm.sql",
			$which eq 'soiled' ? ('-f', "$source/test/demo/soil.sql") : () ], "the $which CRM loads");

	# all blocks, and then, in the same session, the recipes against the definitions
	my $script = "\\o /dev/null\n" . join("\n", @blocks) . "\n\\o\n\\pset format unaligned\n\\pset tuples_only on\n";
	for my $i (0 .. $#recipes)
	{
		my ($words, $columns, $definition) = @{ $recipes[$i] };
		$script .= "WITH ours ($columns) AS MATERIALIZED (SELECT $columns FROM ($queries[$i]) AS q),
			theirs ($columns) AS MATERIALIZED ($definition)
			SELECT '$i', (SELECT count(*) > 0 FROM ours), (SELECT string_agg('more: ' || o::text, ' ') FROM (TABLE ours EXCEPT ALL TABLE theirs) AS o),
				(SELECT string_agg('less: ' || t::text, ' ') FROM (TABLE theirs EXCEPT ALL TABLE ours) AS t);\n";
	}
	append_to_file("$folder/$which.sql", $script);
	my ($out, $err) = run_command([ @psql, '-f', "$folder/$which.sql" ]);
	is($err // '', '', "$which: all " . @blocks . ' blocks run without a word on stderr');
	my %answer = map { /^(\d+)\|(.*)/ ? ($1 => $2) : () } split /\n/, $out;
	for my $i (0 .. $#recipes)
	{
		my $name = (split /\n/, $recipes[$i][0])[0];
		is($answer{$i} // 'none', 't||', "$which: recipe $name = its definition");
	}

	# what the checks say: faults and looks
	my $found = sub {
		my ($check) = @_;
		return $node->safe_psql($which, "SELECT string_agg(severity || ' ' || finding, ', ' ORDER BY severity, finding) FROM findings(($check))");
	};
	my $expected = $which eq 'clean' ?
	  { orders => '', stages => '', subscriptions => '', surveys => '' } :
	  { orders => 'fault repeated rows, look several rows at once', stages => '', web_orders => 'fault one id, two spellings, fault repeated rows',
		subscriptions => 'fault ends on the last day paid, fault gaps of one day', surveys => '' };
	my %check = (
		orders => "SELECT check_events(customer_id, ordered_at, amount, '2026-01-01') FROM orders",
		web_orders => "SELECT check_events(email, ordered_at, amount, '2026-01-01') FROM web_orders",
		stages => "SELECT check_events(customer_id, entered_at, NULL, '2026-01-01') FROM stages",
		surveys => "SELECT check_events(customer_id, asked_on, NULL, '2026-01-01') FROM surveys",
		subscriptions => "SELECT check_ranges(customer_id, during, monthly_amount, '2026-01-01') FROM subscriptions");
	is($found->($check{$_}), $expected->{$_}, "$which: what is found in $_") for sort keys %$expected;

	# and what the remedies give
	my $orders =
	  '(SELECT customer_id, ordered_at, sum(amount) AS amount FROM (SELECT DISTINCT customer_id, ordered_at, amount FROM orders) AS d GROUP BY 1, 2) AS o';
	my $during = $which eq 'clean' ? 'during' : "daterange(lower(during), upper(during), CASE WHEN upper_inf(during) THEN '[)' ELSE '[]' END)";
	$result{$which} = [
		$node->safe_psql($which, "SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM $orders"),
		$node->safe_psql($which, "SELECT customer_movements(customer_id, $during, monthly_amount, 'month') FROM subscriptions"),
		$node->safe_psql($which, "SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM orders"),
		$node->safe_psql($which, "SELECT customer_movements(customer_id, during, monthly_amount, 'month') FROM subscriptions") ];
}
is($result{soiled}[0], $result{clean}[0], 'orders without repeats, lines added up: the matrix of the clean ones');
is($result{soiled}[1], $result{clean}[1], 'subscriptions to their last day: the movements of the clean ones');
isnt($result{soiled}[$_], $result{clean}[$_], 'as they are they give others') for 2, 3;
is( $node->safe_psql('soiled', q{
		SELECT cohort_matrix(lower(trim(email)), ordered_at, amount, 'month') = cohort_matrix(customer_id, ordered_at, amount, 'month'),
			cohort_matrix(email, ordered_at, amount, 'month') = cohort_matrix(customer_id, ordered_at, amount, 'month') FROM web_orders}),
	't|f', 'mail addresses in lower case, without blanks: the customers again');

$node->stop;
done_testing();
