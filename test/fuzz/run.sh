#!/usr/bin/env bash
# run.sh: mutated texts, images and states, in one process of a private server.
#
#	FUZZ_COUNT=1000000			mutants of each kind of each type and aggregate
#	FUZZ_SECONDS=0				at most so many seconds for each; 0: no limit
#	TYPES="grain cohort_matrix"	only these types, and aggregates of these names
#	KINDS="texts images states"	only these kinds
#	SEED=1						of the random numbers, else one is drawn and printed
#	QUICK=1						a slice of half a minute or so
# Every part runs in a session of its own.  One that ends before it should is a
# failure: the mutant it was at is shown.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	cluster_pg_config || { "$here/../deps.sh" && cluster_pg_config; }
	private_run test/fuzz/run.sh
fi

if [ -n "${QUICK:-}" ]
then
	FUZZ_COUNT=${FUZZ_COUNT:-4000} FUZZ_SECONDS=${FUZZ_SECONDS:-1}
fi
FUZZ_COUNT=${FUZZ_COUNT:-1000000} FUZZ_SECONDS=${FUZZ_SECONDS:-0}
SEED=${SEED:-$RANDOM$RANDOM}
echo "# SEED=$SEED, $FUZZ_COUNT mutants, at most $FUZZ_SECONDS seconds each (0: no limit)"

cluster_stage with_llvm=no
mkdir -p "$RETENTION_PRIVATE/module"
quietly "$RETENTION_PRIVATE/module.log" \
	make -s -C "$RETENTION_PRIVATE/module" -f "$RETENTION_SOURCE/test/fuzz/Makefile" \
	PG_CONFIG="$PG_CONFIG" with_llvm=no all
cluster_start "log_min_messages = log" "jit = off"
sql -v module="$RETENTION_PRIVATE/module/retention_fuzz" -f "$here/fuzz.sql" >/dev/null

parts()
{
	sql -At -F ' ' -c "SELECT k, name FROM fuzz.types, unnest('{texts,images}'::text[]) k
		UNION ALL SELECT DISTINCT 'states', name::text FROM fuzz.states ORDER BY 1 DESC, 2"
}

# The label and the bytes that a process was at.
show_current()
{
	local label len
	label=$(head -n 1 "$RETENTION_PRIVATE/data/fuzz.current" | tr -d '\0')
	len=${label##* }
	echo "$label bytes"
	od -An -v -tx1 -j $((${#label} + 1)) -N "$len" "$RETENTION_PRIVATE/data/fuzz.current" | tr -d ' \n'
	echo
}

failed=0
while read -r kind name
do
	case " ${TYPES:-$name} " in *" $name "*) ;; *) continue ;; esac
	case " ${KINDS:-$kind} " in *" $kind "*) ;; *) continue ;; esac
	if ! sql -At -v kind="$kind" -v name="$name" -v n="$FUZZ_COUNT" -v seconds="$FUZZ_SECONDS" \
		-v seed="$SEED" -f "$here/part.sql" </dev/null
	then
		failed=1
		echo "not ok: $kind of $name, SEED=$SEED; it was at:"
		show_current
		# a server that crashed is back soon
		for _ in 1 2 3 4 5 6 7 8 9 10
		do
			sql -c 'SELECT 1' >/dev/null 2>&1 && break
			sleep 1
		done
	fi
done < <(parts)
cluster_stop
if [ $failed != 0 ]
then
	echo "Result: FAIL"
	exit 1
fi
echo "Result: PASS"
