#!/usr/bin/env bash
# bench/run.sh: how fast, as ratios within one run, on one generated table.
#
#	ROWS=7700000 CUSTOMERS=500000 MONTHS=48		the table
#	RUNS=3				rounds; a line's time is its best
#	WORK_MEM=512MB		but for the lines that say default work_mem (4MB)
#	PEERS=1				also DuckDB and ClickHouse on the same rows (npm brings them)
#	MEMORY=1			the memory measurements instead (see memory.sh)
#	MODELS=1			fits and predictions instead (see models.sh)
#
# It asserts nothing about time: a bar that is missed is printed as such.  It
# fails when an answer is wrong.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

export ROWS=${ROWS:-7700000} CUSTOMERS=${CUSTOMERS:-500000} MONTHS=${MONTHS:-48}
export RUNS=${RUNS:-3} WORK_MEM=${WORK_MEM:-512MB} PEERS=${PEERS:-0} MEMORY=${MEMORY:-0}
export MODELS=${MODELS:-0}

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	PEERS=0 "$here/../deps.sh"
	cluster_pg_config
	if [ "$PEERS" = 1 ]
	then
		# A bench without peers is still a bench.
		"$here/../deps.sh" || true
		# With the caller's npm and its settings.
		private_prepare()
		{
			local peers=$RETENTION_PRIVATE/peers
			mkdir "$peers"
			cp "$here/package.json" "$peers/"
			if ! command -v npm >/dev/null || ! command -v node >/dev/null
			then
				echo "no node with npm (make deps PEERS=1)" >"$peers/skip"
			elif ! npm install --prefix "$peers" --no-audit --no-fund \
				--no-package-lock >"$peers/log" 2>&1
			then
				echo "npm could not install them: $(grep -m 1 -i 'error' "$peers/log")" >"$peers/skip"
			fi
			chmod -R a+rX "$peers"
		}
	fi
	private_run test/bench/run.sh
fi

# A quarter of the memory, 2 GB at most.
memory=$(awk '/^MemTotal/ { print int($2 / 4096) }' /proc/meminfo 2>/dev/null || echo 512)
[ "$memory" -le 2048 ] || memory=2048

# shellcheck disable=SC2119 # no arguments for make
cluster_stage
cluster_start "shared_buffers = ${memory}MB" "max_wal_size = 8GB" \
	"wal_level = minimal" "max_wal_senders = 0" "autovacuum = off" \
	"checkpoint_timeout = 1h" "jit = off"

if [ "$MODELS" = 1 ]
then
	exec bash "$here/models.sh"
fi
if [ "$MEMORY" = 1 ]
then
	sql -c 'CREATE EXTENSION retention'
	exec bash "$here/memory.sh"
fi

echo "loading $ROWS orders of $CUSTOMERS customers over $MONTHS months"
sql -v row_count="$ROWS" -v customer_count="$CUSTOMERS" -v month_count="$MONTHS" \
	-f "$here/orders.sql"
sql -c 'CREATE EXTENSION retention' -c 'CREATE EXTENSION pg_prewarm'
sql -o /dev/null -c "SELECT pg_prewarm('orders')"

usual="WITH firsts AS (
	SELECT customer_id, date_trunc('month', min(ordered_at)) AS cohort
	FROM orders
	GROUP BY customer_id)
SELECT cohort::date,
	(extract(year FROM ordered_at) * 12 + extract(month FROM ordered_at)
	- extract(year FROM cohort) * 12 - extract(month FROM cohort))::int AS age,
	count(DISTINCT customer_id) AS active, sum(AMOUNT) AS revenue
FROM orders
JOIN firsts USING (customer_id)
GROUP BY 1, 2"

grouped_first="WITH months AS (
	SELECT customer_id, date_trunc('month', ordered_at) AS period, sum(AMOUNT) AS revenue
	FROM orders
	GROUP BY 1, 2),
aged AS (
	SELECT min(period) OVER (PARTITION BY customer_id) AS cohort, period, revenue
	FROM months)
SELECT cohort::date,
	(extract(year FROM period) * 12 + extract(month FROM period)
	- extract(year FROM cohort) * 12 - extract(month FROM cohort))::int AS age,
	count(*) AS active, sum(revenue) AS revenue
