#!/usr/bin/env bash
# bench/models.sh: how long fits and predictions take; run.sh calls it with
# MODELS=1, in the private folder with the server started.
#
#	MODEL_CUSTOMERS=1000000	customers with whole days of recency and age
#	RUNS=3					rounds; a line's time is its best
#
# Bars are absolute, in seconds, and printed only: two fits of 2,357 customers
# (as many as CDNOW's sample has), the others of all.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

customers=${MODEL_CUSTOMERS:-1000000}
runs=${RUNS:-3}

# Simulated as BG/NBD says, with r = 1, alpha = 105 days, a = 1, b = 3.
sql -c "CREATE FUNCTION simulate(customers int) RETURNS TABLE (id int, x bigint, recency float8, age float8, value numeric) LANGUAGE plpgsql AS '
	DECLARE
		rate float8;
		leaves float8;
		at float8;
	BEGIN
		PERFORM setseed(0.5);
		FOR i IN 1 .. customers LOOP
			id := i; x := 0; recency := 0; age := 189 + i % 84; at := 0;
			rate := -ln(1 - random()) / 105;
			leaves := 1 - power(random(), 1 / 3.0::float8);
			LOOP
				at := at - ln(1 - random()) / rate;
				EXIT WHEN at > age;
				x := x + 1;
				recency := ceil(at);
				EXIT WHEN random() < leaves;
			END LOOP;
			value := round((5 + 60 * random() * random())::numeric, 2);
			RETURN NEXT;
		END LOOP;
	END';
	CREATE TABLE customers AS SELECT * FROM simulate($customers);
	CREATE TABLE few AS SELECT * FROM customers WHERE id <= 2357;
	CREATE EXTENSION retention;
	CREATE TABLE models AS
	SELECT kind, purchase_model(kind, x, recency, age, 'day') AS m
	FROM customers, unnest('{bg/nbd,pareto/nbd}'::text[]) AS kind
	GROUP BY kind;"
sql -c 'VACUUM ANALYZE customers'

names=()
queries=()
bars=()
best=()

line()			# line NAME BAR QUERY
{
	names+=("$1")
	bars+=("$2")
	queries+=("$3")
	best+=("")
}

fit()			# fit KIND TABLE
{
	echo "SELECT purchase_model('$1', x, recency, age, 'day') FROM $2"
}

score()			# score KIND FUNCTION ARGUMENTS
{
	echo "SELECT sum($2(m, $3x, recency, age)) FROM customers, models WHERE kind = '$1'"
}

line "scan floor" - "SELECT count(x), sum(recency), max(age) FROM customers"
line "purchase_model, bg/nbd, 2357 customers" 0.010 "$(fit bg/nbd few)"
line "purchase_model, pareto/nbd, 2357 customers" 0.100 "$(fit pareto/nbd few)"
line "purchase_model, bg/nbd" 2 "$(fit bg/nbd customers)"
line "purchase_model, mbg/nbd" 2 "$(fit mbg/nbd customers)"
line "purchase_model, pareto/nbd" 10 "$(fit pareto/nbd customers)"
line "spend_model" 2 "SELECT spend_model(x, value) FROM customers"
line "p_alive, bg/nbd" - "$(score bg/nbd p_alive '')"
line "p_alive, pareto/nbd" - "$(score pareto/nbd p_alive '')"
line "expected_purchases of 90 days, bg/nbd" - "$(score bg/nbd expected_purchases '90, ')"
line "expected_purchases of 90 days, pareto/nbd" - "$(score pareto/nbd expected_purchases '90, ')"

sql -c "CREATE UNLOGGED TABLE lives AS SELECT (i * 7919 % 1000003) * 0.01 AS days, i * 31 % 7 < 3 AS churned, jsonb_build_object('a', i % 2 = 0, 'b', i % 5, 'c', i * 7919 % 1009, 'd', 'plan ' || i * 13 % 37 % 4,
		'e', i % 17 / 4.0, 'f', i % 3 = 1, 'g', i * 104729 % 10007, 'h', i % 29, 'i', i % 7 = 0, 'j', i % 11) AS traits
	FROM generate_series(1::bigint, 1000000) i"
line "hazard_model, a million rows, ten covariates" 10 "SELECT hazard_model(days, churned, traits) FROM lives"

seconds()		# seconds QUERY
{
	sql -At <<-END | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | awk '{ printf "%.4f", $1 / 1000 }'
		SET max_parallel_workers_per_gather = 0;
		\timing on
		\o /dev/null
		$1;
	END
}

for ((round = 1; round <= runs; round++))
do
	for i in "${!names[@]}"
	do
		took=$(seconds "${queries[$i]}")
		best[i]=$(awk -v a="${best[$i]:-1e9}" -v b="$took" 'BEGIN { print (a < b) ? a : b }')
	done
done

sql -At -F ' ' -c "SELECT kind || ':', customers, 'customers,', distinct_rows, 'distinct,', evaluations, 'evaluations,', status FROM models, model_fit(m) ORDER BY kind"
echo
printf '%-50s %8s %8s %12s\n' "serial, $customers customers" seconds 'x floor' bar
for i in "${!names[@]}"
do
	awk -v name="${names[$i]}" -v s="${best[$i]}" -v bar="${bars[$i]}" -v floor="${best[0]}" '
		BEGIN {
			verdict = (bar == "-") ? "" : (bar " s " ((s <= bar + 0) ? "ok" : "over"))
			printf "%-50s %8.4f %8.2f %12s\n", name, s, s / floor, verdict
		}'
done
