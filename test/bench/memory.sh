#!/usr/bin/env bash
# bench/memory.sh: how much memory the backend takes; run.sh calls it with
# MEMORY=1, in the private folder with the server started.
#
#	MEMORY_ROWS=100000000 MEMORY_CUSTOMERS=5000000	one large serial aggregate
#	MEMORY_WORK_MEM=64MB
#	SMALL_GROUPS=100000								small groups of ten rows each
#	PARALLEL_ROWS=36000000							one worker's state past 1 GB (0: not)
#
# The rows come from generate_series in the FROM list's select list, so they
# are not stored first.  Anonymous memory of the backend (RssAnon) is sampled
# from /proc, five times a second.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

rows=${MEMORY_ROWS:-100000000}
customers=${MEMORY_CUSTOMERS:-5000000}
groups=${SMALL_GROUPS:-100000}
work_mem=${MEMORY_WORK_MEM:-64MB}
parallel_rows=${PARALLEL_ROWS:-36000000}

if [ ! -r /proc/self/status ]
then
	echo "memory skipped: no /proc on this system"
	exit 0
fi

# peak QUERY: runs it in a session of its own and sets base_kb, peak_kb and
# seconds.
peak()
{
	local pid job now
	local fifo=$RETENTION_PRIVATE/memory.fifo out=$RETENTION_PRIVATE/memory.out
	rm -f "$fifo" "$out"
	mkfifo "$fifo"
	sql -At <"$fifo" >"$out" &
	job=$!
	exec 3>"$fifo"
	# The first query loads the catalogue caches that any session has.
	echo "SET timezone = 'Europe/Paris'; SET work_mem = '$work_mem'; SET max_parallel_workers_per_gather = 0;" >&3
	echo "SELECT cohort_matrix(1, now(), 'month') IS NULL; SELECT pg_backend_pid();" >&3
	until pid=$(sed -n 2p "$out") && [ -n "$pid" ]
	do
		kill -0 $job
		sleep 0.1
	done
	base_kb=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")
	peak_kb=$base_kb
	seconds=$SECONDS
	echo "$1" >&3
	exec 3>&-
	while kill -0 $job 2>/dev/null
	do
		now=$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status" 2>/dev/null) || break
		[ -z "$now" ] || [ "$now" -le "$peak_kb" ] || peak_kb=$now
		sleep 0.2
	done
	wait $job
	seconds=$((SECONDS - seconds))
	answer=$(sed -n 3p "$out")
}

# Steps through the customers by a number prime to most of theirs, through
# four years by seconds.
peak "SELECT sum(active)
FROM cohort_cells((
	SELECT cohort_matrix(customer, at, amount, 'month')
	FROM (
		SELECT i * 7919 % $customers AS customer,
			timestamptz '2021-01-01 00:00:00 Europe/Paris' + (i * 126000000 / $rows) * interval '1 second' AS at,
			(i % 1000)::float8 AS amount
		FROM (SELECT generate_series(1, $rows::bigint) AS i) AS s) AS o));"
echo "serial, $rows rows of $customers customers, work_mem $work_mem:" \
	"peak $(((peak_kb - base_kb) / 1024)) MB above the idle session, ${seconds} s, $answer customer-months"

# All groups at once, in one hash table that need not spill.
peak "SET work_mem = '8GB';
SET enable_sort = off;
SELECT count(m)
FROM (
	SELECT cohort_matrix(c, date '2024-01-01' + c, 'month') AS m
	FROM (SELECT generate_series(1, 10) AS c) AS c, (SELECT generate_series(1, $groups) AS g) AS g
	GROUP BY g
	OFFSET 0) AS m;"
echo "grouped, $groups groups of ten rows: $(((peak_kb - base_kb) * 1024 / groups)) bytes a group," \
	"${seconds} s, $answer groups"

# All rows in one worker, whose packed state is a single value: customers that
# cannot be delta-coded, seconds, large amounts.  The plan is made while the
# leader may take part, else it would not be parallel.
if [ "$parallel_rows" -gt 0 ]
then
	sql -c "CREATE UNLOGGED TABLE wide AS
		SELECT gen_random_uuid() AS customer,
			timestamp '2021-01-01' + (i * 7919::bigint % 126000000) * interval '1 second' AS at,
			(i % 900000) * 10000000.123457::float8 AS amount
		FROM generate_series(1, $parallel_rows) AS i"
	echo "parallel, $parallel_rows rows in one worker:"
	sql -At -v ON_ERROR_STOP=0 <<-END 2>&1 | sed 's/^/    /'
		SET work_mem = '$work_mem';
		SET max_parallel_workers_per_gather = 1;
		SET parallel_setup_cost = 0;
		SET parallel_tuple_cost = 0;
		SET plan_cache_mode = force_generic_plan;
		PREPARE wide AS SELECT cohort_matrix(customer, at, amount, 'day since start by month') IS NOT NULL FROM wide;
		EXPLAIN (COSTS off) EXECUTE wide;
		SET parallel_leader_participation = off;
		EXECUTE wide;
		SET max_parallel_workers_per_gather = 0;
		DEALLOCATE wide;
		SELECT cohort_matrix(customer, at, amount, 'day since start by month') IS NOT NULL FROM wide;
	END
fi