FROM aged
GROUP BY 1, 2"

# Conversion from a small order over a middling to a large one within 30 days.
step="CASE WHEN amount < 50 THEN 1 WHEN amount < 200 THEN 2 ELSE 3 END"

# The earliest next step of every first step, then of every second.
usual_funnel="WITH firsts AS (
	SELECT DISTINCT customer_id, ordered_at AS at_1
	FROM orders
	WHERE amount < 50),
seconds AS (
	SELECT f.customer_id, at_1, min(ordered_at) AS at_2
	FROM firsts f
	JOIN orders o ON o.customer_id = f.customer_id AND amount >= 50 AND amount < 200
		AND ordered_at BETWEEN at_1 AND at_1 + interval '720 hours'
	GROUP BY 1, 2),
thirds AS (
	SELECT s.customer_id
	FROM seconds s
	JOIN orders o ON o.customer_id = s.customer_id AND amount >= 200
		AND ordered_at BETWEEN at_2 AND at_1 + interval '720 hours')
SELECT count(DISTINCT customer_id) AS step_1,
	(SELECT count(DISTINCT customer_id) FROM seconds) AS step_2,
	(SELECT count(DISTINCT customer_id) FROM thirds) AS step_3
FROM firsts"

# ---------------------------------------------------------------------
# First the answers
# ---------------------------------------------------------------------

