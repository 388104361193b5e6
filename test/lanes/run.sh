#!/usr/bin/env bash
# run.sh LANE: the tests once more, where a fault that they pass over shows.
#
#	cassert		all tests on a server with assertions
#	asan		all tests with the address and the undefined-behaviour sanitizer,
#				on a server with assertions (SANITIZED_SERVER=1: on one that is
#				compiled with the sanitizers itself)
#	valgrind	the topics under Valgrind's memcheck
#	modes		the topics under parallel plans, compiled expressions, little memory,
#				with the library there from the first query on, and its scan off
#				(MODES="forced partial jit memory scan noscan": only these)
#	coverage	what of the code the tests reach
#
# TESTS and PROVE_TESTS narrow a lane as they narrow make test.  A lane whose
# server cannot be had here says so and passes; every report fails it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"
lane=${1:?usage: run.sh LANE}

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	LANES=$(cluster_lanes)
	export LANES RETENTION_LANE=$lane
	"$here/../deps.sh"
	cluster_pg_config
	server=
	case $lane in
		cassert|valgrind) server=cassert ;;
		asan) server=${SANITIZED_SERVER:+sanitized} server=${server:-cassert} ;;
		modes|coverage) ;;
		*) echo "no lane $lane" >&2; exit 1 ;;
	esac
	if [ -n "$server" ]
	then
		status=0
		PG_CONFIG=$("$here/server.sh" "$server") || status=$?
		[ $status != 77 ] || exit 0
		[ $status = 0 ] || exit $status
	fi
	private_run test/lanes/run.sh "$lane"
fi

failed=()
reports=$RETENTION_PRIVATE/reports
mkdir -p "$reports"

# topics NAME: pg_regress against the running cluster.
topics()
{
	if ! make -s -C "$RETENTION_SOURCE" PG_CONFIG="$PG_CONFIG" with_llvm=no installcheck \
		${TESTS:+"REGRESS=$TESTS"}
	then
		failed+=("$1")
		[ ! -s "$RETENTION_SOURCE/regression.diffs" ] || cat "$RETENTION_SOURCE/regression.diffs"
	fi
}

# Everything that make test runs.
everything()
{
	if [ -n "${TESTS:-}" ] || [ -z "${PROVE_TESTS:-}" ]
	then
		cluster_start
		topics topics
		# Not at once: processes write their counters when they end.
		pg_ctl -D "$RETENTION_PRIVATE/data" -s -m fast stop
	fi
	if [ -n "${PROVE_TESTS:-}" ] || [ -z "${TESTS:-}" ]
	then
		bash "$RETENTION_SOURCE/test/prove.sh" "$bindir" "$RETENTION_PRIVATE/tap" ||
			failed+=(prove)
	fi
}

# What a server or a sanitizer wrote, wherever it ended up.
collect()
{
	local file
	while IFS= read -r file
	do
		# From the first line of a report to the end of its frames.
		grep -nE -A 40 'TRAP:|PANIC:|Sanitizer|runtime error:|terminated by signal (4|6|7|8|11):' \
			"$file" >"$reports/found" || continue
		failed+=("report in $(basename "$file")")
		echo "--- $file"
		head -n 60 "$reports/found"
	done < <(find "$RETENTION_PRIVATE/server.log" "$RETENTION_PRIVATE/tap" "$reports" \
		\( -name '*.log' -o -name 'sanitizer.*' -o -name 'regress_log_*' \) -type f 2>/dev/null)
}

# wrap_server LINE: the server is started by this command, $program and the
# arguments being its own.
wrap_server()
{
	local program=$bindir/postgres
	mv "$program" "$program.bin"
	cat >"$program" <<-WRAPPER
		#!/bin/sh
		program='$program.bin'
		# Calls of initdb and of pg_ctl for its version are not the server.
		[ "\$1" = -D ] || exec "\$program" "\$@"
		$1
	WRAPPER
	chmod 755 "$program"
}

# probe WHICH PATTERN [FLAG...]: does the lane see a fault that is there?
probe()
{
	local which=$1 pattern=$2
	shift 2
	# shellcheck disable=SC2046 # several words
	$("$PG_CONFIG" --cc) $("$PG_CONFIG" --cppflags) -I"$("$PG_CONFIG" --includedir-server)" \
		-O1 -g -fPIC -shared "$@" -o "$RETENTION_PRIVATE/probe.so" "$RETENTION_SOURCE/test/lanes/probe.c"
	cluster_start
	sql -c "CREATE FUNCTION lanes_probe(int) RETURNS int LANGUAGE c AS '$RETENTION_PRIVATE/probe'"
	sql -c "SELECT lanes_probe($which)" >/dev/null 2>&1 || true
	cluster_stop
	if ! grep -rqE "$pattern" "$RETENTION_PRIVATE/server.log" "$reports"
	then
		echo "Result: FAIL ($lane: a fault put in on purpose was not seen)"
		exit 1
	fi
	rm -rf "$RETENTION_PRIVATE/data" "$RETENTION_PRIVATE/server.log" "$reports"
	mkdir "$reports"
}

