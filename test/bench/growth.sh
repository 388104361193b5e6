# shellcheck shell=bash
# shellcheck disable=SC2154 # here: of run.sh
#
# bench/growth.sh: from a million rows to many; run.sh sources it with GROWTH=1.
#
#	GROWTH_ROWS="1000000 2000000 4000000 8000000"	up to 64000000 takes an hour
#	GROWTH_WORK_MEM=64MB		so that the larger ones do not fit
#
# Ten rows a customer and more.  What is linear takes as long for each million
# rows, whatever their number.

work_mem=${GROWTH_WORK_MEM:-64MB}
sql -c 'CREATE EXTENSION retention'
echo "work_mem $work_mem; seconds by the clock, processor time, and by the clock for each million rows; best of $RUNS"
printf '%12s %-44s %-8s %9s %9s %9s\n' rows query mode seconds cpu million
for rows in ${GROWTH_ROWS:-1000000 2000000 4000000 8000000}
do
	sql -c 'DROP TABLE IF EXISTS orders'
	sql -v row_count="$rows" -v customer_count="$((rows / 13))" -v month_count="$MONTHS" -f "$here/orders.sql"
	growing=(
		"scan floor|SELECT count(customer_id), sum(amount), max(ordered_at) FROM orders"
		"cohort_matrix|SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') FROM orders"
		"customer_movements|SELECT customer_movements(customer_id, ordered_at, amount, 'month') FROM orders"
		"funnel|SELECT funnel(customer_id, ordered_at, CASE WHEN amount < 50 THEN 1 WHEN amount < 200 THEN 2 ELSE 3 END, '720 hours') FROM orders"
		"cohort_matrix of 50 groups|SELECT count(m) FROM (SELECT cohort_matrix(customer_id, ordered_at, amount, 'month') AS m FROM orders GROUP BY customer_id % 50 OFFSET 0) t"
		"timelines|SELECT count(t) FROM (SELECT timeline(ordered_at, amount) AS t FROM orders GROUP BY customer_id OFFSET 0) t"
	)
	for query in "${growing[@]}"
	do
		for mode in serial parallel
		do
			best=1e9
			cpu=-
			for ((round = 1; round <= RUNS; round++))
			do
				read -r wall spent < <(seconds $mode "$work_mem" "${query#*|}"; echo)
				if awk -v a="$wall" -v b="$best" 'BEGIN { exit !(a < b) }'
				then
					best=$wall
					cpu=$spent
				fi
			done
			awk -v rows="$rows" -v name="${query%%|*}" -v mode=$mode -v s="$best" -v cpu="$cpu" 'BEGIN {
				printf "%12d %-44s %-8s %9.3f %9s %9.4f\n", rows, name, mode, s, cpu, s / rows * 1000000 }'
		done
	done
done