different=$(sql -At -v ON_ERROR_STOP=1 -c "SET work_mem = '$WORK_MEM'" -c "
WITH usual AS (${usual//AMOUNT/amount_numeric}),
ours AS (
	SELECT cohort, age, active, revenue
	FROM cohort_cells((SELECT cohort_matrix(customer_id, ordered_at, amount_numeric, 'month') FROM orders))
	WHERE active > 0)
SELECT count(*)
FROM usual u
FULL JOIN ours o USING (cohort, age)
WHERE (u.active, u.revenue) IS DISTINCT FROM (o.active, o.revenue)")
if [ "$different" != 0 ]
then
	echo "$different cohort cells differ from the usual SQL"
	exit 1
fi
read -r cells active weighted revenue < <(sql -At -F ' ' -c "SET work_mem = '$WORK_MEM'" -c "
SELECT count(*), sum(active), sum(age * active), round(sum(revenue), 2)
FROM cohort_cells((SELECT cohort_matrix(customer_id, ordered_at, amount_numeric, 'month') FROM orders))
WHERE active > 0")
echo "ours = the usual SQL: $cells cells, active customers and revenue of each"

sql -c "SET work_mem = '$WORK_MEM'" -c "
CREATE TABLE timelines AS
SELECT customer_id, timeline(ordered_at, amount_numeric) AS history FROM orders GROUP BY customer_id" \
	-c 'VACUUM ANALYZE timelines'
if [ "$(sql -At -c "SET work_mem = '$WORK_MEM'" -c "
SELECT (SELECT cohort_matrix(history, 'month') FROM timelines)
	= (SELECT cohort_matrix(customer_id, ordered_at, amount_numeric, 'month') FROM orders)")" != t ]
then
	echo "the matrix of timelines is not that of the rows"
	exit 1
fi
sql -At -c "SELECT format('timelines = rows; %s bytes a customer, %s a day with orders; the table %s',
	round(avg(pg_column_size(history)), 1), round(sum(pg_column_size(history))::numeric / sum(active_days(history)), 2),
	pg_size_pretty(pg_relation_size('timelines'))) FROM timelines"
read -r -a reached < <(sql -At -F ' ' -c "SET work_mem = '$WORK_MEM'" -c "$usual_funnel")
ours_reached=$(sql -At -R ' ' -c "SET work_mem = '$WORK_MEM'" -c "
SELECT customers
FROM funnel_steps((SELECT funnel(customer_id, ordered_at, $step, '720 hours') FROM orders))")
if [ "$ours_reached" != "${reached[*]}" ]
then
	echo "funnel: $ours_reached customers by ours, ${reached[*]} by the usual SQL"
	exit 1
fi
echo "ours = the usual SQL: $ours_reached customers reach the steps of the funnel"

# ---------------------------------------------------------------------
# Then the times
# ---------------------------------------------------------------------

# shellcheck disable=SC2034 # by its name, in seconds()
serial="SET max_parallel_workers_per_gather = 0"
parallel="SET max_parallel_workers_per_gather = 2; SET max_parallel_workers = 2;
	SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"

names=()
modes=()
bars=()
memories=()
queries=()
against=()
best=()
usuals=()		# line of the usual SQL that answers the same

# BAR is the most that the line may take, as a ratio to the scan floor of its
# mode, or with "above" to the line before it; "1s" is a second, "-" no bar.
line()			# line NAME serial|parallel BAR WORK_MEM QUERY [above]
{
	usuals+=("${usual_line:-$([ "$2" = serial ] && echo 2 || echo 3)}")
	names+=("$1")
	modes+=("$2")
	bars+=("$3")
	memories+=("$4")
	queries+=("$5")
	against+=("${6:-floor}")
	best+=("")
}

ours()			# ours CUSTOMER AMOUNT
{
	echo "SELECT cohort_matrix($1, ordered_at, $2, 'month') FROM orders"
}

floor="SELECT count(customer_id), sum(amount), max(ordered_at) FROM orders"
line "scan floor" serial - "$WORK_MEM" "$floor"
line "scan floor" parallel - "$WORK_MEM" "$floor"
line "usual SQL" serial - "$WORK_MEM" "${usual//AMOUNT/amount}"
line "usual SQL" parallel - "$WORK_MEM" "${usual//AMOUNT/amount}"
line "SQL grouped first" serial - "$WORK_MEM" "${grouped_first//AMOUNT/amount}"
line "SQL grouped first" parallel - "$WORK_MEM" "${grouped_first//AMOUNT/amount}"
line "ours, bigint, float8" serial 1.5 "$WORK_MEM" "$(ours customer_id amount)"
line "ours, bigint, float8" parallel 2 "$WORK_MEM" "$(ours customer_id amount)"
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
line "movements, bigint, float8" serial 1.5 "$WORK_MEM" "$(movements customer_id amount)"
line "movements, bigint, numeric" serial 1.7 "$WORK_MEM" "$(movements customer_id amount_numeric)"
line "movements, uuid, float8" serial 2.5 "$WORK_MEM" "$(movements customer_uuid amount)"
line "movements, bigint, float8" parallel 2 "$WORK_MEM" "$(movements customer_id amount)"
line "cohort_matrix alone" serial - "$WORK_MEM" "$(ours customer_id amount)"
line "cohort_matrix and movements in one query" serial 1.3 "$WORK_MEM" \
	"SELECT cohort_matrix(customer_id, ordered_at, amount, 'month'), customer_movements(customer_id, ordered_at, amount, 'month') FROM orders" above
unset usual_line

usual_line=${#names[@]}
first_funnel=$((usual_line + 1))
line "usual SQL, funnel of three steps" serial - "$WORK_MEM" "$usual_funnel"
line "ours, funnel of three steps, 720 hours" serial 2 "$WORK_MEM" "$(funnel '720 hours')"
line "ours, funnel of three steps, 720 hours" parallel - "$WORK_MEM" "$(funnel '720 hours')"
line "ours, funnel of three steps, 30 days" serial 2 "$WORK_MEM" "$(funnel '30 days')"
line "ours, funnel of three steps, default work_mem" serial - 4MB "$(funnel '30 days')"
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
sql -c "CREATE UNLOGGED TABLE lives AS SELECT n * 0.001::float8 AS days, i % 2 = 0 AS churned FROM generate_series(1, 1000000) i, LATERAL (SELECT (i * 7919::bigint) % 1000003 AS n) m"
line "sort of a million durations" serial - "$WORK_MEM" "SELECT count(*) FROM (SELECT days FROM lives ORDER BY days OFFSET 0) s"
line "survival_curve of a million durations" serial 2 "$WORK_MEM" "SELECT median_lifetime(survival_curve(days, churned)) FROM lives" above

# A million customers with twenty traits each.
sql -c "CREATE UNLOGGED TABLE traits AS SELECT i % 3 = 0 AS stayed, jsonb_build_object('a', i % 2 = 0, 'b', i % 5, 'c', i * 7919 % 1009, 'd', 'plan ' || i % 4, 'e', i % 17 / 4.0,
		'f', i % 3 = 1, 'g', i * 104729 % 10007, 'h', 'city ' || i % 150, 'i', i % 29, 'j', i % 7 = 0, 'k', i % 11, 'l', i * 31 % 101, 'm', i % 13 = 0, 'n', i % 23,
		'o', 'x' || i % 9, 'p', i * 17 % 997 / 100.0, 'q', i % 6, 'r', i % 19 < 4, 's', i % 8, 't', i % 10) AS traits
	FROM generate_series(1::bigint, 1000000) i"
line "jsonb_each of a million objects of 20 keys" serial - "$WORK_MEM" "SELECT count(*), count(value) FROM traits, jsonb_each(traits)"
line "signals of a million customers with 20 traits" serial 5 "$WORK_MEM" "SELECT count(*) FROM signal_rows((SELECT signals(stayed, traits) FROM traits))" above

seconds()		# seconds MODE WORK_MEM QUERY
{
	# The mode is the name of the variable above.
	sql -At <<-END | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | awk '{ printf "%.4f", $1 / 1000 }'
		${!1};
		SET work_mem = '$2';
		\timing on
		\o /dev/null
		$3;
	END
}

for i in "${!names[@]}"
do
	if [ "${modes[$i]}" = parallel ] && ! sql -At <<-END | grep -q Gather
		$parallel;
		EXPLAIN ${queries[$i]};
	END
	then
		names[i]+=" (plan is not parallel)"
	fi
done

for ((round = 1; round <= RUNS; round++))
do
	for i in "${!names[@]}"
	do
		took=$(seconds "${modes[$i]}" "${memories[$i]}" "${queries[$i]}")
		best[i]=$(awk -v a="${best[$i]:-1e9}" -v b="$took" 'BEGIN { print (a < b) ? a : b }')
	done
done

echo
echo "PostgreSQL $(sql -At -c 'SHOW server_version'), $(getconf _NPROCESSORS_ONLN) processors," \
	"shared_buffers ${memory}MB, work_mem $WORK_MEM, jit off;" \
	"table $(sql -At -c "SELECT pg_size_pretty(pg_relation_size('orders'))");" \
	"best of $RUNS interleaved rounds"
echo "x floor: to the scan of the same mode; x usual: how many times faster than the usual SQL of the same mode" \
	"(funnels: than the serial one)"
echo
printf '%-58s %-8s %8s %8s %12s %8s\n' query mode seconds 'x floor' bar 'x usual'
for i in "${!names[@]}"
do
	# Floor: line 0 serial, 1 parallel.
	of=0
	[ "${modes[$i]}" = serial ] || of=1
	to=$of
	[ "${against[$i]}" = floor ] || to=$((i - 1))
	awk -v name="${names[$i]}" -v mode="${modes[$i]}" -v s="${best[$i]}" -v bar="${bars[$i]}" \
		-v floor="${best[$of]}" -v usual="${best[${usuals[$i]}]}" -v to="${best[$to]}" -v above="$((to != of))" '
		BEGIN {
			ratio = s / floor
			measure = (bar ~ /s$/) ? s : s / to
			verdict = (bar == "-") ? "" : (bar " " ((measure <= bar + 0) ? "ok" : "over"))
			if (above)
				name = sprintf("%s: %.2f x the line above", name, s / to)
			printf "%-58s %-8s %8.3f %8.2f %12s %8.1f\n", name, mode, s, ratio, verdict, usual / s
		}'
done
# The bar of 12 against the usual SQL is for the first line of ours.
awk -v s="${best[6]}" -v usual="${best[2]}" 'BEGIN {
	times = usual / s
	verdict = (times >= 12) ? "ok" : "under"
	printf "\nagainst the usual SQL, serial: %.1f times as fast (bar 12 %s)\n", times, verdict }'

# ---------------------------------------------------------------------
# The peers, each on its own storage
# ---------------------------------------------------------------------

[ "$PEERS" = 1 ] || exit 0
peers=$RETENTION_PRIVATE/peers
if [ -f "$peers/skip" ]
then
	echo "peers skipped: $(cat "$peers/skip")"
	exit 0
fi
export PEERS_FROM=$peers
# Local times, so that they have no zone to convert.
sql -c "\\copy (SELECT customer_id, to_char(ordered_at, 'YYYY-MM-DD HH24:MI:SS'), amount, extract(epoch FROM ordered_at)::bigint FROM orders) TO '$RETENTION_PRIVATE/orders.csv' (FORMAT csv)"
sql -f "$here/funnel_cases.sql"
sql -f "$here/sequence_cases.sql"
sequence_found=$(sql -At -c "SELECT count(*) FILTER (WHERE found) FROM (
	SELECT sequence_match('(?1)(?t<=2592000)(?2).*(?3)', ordered_at, amount < 50, amount >= 50 AND amount < 200, amount >= 200) AS found
	FROM orders GROUP BY customer_id) f")
mkdir "$RETENTION_PRIVATE/sequences"
for table in sequence_cases sequence_patterns sequence_answers next_cases next_chains next_answers
do
	sql -c "\\copy $table TO '$RETENTION_PRIVATE/sequences/$table.csv' (FORMAT csv)"
done
sql -c "\\copy funnel_cases TO '$RETENTION_PRIVATE/funnel_cases.csv' (FORMAT csv)" \
	-c "\\copy funnel_answers TO '$RETENTION_PRIVATE/funnel_answers.csv' (FORMAT csv)"
cluster_stop
echo
if ! node "$here/funnel_agrees.mjs" "$RETENTION_PRIVATE/funnel_cases.csv" "$RETENTION_PRIVATE/funnel_answers.csv" \
	"$RETENTION_PRIVATE/agrees" 2>"$RETENTION_PRIVATE/agrees.err"
then
	echo "no comparison with windowFunnel: $(grep -m 1 . "$RETENTION_PRIVATE/agrees.err" || echo 'it failed without a word')"
fi
if ! node "$here/sequence_agrees.mjs" "$RETENTION_PRIVATE/sequences" "$RETENTION_PRIVATE/sequences/clickhouse" 2>"$RETENTION_PRIVATE/agrees.err"
then
	echo "sequences differ, or no comparison: $(grep -m 1 . "$RETENTION_PRIVATE/agrees.err" || echo 'see above')"
fi
echo "on their own storage, two threads, the same rows; x ours: to our serial and parallel line (bigint, float8)"
for engine in duckdb clickhouse
do
	if ! node "$here/peers.mjs" "$engine" "$RETENTION_PRIVATE/orders.csv" \
		"$RETENTION_PRIVATE/$engine" "$RUNS" >"$RETENTION_PRIVATE/$engine.out" 2>"$RETENTION_PRIVATE/$engine.err"
	then
		echo "$engine skipped: $(grep -m 1 . "$RETENTION_PRIVATE/$engine.err" || echo 'it failed without a word')"
		continue
	fi
	awk -F '\t' -v ours="${best[6]}" -v ours_parallel="${best[7]}" \
		-v funnel="${best[$first_funnel]}" -v funnel_parallel="${best[$((first_funnel + 1))]}" \
		-v sequence="${best[$first_sequence]}" -v found="$sequence_found" -v reached="$ours_reached" -v cells="$cells" -v active="$active" -v weighted="$weighted" -v revenue="$revenue" '
		$2 == "windowFunnel" {
			printf "%-58s %-8s %8.3f %8.2f serial %8.2f parallel, of our funnel%s\n", $1 ", " $2, "2", $3,
				$3 / funnel, $3 / funnel_parallel, $4 == reached ? "" : "  (OTHER ANSWER)"
			next
		}
		$2 == "sequenceMatch" {
			printf "%-58s %-8s %8.3f %8.2f serial, of our sequence_match%s\n", $1 ", " $2, "2", $3,
				$3 / sequence, $4 == found ? "" : "  (OTHER ANSWER)"
			next
		}
		{
			same = $4 == cells && $5 == active && $6 == weighted && ($7 - revenue) ^ 2 < 1
			printf "%-58s %-8s %8.3f %8.2f serial %8.2f parallel%s\n", $1 ", " $2, "2", $3,
				$3 / ours, $3 / ours_parallel, same ? "" : "  (OTHER ANSWER)"
		}' "$RETENTION_PRIVATE/$engine.out"
done