lane_cassert()
{
	cluster_stage with_llvm=no
	probe 1 'TRAP: '
	everything
	collect
}

lane_asan()
{
	local flags runtime options
	flags="-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all"
	# Signed arithmetic that wraps is a fault here, not PostgreSQL's -fwrapv.
	cluster_stage with_llvm=no COPT="$flags -fno-wrapv -fno-common -O1"
	runtime=$(readlink -f "$($("$PG_CONFIG" --cc) -print-file-name=libasan.so)")
	# Leaks are what memory contexts are for.  Fake stacks would deceive
	# PostgreSQL's check of its stack depth.  Too much memory is an error.
	options=print_stacktrace=1:abort_on_error=1:disable_coredump=1:log_path=$reports/sanitizer
	export UBSAN_OPTIONS=$options
	export ASAN_OPTIONS=$options:detect_leaks=0:detect_stack_use_after_return=0:allocator_may_return_null=1
	wrap_server "LD_PRELOAD='$runtime' exec \"\$program\" \"\$@\""
	# shellcheck disable=SC2086 # several words
	probe 2 use-after-poison $flags
	everything
	collect
}

lane_valgrind()
{
	local file
	cluster_stage with_llvm=no
	wrap_server "exec valgrind --quiet --trace-children=yes --leak-check=no --num-callers=30 \\
		--gen-suppressions=all --error-markers=REPORT,END --log-file='$reports/valgrind.%p' \\
		--suppressions='${PG_CONFIG%/bin/pg_config}/valgrind.supp' --suppressions='$here/memcheck/postgres.supp' \\
		\"\$program\" \"\$@\""
	# A start under Valgrind takes its time.
	export PGCTLTIMEOUT=600
	probe 3 REPORT
	cluster_start
	topics topics
	pg_ctl -D "$RETENTION_PRIVATE/data" -s -m fast stop || true
	echo "# processes under Valgrind: $(find "$reports" -name 'valgrind.*' | wc -l)"
	while IFS= read -r file
	do
		failed+=("$(grep -c REPORT "$file") errors in $(basename "$file")")
		head -n 120 "$file"
	done < <(grep -l REPORT "$reports"/valgrind.* 2>/dev/null)
	collect
}

# mode NAME SETTING...: the topics in a cluster of its own.
mode()
{
	local name=$1
	shift
	case " ${MODES:-$name} " in
		*" $name "*) ;;
		*) return 0 ;;
	esac
	echo "# $name: $*"
	cluster_start "$@"
	topics "$name"
	cluster_stop
	collect
	mv "$RETENTION_PRIVATE/server.log" "$RETENTION_PRIVATE/server.$name.log"
}

lane_modes()
{
	local forced=debug_parallel_query
	[ "$(cluster_major)" -ge 16 ] || forced=force_parallel_mode
	cluster_stage with_llvm=no
	mode forced "$forced = regress"
	mode partial "parallel_setup_cost = 0" "parallel_tuple_cost = 0" \
		"min_parallel_table_scan_size = 0" "max_parallel_workers_per_gather = 3"
	if [ -e "$("$PG_CONFIG" --pkglibdir)/llvmjit.so" ]
	then
		# Inlining and optimizing would take hours, and are LLVM's affair.
		mode jit "jit = on" "jit_above_cost = 0"
	else
		echo "SKIP: this PostgreSQL has no llvmjit: the mode jit was not run"
	fi
	mode memory "work_mem = '64kB'" "hash_mem_multiplier = 1"
	mode scan "session_preload_libraries = 'retention'"
	mode noscan "session_preload_libraries = 'retention'" "retention.scan = off"
}

lane_coverage()
{
	cluster_stage with_llvm=no COPT='--coverage -O0 -fprofile-update=atomic'
	everything
	collect
	perl "$RETENTION_SOURCE/test/lanes/coverage.pl" "$RETENTION_SOURCE"
}

"lane_$lane"

if [ ${#failed[@]} -gt 0 ]
then
	echo "Result: FAIL ($lane: ${failed[*]})"
	exit 1
fi
echo "Result: PASS ($lane)"
