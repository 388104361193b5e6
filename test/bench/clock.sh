# shellcheck shell=bash
#
# bench/clock.sh: how long a query takes, by the clock and in processor time;
# sourced by what measures, with the server started.

# Settings of the modes, by their names.
# shellcheck disable=SC2034 # by its name, in seconds()
serial="SET max_parallel_workers_per_gather = 0"
parallel="SET max_parallel_workers_per_gather = 2; SET max_parallel_workers = 2;
	SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0"
# The same without the scan of ours.
# shellcheck disable=SC2034
without="$serial; SET retention.scan = off"
# shellcheck disable=SC2034
parallel_without="$parallel; SET retention.scan = off"
# PostgreSQL as it comes, but for the bench's shared_buffers: jit and the plan
# are its own; goes with a work_mem of 4MB.
# shellcheck disable=SC2034
defaults="SET jit = on"

# Processor time of this backend so far, and with workers also of the server's
# processes that have ended, as parallel workers do; NULL on systems without
# /proc.
if [ -r /proc/self/stat ]
then
	sql -c "CREATE FUNCTION processor_seconds(workers boolean) RETURNS float8 LANGUAGE sql VOLATILE AS \$\$
		SELECT (own[12]::float8 + own[13]::float8 + CASE WHEN workers THEN parent[14]::float8 + parent[15]::float8 ELSE 0 END) / $(getconf CLK_TCK)
		FROM (SELECT string_to_array(substring(pg_read_file('/proc/self/stat') FROM '\\) (.*)'), ' ') AS own) o,
			LATERAL (SELECT string_to_array(substring(pg_read_file('/proc/' || own[2] || '/stat') FROM '\\) (.*)'), ' ') AS parent) p \$\$"
else
	sql -c "CREATE FUNCTION processor_seconds(workers boolean) RETURNS float8 LANGUAGE sql VOLATILE AS 'SELECT NULL::float8'"
fi

# seconds MODE WORK_MEM QUERY: "wall processor" of a query, or of several with
# semicolons between them, in a session of its own.  The naps are for processes
# that end, so that they are counted where they belong; the server counts in
# hundredths of a second.
seconds()
{
	local workers=true
	[ "$1" != serial ] || workers=false
	# The mode is the name of a variable above.
	sql -At <<-END | awk '/^Time: / { wall += $2 / 1000 } /^cpu / { cpu = $2 } END { printf "%.4f %s", wall, cpu }'
		${!1};
		SET work_mem = '$2';
		SELECT FROM pg_sleep(0.05);
		SELECT processor_seconds($workers) AS before \gset
		\timing on
		\o /dev/null
		$3;
		\timing off
		SELECT FROM pg_sleep(0.05);
		\o
		SELECT 'cpu ' || coalesce(round((processor_seconds($workers) - :before)::numeric, 2)::text, '-');
	END
}
