#!/usr/bin/env bash
# bench/run.sh: how fast, as ratios within one run, on one generated table.
#
#	ROWS=7700000 CUSTOMERS=500000 MONTHS=48		the table
#	RUNS=3				rounds; a line's time is its best
#	WORK_MEM=512MB		but for the lines that say default work_mem (4MB)
#	ONLY=groups			lines whose name has this word, and the floors
#	PEERS=1				also DuckDB and ClickHouse on the same rows (npm brings them)
#	MEMORY=1			the memory measurements instead (see memory.sh)
#	MODELS=1			fits and predictions instead (see models.sh)
#	GROWTH=1			growth with the rows instead (see growth.sh)
#
# It asserts nothing about time: a bar that is missed is printed as such.  It
# fails when an answer is wrong.  The lines are in lines.sh.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

export ROWS=${ROWS:-7700000} CUSTOMERS=${CUSTOMERS:-500000} MONTHS=${MONTHS:-48}
export RUNS=${RUNS:-3} WORK_MEM=${WORK_MEM:-512MB} PEERS=${PEERS:-0} MEMORY=${MEMORY:-0}
export MODELS=${MODELS:-0} GROWTH=${GROWTH:-0} ONLY=${ONLY:-}

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
	"checkpoint_timeout = 1h" "jit = off" "session_preload_libraries = 'retention'"

if [ "$MODELS" = 1 ]
then
	exec bash "$here/models.sh"
fi
if [ "$MEMORY" = 1 ]
then
	sql -c 'CREATE EXTENSION retention'
	exec bash "$here/memory.sh"
fi
# shellcheck source=test/bench/clock.sh
. "$here/clock.sh"
if [ "$GROWTH" = 1 ]
then
	# shellcheck source=test/bench/growth.sh
	. "$here/growth.sh"
	exit 0
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

# shellcheck source=test/bench/lines.sh
. "$here/lines.sh"

for i in "${!names[@]}"
do
	if [ "${modes[$i]}" = parallel ] && wanted "${names[$i]}" && ! sql -At <<-END | grep -q Gather
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
		wanted "${names[$i]}" || continue
		read -r wall cpu < <(seconds "${modes[$i]}" "${memories[$i]}" "${queries[$i]}"; echo)
		read -r "best[i]" "worst[i]" "cpus[i]" < <(awk -v b="${best[$i]:-1e9}" -v w="${worst[$i]:-0}" -v c="${cpus[$i]:-1e9}" -v wall="$wall" -v cpu="$cpu" 'BEGIN {
			print (wall < b) ? wall : b, (wall > w) ? wall : w, cpu == "-" ? cpu : (cpu < c) ? cpu : c }')
	done
done

echo
echo "PostgreSQL $(sql -At -c 'SHOW server_version'), $(getconf _NPROCESSORS_ONLN) processors," \
	"shared_buffers ${memory}MB, work_mem $WORK_MEM, jit off;" \
	"table $(sql -At -c "SELECT pg_size_pretty(pg_relation_size('orders'))");" \
	"best of $RUNS interleaved rounds"
echo "mode without: serial, retention.scan off; defaults: work_mem 4MB, jit on and the plan its own; cpu: processor time of all processes;" \
	"spread: the slowest round above the fastest"
echo "x floor: to the scan of the same mode; x usual: how many times faster than the usual SQL of the same mode" \
	"(funnels: than the serial one)"
echo
printf '%-58s %-16s %8s %8s %7s %8s %12s %8s\n' query mode seconds cpu spread 'x floor' bar 'x usual'
for i in "${!names[@]}"
do
	wanted "${names[$i]}" || continue
	of=${floors[${modes[$i]}]}
	to=$of
	[ "${against[$i]}" = floor ] || to=$((i - against[i]))
	awk -v name="${names[$i]}" -v mode="${modes[$i]}" -v s="${best[$i]}" -v bar="${bars[$i]}" -v cpu="${cpus[$i]}" -v worst="${worst[$i]}" \
		-v floor="${best[$of]}" -v usual="${best[${usuals[$i]}]}" -v to="${best[$to]}" -v lines="${against[$i]}" '
		BEGIN {
			ratio = s / floor
			measure = (bar ~ /s$/) ? s : s / to
			verdict = (bar == "-") ? "" : (bar " " ((measure <= bar + 0) ? "ok" : "over"))
			if (lines != "floor")
				name = sprintf("%s: %.2f x %s", name, s / to, lines == 1 ? "the line above" : lines " lines above")
			printf "%-58s %-16s %8.3f %8s %6.0f%% %8.2f %12s %8s\n", name, mode, s, cpu, (worst / s - 1) * 100, ratio, verdict,
				usual == "" ? "" : sprintf("%.1f", usual / s)
		}'
done
awk -v a="${best[0]}" -v b="${best[$control]}" -v worst="${worst[0]}" 'BEGIN {
	printf "\nnoise: the same query twice %.2f, its rounds within %.0f%%\n", b / a, (worst / a - 1) * 100 }'
echo
echo "parallel against serial, by the clock (no more than 1 wanted):"
for i in "${!names[@]}"
do
	[ -n "${best[$i]}" ] || continue
	for j in "${!names[@]}"
	do
		if [ "${modes[$i]}" = serial ] && [ "${modes[$j]}" = parallel ] && [ "${names[$i]}" = "${names[$j]}" ] && [ -n "${best[$j]}" ]
		then
			awk -v name="${names[$i]}" -v s="${best[$i]}" -v p="${best[$j]}" 'BEGIN { printf "%-58s %.2f\n", name, p / s }'
		fi
	done
done
echo
# The bar of 12 against the usual SQL is for the first line of ours.
if [ -n "${best[$usual_serial]}" ]
then
	awk -v s="${best[$first_ours]}" -v usual="${best[$usual_serial]}" 'BEGIN {
		times = usual / s
		verdict = (times >= 12) ? "ok" : "under"
		printf "against the usual SQL, serial: %.1f times as fast (bar 12 %s)\n", times, verdict }'
fi

[ "$PEERS" = 1 ] || exit 0
# shellcheck source=test/bench/peers.sh
. "$here/peers.sh"
