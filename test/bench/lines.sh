# shellcheck shell=bash
# shellcheck disable=SC2154 # usual, grouped_first, usual_funnel, step: of run.sh
# shellcheck disable=SC2034 # what run.sh and peers.sh read
#
# bench/lines.sh: what run.sh measures; sourced by it.

names=()
modes=()
bars=()
memories=()
queries=()
against=()
best=()			# by the clock, of all rounds
worst=()
cpus=()			# processor time, the best
declare -A floors	# line of the scan floor of a mode
usuals=()		# line of the usual SQL that answers the same

# Is a line of this name to be measured?
wanted()		# wanted NAME
{
	case $1 in
		'scan floor'*|*"$ONLY"*) return 0 ;;
	esac
	return 1
}

# BAR is the most that the line may take, as a ratio to the scan floor of its
# mode, or with "above" to the line before it, with a number to that many lines
# before; "1s" is a second, "-" no bar.
line()			# line NAME serial|parallel|without|parallel_without|defaults BAR WORK_MEM QUERY [above|LINES]
{
	if [ "$1" = 'scan floor' ]
	then
		floors[$2]=${#names[@]}
		case $2 in
			serial) floors[without]=${#names[@]} ;;
			parallel) floors[parallel_without]=${#names[@]} ;;
		esac
	fi
	usuals+=("${usual_line:-$([ "$2" = serial ] && echo 3 || echo 4)}")
	names+=("$1")
	modes+=("$2")
	bars+=("$3")
	memories+=("$4")
	queries+=("$5")
	against+=("$(case ${6:-} in above) echo 1 ;; *) echo "${6:-floor}" ;; esac)")
	best+=("")
	worst+=("")
	cpus+=("")
}

ours()			# ours CUSTOMER AMOUNT
{
	echo "SELECT cohort_matrix($1, ordered_at, $2, 'month') FROM orders"
}

floor="SELECT count(customer_id), sum(amount), max(ordered_at) FROM orders"
line "scan floor" serial - "$WORK_MEM" "$floor"
line "scan floor" parallel - "$WORK_MEM" "$floor"
line "scan floor" defaults - 4MB "$floor"
usual_serial=${#names[@]}
line "usual SQL" serial - "$WORK_MEM" "${usual//AMOUNT/amount}"
line "usual SQL" parallel - "$WORK_MEM" "${usual//AMOUNT/amount}"
line "SQL grouped first" serial - "$WORK_MEM" "${grouped_first//AMOUNT/amount}"
line "SQL grouped first" parallel - "$WORK_MEM" "${grouped_first//AMOUNT/amount}"
first_ours=${#names[@]}
line "ours, bigint, float8" serial 0.8 "$WORK_MEM" "$(ours customer_id amount)"
line "ours, bigint, float8" parallel 1 "$WORK_MEM" "$(ours customer_id amount)"
line "ours, bigint, float8" without - "$WORK_MEM" "$(ours customer_id amount)"
line "ours, bigint, float8" parallel_without - "$WORK_MEM" "$(ours customer_id amount)"
line "scan floor, WHERE amount > 10" serial - "$WORK_MEM" "$floor WHERE amount > 10"
line "ours, bigint, float8, WHERE amount > 10" serial 1 "$WORK_MEM" "$(ours customer_id amount) WHERE amount > 10" above
line "ours, bigint, float8, WHERE amount > 10" parallel - "$WORK_MEM" "$(ours customer_id amount) WHERE amount > 10"
line "ours, bigint, numeric" serial 1.7 "$WORK_MEM" "$(ours customer_id amount_numeric)"
line "ours, bigint, numeric" parallel 2 "$WORK_MEM" "$(ours customer_id amount_numeric)"
line "ours, uuid, float8" serial 2.5 "$WORK_MEM" "$(ours customer_uuid amount)"
line "ours, uuid, numeric" serial 2.5 "$WORK_MEM" "$(ours customer_uuid amount_numeric)"
line "ours, uuid, float8" parallel 2 "$WORK_MEM" "$(ours customer_uuid amount)"
line "ours, text, float8" serial 2.5 "$WORK_MEM" "$(ours customer_text amount)"
line "ours, text, numeric" serial 2.5 "$WORK_MEM" "$(ours customer_text amount_numeric)"
line "ours, text, float8" parallel 2 "$WORK_MEM" "$(ours customer_text amount)"
line "ours, bigint, float8, default work_mem" serial - 4MB "$(ours customer_id amount)"
line "ours, bigint, float8, default work_mem" parallel - 4MB "$(ours customer_id amount)"
line "ours, bigint, float8, everything by default" defaults - 4MB "$(ours customer_id amount)"

# The same rows in order of customers, as the peers have them in their lines "in
# order".
for line in ours funnel funnel_steps
do
	wanted "$line, bigint, float8, in order of customers" || continue
	sql -o /dev/null -c "CREATE TABLE in_order AS SELECT * FROM orders ORDER BY customer_id, ordered_at" -c 'VACUUM (FREEZE, ANALYZE) in_order' -c "SELECT pg_prewarm('in_order')"
	break
done
first_in_order=${#names[@]}
in_order="SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM in_order"
line "ours, bigint, float8, in order of customers" serial - "$WORK_MEM" "$in_order"
line "ours, bigint, float8, in order of customers" parallel - "$WORK_MEM" "$in_order"
in_order="SELECT funnel(customer_id, ordered_at, $step, '720 hours') FROM in_order"
line "funnel, bigint, float8, in order of customers" serial - "$WORK_MEM" "$in_order"
line "funnel, bigint, float8, in order of customers" parallel - "$WORK_MEM" "$in_order"
# The customers at each step, which is what the peer's function is asked; the
# funnel itself has all their times.
in_order="SELECT step, customers FROM funnel_steps(($in_order))"
line "funnel_steps, bigint, float8, in order of customers" serial - "$WORK_MEM" "$in_order"
line "funnel_steps, bigint, float8, in order of customers" parallel - "$WORK_MEM" "$in_order"

# Every column of the groups must be asked for, else it is not computed.
summaries()		# summaries AMOUNT
{
	echo "SELECT count(a), count(b), count(c), count(d)
		FROM (SELECT min(ordered_at) AS a, max(ordered_at) AS b, count(*) AS c, sum($1) AS d
			FROM orders GROUP BY customer_id OFFSET 0) AS t"
}

timelines()		# timelines AMOUNT
{
	echo "SELECT count(t) FROM (SELECT timeline(ordered_at, $1) AS t FROM orders GROUP BY customer_id OFFSET 0) AS t"
}

line "min, max, count, sum by customer, float8" serial - "$WORK_MEM" "$(summaries amount)"
line "timelines by customer, float8" serial 1.3 "$WORK_MEM" "$(timelines amount)" above
line "min, max, count, sum by customer, numeric" serial - "$WORK_MEM" "$(summaries amount_numeric)"
line "timelines by customer, numeric" serial 1.3 "$WORK_MEM" "$(timelines amount_numeric)" above
line "cohort_matrix of stored timelines" serial 1s "$WORK_MEM" "SELECT cohort_matrix(history, 'month') FROM timelines"
line "recurring_matrix of stored timelines" serial - "$WORK_MEM" "SELECT recurring_matrix(history, 'month') FROM timelines"
line "recurring_matrix over rows, bigint" serial 2 "$WORK_MEM" "SELECT recurring_matrix(customer_id, ordered_at, 'month') FROM orders"
line "recurring_matrix over rows, bigint, float8" serial 2 "$WORK_MEM" "SELECT recurring_matrix(customer_id, ordered_at, amount, 'month') FROM orders"
line "recurring_matrix over rows, own starts" serial - "$WORK_MEM" "SELECT recurring_matrix(customer_id, ordered_at, ordered_at, amount, 'month') FROM orders"
line "recurring_matrix over rows, bigint, float8" parallel - "$WORK_MEM" "SELECT recurring_matrix(customer_id, ordered_at, amount, 'month') FROM orders"

# A calendar of 4,000 dates, one a day, beside the grain of days.
dates="dates $(sql -At -c "SELECT string_agg((min + i)::text, ',' ORDER BY i) FROM (SELECT min(ordered_at)::date - 1 AS min FROM orders) x, generate_series(0, 3999) i")"
line "ours by day" serial - "$WORK_MEM" "SELECT cohort_matrix(customer_id, ordered_at, amount, 'day') FROM orders"
line "ours by 4,000 dates" serial 1.05 "$WORK_MEM" "SELECT cohort_matrix(customer_id, ordered_at, amount, '$dates') FROM orders" above
line "check_events, bigint, float8" serial 1.5 "$WORK_MEM" "SELECT check_events(customer_id, ordered_at, amount, NULL) FROM orders"
line "check_events, text, numeric" serial - "$WORK_MEM" "SELECT check_events(customer_text, ordered_at, amount_numeric, NULL) FROM orders"
funnel()		# funnel WITHIN
{
	echo "SELECT funnel(customer_id, ordered_at, $step, '$1') FROM orders"
}

# What analysts write for movements: totals of customers and months, each beside
# the month before by window functions.
usual_movements="WITH months AS (
	SELECT customer_id, date_trunc('month', ordered_at) AS period, sum(amount) AS revenue
	FROM orders
	GROUP BY 1, 2),
moved AS (
	SELECT customer_id, period, revenue, lag(period) OVER w AS before, lag(revenue) OVER w AS revenue_before,
		lead(period) OVER w AS after
	FROM months
	WINDOW w AS (PARTITION BY customer_id ORDER BY period))
SELECT period, count(*) FILTER (WHERE before IS NULL) AS new,
	count(*) FILTER (WHERE before < period - interval '1 month') AS reactivated,
	count(*) FILTER (WHERE before = period - interval '1 month') AS retained,
	count(*) FILTER (WHERE after IS DISTINCT FROM period + interval '1 month') AS churned_next,
	sum(revenue) FILTER (WHERE before IS NULL) AS new_revenue,
	sum(revenue - revenue_before) FILTER (WHERE before = period - interval '1 month' AND revenue > revenue_before) AS expansion,
	sum(revenue - revenue_before) FILTER (WHERE before = period - interval '1 month' AND revenue < revenue_before) AS contraction
FROM moved
GROUP BY period"

movements()		# movements CUSTOMER AMOUNT
{
	echo "SELECT customer_movements($1, ordered_at, $2, 'month') FROM orders"
}

usual_line=${#names[@]}
line "usual SQL, movements" serial - "$WORK_MEM" "$usual_movements"
line "movements, bigint, float8" serial 1.2 "$WORK_MEM" "$(movements customer_id amount)"
line "movements, bigint, numeric" serial 1.7 "$WORK_MEM" "$(movements customer_id amount_numeric)"
line "movements, uuid, float8" serial 2.5 "$WORK_MEM" "$(movements customer_uuid amount)"
line "movements, bigint, float8" parallel 2 "$WORK_MEM" "$(movements customer_id amount)"
line "movements, bigint, float8" without - "$WORK_MEM" "$(movements customer_id amount)"
line "movements, bigint, float8, default work_mem" serial - 4MB "$(movements customer_id amount)"
line "movements, bigint, float8, default work_mem" parallel - 4MB "$(movements customer_id amount)"
line "cohort_matrix alone" serial - "$WORK_MEM" "$(ours customer_id amount)"
line "cohort_matrix and movements in one query" serial 1.3 "$WORK_MEM" \
	"SELECT cohort_matrix(customer_id, ordered_at, amount, 'month'), customer_movements(customer_id, ordered_at, amount, 'month') FROM orders" above
unset usual_line

usual_line=${#names[@]}
first_funnel=$((usual_line + 1))
line "usual SQL, funnel of three steps" serial - "$WORK_MEM" "$usual_funnel"
line "ours, funnel of three steps, 720 hours" serial 1.2 "$WORK_MEM" "$(funnel '720 hours')"
line "ours, funnel of three steps, 720 hours" parallel - "$WORK_MEM" "$(funnel '720 hours')"
line "ours, funnel of three steps, 720 hours" without - "$WORK_MEM" "$(funnel '720 hours')"
line "ours, funnel of three steps, 30 days" serial 1.2 "$WORK_MEM" "$(funnel '30 days')"
line "ours, funnel of three steps, default work_mem" serial - 4MB "$(funnel '30 days')"
line "ours, funnel of three steps, default work_mem" parallel - 4MB "$(funnel '30 days')"
# A row meets several of five conditions; and one funnel for each month.
conditions="amount < 50, amount >= 50, amount < 200, amount >= 100, amount >= 200"
five="ARRAY[$conditions]"
line "ours, funnel with boolean[] of five" serial 2.5 "$WORK_MEM" "SELECT funnel(customer_id, ordered_at, $five, '720 hours') FROM orders"
line "ours, the same by conditions()" serial 2.5 "$WORK_MEM" "SELECT funnel(customer_id, ordered_at, conditions($conditions), '720 hours') FROM orders"
line "ours, the same, one row one step" serial - "$WORK_MEM" "SELECT funnel(customer_id, ordered_at, $five, '720 hours', 'one row one step') FROM orders"
line "ours, the same, any order" serial - "$WORK_MEM" "SELECT funnel(customer_id, ordered_at, $five, '720 hours', 'any order') FROM orders"
line "ours, trend of three steps by month" serial 2.5 "$WORK_MEM" "SELECT funnel(customer_id, ordered_at, $step, '720 hours', 'default', 'month at UTC') FROM orders"
line "ours, window_funnel for each customer" serial - "$WORK_MEM" \
	"SELECT count(*) FILTER (WHERE step >= 3) FROM (
		SELECT window_funnel(interval '720 hours', ordered_at, 'default', amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS step
		FROM orders GROUP BY customer_id) f"

line "ours, sequence_match for each customer" serial 1.5 "$WORK_MEM" \
	"SELECT count(*) FILTER (WHERE found) FROM (
		SELECT sequence_match('(?1)(?t<=2592000)(?2).*(?3)', ordered_at, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS found
		FROM orders GROUP BY customer_id) f" above
first_sequence=$((${#names[@]} - 1))

# From one kind of order to the next, and a silence of 30 days ends a way.
place="CASE WHEN amount < 50 THEN 'small' WHEN amount < 200 THEN 'middling' ELSE 'large' END"
line "ours, journey among three places, 720 hours" serial 2.5 "$WORK_MEM" "SELECT journey(customer_id, ordered_at, $place, '720 hours') FROM orders"
line "ours, journey among three places, 720 hours" parallel - "$WORK_MEM" "SELECT journey(customer_id, ordered_at, $place, '720 hours') FROM orders"
line "ours, journey, default work_mem" serial - 4MB "SELECT journey(customer_id, ordered_at, $place, '720 hours') FROM orders"

# A million customers by a duration without ties, half of them churned.
! wanted "of a million durations" || sql -c "CREATE UNLOGGED TABLE lives AS SELECT n * 0.001::float8 AS days, i % 2 = 0 AS churned FROM generate_series(1, 1000000) i, LATERAL (SELECT (i * 7919::bigint) % 1000003 AS n) m"
line "sort of a million durations" serial - "$WORK_MEM" "SELECT count(*) FROM (SELECT days FROM lives ORDER BY days OFFSET 0) s"
line "survival_curve of a million durations" serial 2 "$WORK_MEM" "SELECT median_lifetime(survival_curve(days, churned)) FROM lives" above

# A million customers with twenty traits each.
! wanted "of a million customers with 20 traits" || sql -c "CREATE UNLOGGED TABLE traits AS SELECT i % 3 = 0 AS stayed, jsonb_build_object('a', i % 2 = 0, 'b', i % 5, 'c', i * 7919 % 1009, 'd', 'plan ' || i % 4, 'e', i % 17 / 4.0,
		'f', i % 3 = 1, 'g', i * 104729 % 10007, 'h', 'city ' || i % 150, 'i', i % 29, 'j', i % 7 = 0, 'k', i % 11, 'l', i * 31 % 101, 'm', i % 13 = 0, 'n', i % 23,
		'o', 'x' || i % 9, 'p', i * 17 % 997 / 100.0, 'q', i % 6, 'r', i % 19 < 4, 's', i % 8, 't', i % 10) AS traits
	FROM generate_series(1::bigint, 1000000) i"
line "jsonb_each of a million objects of 20 keys" serial - "$WORK_MEM" "SELECT count(*), count(value) FROM traits, jsonb_each(traits)"
line "signals of a million customers with 20 traits" serial 5 "$WORK_MEM" "SELECT count(*) FROM signal_rows((SELECT signals(stayed, traits) FROM traits))" above

# ---------------------------------------------------------------------
# Groups, timelines, what is stored
# ---------------------------------------------------------------------

# A matrix of each of many groups, beside what any answer by customer takes:
# one row of a hash table for each of them.
for groups in 5 50 500 5000 500000
do
	bar=1.4
	[ "$groups" -le 500 ] || bar=1.7
	[ "$groups" -le 5000 ] || bar=-
	line "$groups groups, plain: min, max, count, sum of each customer" serial - "$WORK_MEM" \
		"SELECT count(g), count(a), count(b), count(c), count(d)
		FROM (SELECT customer_id % $groups AS g, min(ordered_at) AS a, max(ordered_at) AS b, count(*) AS c, sum(amount) AS d
			FROM orders GROUP BY customer_id % $groups, customer_id OFFSET 0) AS t"
	line "$groups groups, ours" serial $bar "$WORK_MEM" \
		"SELECT count(m) FROM (SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') AS m
			FROM orders GROUP BY customer_id % $groups OFFSET 0) AS t" above
	line "$groups groups, movements" serial - "$WORK_MEM" \
		"SELECT count(m) FROM (SELECT customer_movements(customer_id, ordered_at, amount, 'month') AS m
			FROM orders GROUP BY customer_id % $groups OFFSET 0) AS t" 2
	line "$groups groups, default work_mem" serial - 4MB \
		"SELECT count(m) FROM (SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') AS m
			FROM orders GROUP BY customer_id % $groups OFFSET 0) AS t" 3
done

# By every grain, over all customers; and small summaries of several groups.
for grain in day week month quarter year
do
	bar=1s
	case $grain in day|week) bar=3s ;; esac
	line "timelines by $grain, cohort_matrix" serial $bar "$WORK_MEM" "SELECT cohort_matrix(history, '$grain') FROM timelines"
	line "timelines by $grain, customer_movements" serial $bar "$WORK_MEM" "SELECT customer_movements(history, '$grain') FROM timelines"
done
line "timelines by day, recurring_matrix" serial - "$WORK_MEM" "SELECT recurring_matrix(history, 'day') FROM timelines"
for groups in 5 500
do
	line "timelines by quarter, $groups groups" serial 1s "$WORK_MEM" \
		"SELECT count(m) FROM (SELECT cohort_matrix(history, 'quarter') AS m FROM timelines GROUP BY customer_id % $groups OFFSET 0) AS t"
done
line "timelines by quarter, matrices of 500 groups rolled up by 5" serial - "$WORK_MEM" \
	"SELECT count(r) FROM (SELECT rollup(m) AS r
		FROM (SELECT customer_id % 500 AS g, cohort_matrix(history, 'quarter') AS m FROM timelines GROUP BY customer_id % 500) AS t
		GROUP BY g % 5 OFFSET 0) AS s"

# Twelve tiles of a dashboard, each a statement of its own.
tiles()			# tiles MATRIX MOVEMENTS
{
	echo "SELECT count(*) FROM cohort_cells($1); SELECT count(*) FROM retention_curve($1); SELECT retention_rate($1, 3);
		SELECT churn_rate($1, 6); SELECT ltv($1, 12); SELECT ltv_chained($1, 12); SELECT payback_age($1, 100::numeric, 0.5);
		SELECT length(cohort_svg($1)); SELECT count(*) FROM movement_rows($2); SELECT length(movements_svg($2));
		SELECT length(waterfall_svg($2)); SELECT length(lifecycle_svg($2))"
}

sql -c "SET work_mem = '$WORK_MEM'" -c "CREATE TABLE stored AS
	SELECT cohort_matrix(history, 'month') AS matrix, customer_movements(history, 'month') AS movements FROM timelines"
line "twelve tiles, from rows" serial - "$WORK_MEM" \
	"$(tiles '(SELECT cohort_matrix(customer_id, ordered_at, amount_numeric, '"'month'"') FROM orders)' \
		'(SELECT customer_movements(customer_id, ordered_at, amount_numeric, '"'month'"') FROM orders)')"
line "twelve tiles, from timelines" serial - "$WORK_MEM" \
	"$(tiles '(SELECT cohort_matrix(history, '"'month'"') FROM timelines)' '(SELECT customer_movements(history, '"'month'"') FROM timelines)')"
line "twelve tiles, from stored values" serial - "$WORK_MEM" "$(tiles '(SELECT matrix FROM stored)' '(SELECT movements FROM stored)')"

# A day's orders taken into the timelines, as doc/operations.md does; and what is
# stored made anew.
sql -c "ALTER TABLE timelines ADD PRIMARY KEY (customer_id)" -c "CREATE TABLE day AS
	SELECT customer_id, ordered_at + interval '1 month' AS ordered_at, amount_numeric FROM orders WHERE random() < 20000 / $ROWS.0"
line "twenty thousand new orders into the timelines" serial - "$WORK_MEM" \
	"BEGIN;
	INSERT INTO timelines AS t SELECT customer_id, timeline(ordered_at, amount_numeric) FROM day GROUP BY customer_id
		ON CONFLICT (customer_id) DO UPDATE SET history = t.history || excluded.history;
	ROLLBACK"
line "stored values made anew from timelines" serial - "$WORK_MEM" \
	"BEGIN;
	UPDATE stored SET (matrix, movements) = (SELECT cohort_matrix(history, 'month'), customer_movements(history, 'month') FROM timelines);
	ROLLBACK"

# The same query twice: what differs is noise.
line "scan floor, the same again" serial - "$WORK_MEM" "$floor"
control=$((${#names[@]} - 1))
line "scan floor, the same again" parallel - "$WORK_MEM" "$floor"
