#!/usr/bin/env bash
# upgrade.sh: stored values go from each major of PostgreSQL to the next.
#
# In the newest release of Debian that can be had (debian.sh), with the servers
# of the older ones beside its own.  A database with every type in every place
# where values are kept (test/reference/every_type.sql) goes by pg_upgrade from
# the oldest major to the next and on to the newest, and by dump and restore from
# each to the newest.  Every value must be the same, as text and as binary, and
# so must be what the indexes find.
#
#	MAJORS="15 17 18"	less than all that can be had
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd -P)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

# ---------------------------------------------------------------------
# Outside: a lane with several servers
# ---------------------------------------------------------------------

# Adds the older releases' servers to the lane, and sets majors to those that are
# there.  The build files are unpacked without the compilers they ask for: this
# build makes no bitcode.
several_servers()
{
	local newest=$1 major list=$lane/etc/apt/sources.list.d/older.list
	majors=$newest
	: >"$list"
	for major in $MAJORS
	do
		[ "$major" -lt "$newest" ] || continue
		sed "s/ [a-z]* main/ $(lane_suite "$major") main/" "$lane/etc/apt/sources.list" >>"$list"
	done
	for major in $(tr ' ' '\n' <<<"$MAJORS" | sort -rn)
	do
		[ "$major" -lt "$newest" ] || continue
		if [ -f "$lane/usr/include/postgresql/$major/server/postgres.h" ] ||
			{ lane_install "$(basename "$lane")" "postgresql-$major" &&
				lane_unpack "postgresql-server-dev-$major"; }
		then
			majors="$major $majors"
		else
			echo "SKIP: PostgreSQL $major: $lane_reason"
		fi
	done
}

if [ -z "${RETENTION_PRIVATE:-}" ]
then
	if [ "${1:-}" != inside ]
	then
		# shellcheck source=test/lanes/debian.sh
		. "$here/debian.sh"
		trap lane_forget EXIT
		trap 'exit 130' INT
		trap 'exit 143' TERM
		MAJORS=${MAJORS:-15 17 18}
		for newest in $(tr ' ' '\n' <<<"$MAJORS" | sort -rn)
		do
			! lane_ready "$newest" || break
			echo "SKIP: PostgreSQL $newest: $lane_reason"
			newest=
		done
		[ -n "$newest" ] || exit 0
		several_servers "$newest"
		if [ "${majors% *}" = "$majors" ]
		then
			echo "SKIP: no older server beside PostgreSQL $majors"
			exit 0
		fi
		lane_tree "$lane" "$root"
		lane_run "$lane" env MAJORS="$majors" bash "$tree/test/lanes/upgrade.sh" inside
		exit
	fi
	PG_CONFIG=/usr/lib/postgresql/${MAJORS##* }/bin/pg_config
	export PG_CONFIG
	private_run test/lanes/upgrade.sh
fi

# ---------------------------------------------------------------------
# Inside
# ---------------------------------------------------------------------

failed=()
programs()		# of a major, with the extension beside them
{
	echo "$RETENTION_PRIVATE/stage/usr/lib/postgresql/$1/bin"
}

for major in $MAJORS
do
	PG_CONFIG=/usr/lib/postgresql/$major/bin/pg_config
	make -s -C "$RETENTION_SOURCE" PG_CONFIG="$PG_CONFIG" with_llvm=no clean
	cluster_stage with_llvm=no
	echo "# built for $("$PG_CONFIG" --version)"
done

export PGHOST=$RETENTION_PRIVATE/socket PGUSER=postgres PGPORT=5432 PSQLRC=/dev/null
mkdir -p "$PGHOST"

new_cluster()	# MAJOR FOLDER
{
	local options=()
	# On by default from 18 on, and pg_upgrade wants both alike.
	[ "$1" -lt 18 ] || options=(--no-data-checksums)
	quietly "$RETENTION_PRIVATE/initdb.log" "$(programs "$1")/initdb" -D "$2" -U postgres -A trust \
		-E UTF8 --no-locale -N "${options[@]}"
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$PGHOST'"
		echo "fsync = off"
		echo "jit = off"
	} >>"$2/postgresql.conf"
}

