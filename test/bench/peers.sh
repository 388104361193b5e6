# shellcheck shell=bash
# shellcheck disable=SC2154 # what run.sh and lines.sh have set
#
# bench/peers.sh: DuckDB and ClickHouse, each on its own storage; sourced by
# run.sh once our own lines are measured.

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
echo "on their own storage, two threads, the same rows: seconds, processor time, and x ours: to our serial and parallel line (bigint, float8); in order: to those in order of customers"
for engine in duckdb clickhouse
do
	if ! node "$here/peers.mjs" "$engine" "$RETENTION_PRIVATE/orders.csv" \
		"$RETENTION_PRIVATE/$engine" "$RUNS" >"$RETENTION_PRIVATE/$engine.out" 2>"$RETENTION_PRIVATE/$engine.err"
	then
		echo "$engine skipped: $(grep -m 1 . "$RETENTION_PRIVATE/$engine.err" || echo 'it failed without a word')"
		continue
	fi
	awk -F '\t' -v ours="${best[$first_ours]}" -v ours_parallel="${best[$((first_ours + 1))]}" \
		-v in_order="${best[$first_in_order]}" -v in_order_parallel="${best[$((first_in_order + 1))]}" \
		-v steps="${best[$((first_in_order + 4))]}" -v steps_parallel="${best[$((first_in_order + 5))]}" \
		-v funnel="${best[$first_funnel]}" -v funnel_parallel="${best[$((first_funnel + 1))]}" \
		-v sequence="${best[$first_sequence]}" -v found="$sequence_found" -v reached="$ours_reached" -v cells="$cells" -v active="$active" -v weighted="$weighted" -v revenue="$revenue" '
		# of a line that was not measured there is none
		function x(ours) {
			return sprintf(ours > 0 ? "%8.2f" : "%8s", ours > 0 ? $3 / ours : "-")
		}
		# to our lines over rows that lie as theirs do
		{
			ordered = $2 ~ /in order$/
			serial = $2 ~ /^windowFunnel/ ? (ordered ? steps : funnel) : ordered ? in_order : ours
			parallel = $2 ~ /^windowFunnel/ ? (ordered ? steps_parallel : funnel_parallel) : ordered ? in_order_parallel : ours_parallel
		}
		$2 ~ /^windowFunnel/ {
			printf "%-58s %-8s %8.3f %8.2f %s serial %s parallel, of our funnel%s\n", $1 ", " $2, "2", $3, $4,
				x(serial), x(parallel), $5 == reached ? "" : "  (OTHER ANSWER)"
			next
		}
		$2 ~ /^sequenceMatch/ {
			printf "%-58s %-8s %8.3f %8.2f %s serial, of our sequence_match%s\n", $1 ", " $2, "2", $3, $4,
				x(sequence), $5 == found ? "" : "  (OTHER ANSWER)"
			next
		}
		{
			same = $5 == cells && $6 == active && $7 == weighted && ($8 - revenue) ^ 2 < 1
			printf "%-58s %-8s %8.3f %8.2f %s serial %s parallel%s\n", $1 ", " $2, "2", $3, $4,
				x(serial), x(parallel), same ? "" : "  (OTHER ANSWER)"
		}' "$RETENTION_PRIVATE/$engine.out"
done
