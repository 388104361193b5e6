#!/usr/bin/env bash
# bi/run.sh: the examples for BI tools, built on the data of the demo.
#
#	Evidence	examples/evidence is built, and each of its pages opened by Chromium,
#				without a network: no error, and what the dashboard says is on it
#	Cube		examples/cube is compiled, its answers compared with SQL
#	server		the same model behind a server of Cube on the loopback, its answers over HTTP
#				compared with SQL; its playground and the page of the example opened by Chromium
#	drivers		test/t/095_clients.pl
#
#	BI_OUT=folder	the pictures of the pages, left there
#	LANES=folder	where the packages of npm are kept (see test/cluster.sh)
#
# What cannot be had here is skipped, and a line says why.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

# what has packages of its own, and where they are named
declare -A projects=([evidence]=examples/evidence [cube]=examples/cube [server]=test/bi/server)

# Packages of a project, kept for the next time: npm's own folder below
# LANES/bi/NAME.SUM, or a word in $RETENTION_PRIVATE/NAME.skip.  Nothing of them is run
# while they are installed.
packages()
{
	local name=$1 named=$here/../../${projects[$1]}/package.json kept
	kept=$(cluster_lanes)/bi/$name.$(cksum <"$named" | cut -d' ' -f1)
	if [ ! -e "$kept/complete" ]
	then
		echo "# npm install for $name" >&2
		rm -rf "$kept"
		mkdir -p "$kept"
		cp "$named" "$kept/"
		if ! npm install --prefix "$kept" --ignore-scripts --no-audit --no-fund --no-package-lock >"$kept/log" 2>&1
		then
			echo "npm could not install its packages: $(grep -m 1 -i 'error' "$kept/log")" >"$RETENTION_PRIVATE/$name.skip"
			return 0
		fi
		touch "$kept/complete"
		chmod -R a+rX "$kept"
	fi
	ln -s "$kept/node_modules" "$RETENTION_PRIVATE/$name.modules"
}

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	# What is still missing then is a part that is skipped.
	CLIENTS=1 BROWSER=1 "$here/../deps.sh" || "$here/../deps.sh"
	cluster_pg_config
	private_prepare()
	{
		local name
		for name in "${!projects[@]}"
		do
			if ! command -v node >/dev/null || ! command -v npm >/dev/null
			then
				echo "no node with npm" >"$RETENTION_PRIVATE/$name.skip"
			else
				packages "$name"
			fi
		done
	}
	# The worker is to write into it.
	if [ -n "${BI_OUT:-}" ]
	then
		mkdir -p "$BI_OUT"
		chmod a+rwx "$BI_OUT"
		BI_OUT=$(cd "$BI_OUT" && pwd)
		export BI_OUT
	fi
	private_run test/bi/run.sh
fi

# shellcheck disable=SC2119 # no arguments for make
cluster_stage with_llvm=no
cluster_start
sql -c 'CREATE EXTENSION retention' -f "$RETENTION_SOURCE/test/demo/crm.sql" -c "
	CREATE VIEW sales AS SELECT customer_id, ordered_at, amount, channel FROM orders JOIN customers USING (customer_id)" -c "
	CALL retention_dashboard('board', 'sales', 'customer_id', 'ordered_at', 'amount', channel => 'channel', grain => 'month at Europe/Paris')"

failed=()

# part NAME FUNCTION: its output, and whether it was skipped.
part()
{
	local name=$1
	if [ -e "$RETENTION_PRIVATE/$name.skip" ]
	then
		echo "SKIP: $name: $(cat "$RETENTION_PRIVATE/$name.skip")"
	elif ! "$2"
	then
		failed+=("$name")
	fi
}

cube()
{
	NODE_PATH=$RETENTION_PRIVATE/cube.modules node "$here/cube.cjs" "$RETENTION_SOURCE/examples/cube/model/cubes"
}

server()
{
	mkdir -p "$RETENTION_PRIVATE/pictures"
	NODE_PATH=$RETENTION_PRIVATE/server.modules node "$here/server.cjs" "$RETENTION_SOURCE/examples/cube" "${BI_OUT:-$RETENTION_PRIVATE/pictures}" \
		2>"$RETENTION_PRIVATE/server-cube.log" || { tail -n 30 "$RETENTION_PRIVATE/server-cube.log"; return 1; }
}

evidence()
{
	local project=$RETENTION_PRIVATE/evidence
	cp -R "$RETENTION_SOURCE/examples/evidence" "$project"
	# a project and its packages are one folder
	cp -R "$RETENTION_PRIVATE/evidence.modules/." "$project/node_modules"
	(
		cd "$project"
		export EVIDENCE_SOURCE__board__host=$PGHOST EVIDENCE_SOURCE__board__database=postgres SEND_ANONYMOUS_USAGE_STATS=no
		npx --no-install evidence sources >"$RETENTION_PRIVATE/evidence.log" 2>&1 &&
			npx --no-install evidence build >>"$RETENTION_PRIVATE/evidence.log" 2>&1
	) || { tail -n 30 "$RETENTION_PRIVATE/evidence.log"; echo "not ok Evidence: the project is built"; return 1; }
	echo "ok Evidence: the project is built"
	sql -At -c 'SELECT sentence FROM board.headlines ORDER BY position' >"$RETENTION_PRIVATE/sentences"
	mkdir -p "$RETENTION_PRIVATE/pictures"
	node "$here/pages.mjs" "$project/build" "${BI_OUT:-$RETENTION_PRIVATE/pictures}" "$RETENTION_PRIVATE/sentences"
}

drivers()
{
	# node-postgres is one of Evidence's packages
	NODE_PATH=$RETENTION_PRIVATE/evidence.modules PROVE_TESTS=test/t/095_clients.pl bash "$RETENTION_SOURCE/test/prove.sh" "$bindir" "$RETENTION_PRIVATE/tap"
}

part cube cube
part server server
part evidence evidence
part drivers drivers
if [ ${#failed[@]} -gt 0 ]
then
	echo "Result: FAIL (${failed[*]})"
	exit 1
fi
echo "Result: PASS"