serve()			# MAJOR FOLDER
{
	"$(programs "$1")/pg_ctl" -D "$2" -s -w -l "$2.log" start || {
		cat "$2.log" >&2
		return 1
	}
}

rest()			# MAJOR FOLDER
{
	"$(programs "$1")/pg_ctl" -D "$2" -s -m fast stop
}

# digest DATABASE FILE: under settings of another country.
digest()
{
	PGOPTIONS="-c timezone=Asia/Tokyo -c datestyle=German,DMY -c intervalstyle=iso_8601" \
		sql -d "$1" -At -c 'SELECT * FROM kept.digest()' >"$2"
}

same()			# WHAT FILE
{
	if diff "$RETENTION_PRIVATE/want" "$2"
	then
		echo "$1: $(wc -l <"$2") digests, equal"
	else
		echo "$1: DIFFERENT"
		failed+=("$1")
	fi
}

oldest=${MAJORS%% *}
newest=${MAJORS##* }
new_cluster "$oldest" "$RETENTION_PRIVATE/data.$oldest"
serve "$oldest" "$RETENTION_PRIVATE/data.$oldest"
sql -d postgres -c 'CREATE DATABASE shop'
sql -d shop -c 'CREATE EXTENSION retention' -f "$RETENTION_SOURCE/test/reference/every_type.sql"
digest shop "$RETENTION_PRIVATE/want"
[ -z "$(sql -d shop -At -c 'SELECT kept.missing()')" ] || failed+=("types without a value")
"$(programs "$newest")/pg_dump" -Fc -f "$RETENTION_PRIVATE/dump.$oldest" shop
rest "$oldest" "$RETENTION_PRIVATE/data.$oldest"

before=$oldest
for major in $MAJORS
do
	[ "$major" != "$oldest" ] || continue
	new_cluster "$major" "$RETENTION_PRIVATE/data.$major"
	(
		cd "$RETENTION_PRIVATE"
		quietly "$RETENTION_PRIVATE/upgrade.log" "$(programs "$major")/pg_upgrade" \
			-b "$(programs "$before")" -B "$(programs "$major")" -U postgres \
			-d "$RETENTION_PRIVATE/data.$before" -D "$RETENTION_PRIVATE/data.$major" \
			-s "$PGHOST"
	) || failed+=("pg_upgrade $before -> $major")
	serve "$major" "$RETENTION_PRIVATE/data.$major"
	digest shop "$RETENTION_PRIVATE/upgraded"
	same "pg_upgrade $before -> $major" "$RETENTION_PRIVATE/upgraded"
	[ "$major" = "$newest" ] ||
		"$(programs "$newest")/pg_dump" -Fc -f "$RETENTION_PRIVATE/dump.$major" shop
	[ "$major" = "$newest" ] || rest "$major" "$RETENTION_PRIVATE/data.$major"
	before=$major
done

for major in $MAJORS
do
	[ "$major" != "$newest" ] || continue
	sql -d postgres -c "CREATE DATABASE restored_$major"
	"$(programs "$newest")/pg_restore" --exit-on-error -d "restored_$major" \
		"$RETENTION_PRIVATE/dump.$major" || failed+=("restore $major -> $newest")
	digest "restored_$major" "$RETENTION_PRIVATE/restored"
	same "dump and restore $major -> $newest" "$RETENTION_PRIVATE/restored"
done
rest "$newest" "$RETENTION_PRIVATE/data.$newest"

if [ ${#failed[@]} -gt 0 ]
then
	echo "Result: FAIL (${failed[*]})"
	exit 1
fi
echo "Result: PASS"
