# shellcheck shell=bash
#
# cluster.sh: a private copy of the project, installed and served privately.
#
# Sourced by the scripts that make calls.  Those that test, show or measure run
# twice: first as called, where private_run() copies the tree into a new
# temporary folder and starts the same script there, as an unprivileged user
# when the caller is root (initdb refuses root); and then in the copy, where
# RETENTION_PRIVATE is that folder.  Whatever happens, private_run() stops the
# servers that were started below the folder and removes it.
#
#	$RETENTION_PRIVATE/source		the copy, built in place (RETENTION_SOURCE)
#	$RETENTION_PRIVATE/stage		an overlay of the server's installation
#	$RETENTION_PRIVATE/data		the cluster
#	$RETENTION_PRIVATE/tmp		TMPDIR

# ---------------------------------------------------------------------
# Which PostgreSQL
# ---------------------------------------------------------------------

# Sets PG_CONFIG to a pg_config whose server and build files are all there.
# A name given by the caller is taken or refused, never replaced.
cluster_pg_config()
{
	local candidate candidates=()
	if [ -n "${PG_CONFIG:-}" ] && [ "$PG_CONFIG" != pg_config ]
	then
		candidates=("$PG_CONFIG")
	else
		candidates=(pg_config)
		# Newest first.
		while IFS= read -r candidate
		do
			candidates+=("$candidate")
		done < <(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config | sort -rV)
	fi
	for candidate in "${candidates[@]}"
	do
		candidate=$(command -v "$candidate") || continue
		[ -f "$("$candidate" --pgxs 2>/dev/null)" ] || continue
		[ -f "$("$candidate" --includedir-server)/postgres.h" ] || continue
		[ -x "$("$candidate" --bindir)/postgres" ] || continue
		[ -x "$("$candidate" --bindir)/initdb" ] || continue
		export PG_CONFIG=$candidate
		return 0
	done
	if [ ${#candidates[@]} = 1 ]
	then
		echo "PG_CONFIG=$PG_CONFIG: no server with its build files there" >&2
		exit 1
	fi
	return 1
}

cluster_pgxs()
{
	"$PG_CONFIG" --pgxs
}

cluster_major()
{
	"$PG_CONFIG" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/'
}

# The folder of what lanes keep from one run to the next: LANES, else one that
# the unprivileged user of a root may read, else the caller's own.
cluster_lanes()
{
	if [ -n "${LANES:-}" ]
	then
		echo "$LANES"
	elif [ "$(id -u)" = 0 ]
	then
		echo /var/cache/retention
	else
		echo "${XDG_CACHE_HOME:-$HOME/.cache}/retention"
	fi
}

# The clang that PGXS calls for bitcode; nothing when it makes none.
cluster_clang()
{
	sed -n -e '/^with_llvm[[:space:]]*=[[:space:]]*yes/h' \
		-e '/^CLANG[[:space:]]*=/{' -e 's/^[^=]*=[[:space:]]*//' -e 'x' \
		-e '/^with_llvm/{' -e 'x' -e 'p' -e '}' -e '}' \
		"$(dirname "$(cluster_pgxs)")/../Makefile.global"
}

# ---------------------------------------------------------------------
# Outside: the private folder and who works there
# ---------------------------------------------------------------------

# copy_tree FROM TO: what belongs to the project, committed or not; nothing
# that was built.
copy_tree()
{
	local from=$1 to=$2
	mkdir -p "$to"
	# Root may work on somebody else's checkout, which git distrusts.
	if [ "$(git -c safe.directory='*' -C "$from" rev-parse --show-toplevel 2>/dev/null)" = "$from" ]
	then
		git -c safe.directory='*' -C "$from" ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file
			do
				# A file deleted but not yet committed is still listed.
				if [ -e "$from/$file" ] || [ -L "$from/$file" ]
				then
					printf '%s\0' "$file"
				fi
			done |
			tar -C "$from" --null --no-recursion -T - -cf - | tar -C "$to" -xf -
	else
		tar -C "$from" --exclude=.git --exclude='*.o' --exclude='*.bc' \
			--exclude='*.so' --exclude=./tmp_check --exclude=./log \
			--exclude=node_modules -cf - . | tar -C "$to" -xf -
	fi
}

# as_worker COMMAND...: as the unprivileged user, when there is one.
as_worker()
{
	if [ -z "$worker" ]
	then
		"$@"
	elif command -v runuser >/dev/null
	then
		runuser -u "$worker" -- "$@"
	else
		setpriv --reuid "$worker" --regid "$(id -g "$worker")" --clear-groups -- "$@"
	fi
}

# Stops every server whose data folder lies in the private folder, then
# removes the folder.
private_cleanup()
{
	local pidfile pid
	trap '' INT TERM HUP
	[ -n "${RETENTION_PRIVATE:-}" ] && [ -d "$RETENTION_PRIVATE" ] || return 0
	if [ -n "${private_job:-}" ]
	then
		kill -TERM -- "-$private_job" 2>/dev/null || true
		wait "$private_job" 2>/dev/null || true
	fi
	while IFS= read -r pidfile
	do
		pid=$(head -n 1 "$pidfile" 2>/dev/null) || continue
		[ -n "$pid" ] || continue
		# Not a number that has meanwhile become somebody else's.
		if [ -d /proc/self ] && [ "$(readlink "/proc/$pid/cwd")" != "$(dirname "$pidfile")" ]
		then
			continue
		fi
		kill -QUIT "$pid" 2>/dev/null || continue
		for _ in 1 2 3 4 5 6 7 8 9 10
		do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.3
		done
	done < <(find "$RETENTION_PRIVATE" -name postmaster.pid -type f 2>/dev/null)
	rm -rf "$RETENTION_PRIVATE" || { sleep 1; rm -rf "$RETENTION_PRIVATE"; }
}

# private_run SCRIPT [ARGUMENT...]: runs SCRIPT (a path inside the project) in
# a private copy and exits with its status.  A function private_prepare of the
# caller is called before, with the caller's rights and surroundings, to bring
# in what the script will need; one private_finish after it has gone well, to bring out
# what is to stay.  With private_keep set, a word, the folder is kept
# for the next call with that word and so are the servers in it; private_run SCRIPT
# stop ends both.
private_run()
{
	local root script=$1 base status=0
	shift
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

	worker=
	if [ "$(id -u)" = 0 ]
	then
		worker=nobody
		if id postgres >/dev/null 2>&1
		then
			worker=postgres
		fi
	fi

	# A socket's path may have 107 bytes.
	base=${TMPDIR:-/tmp}
	[ ${#base} -le 40 ] || base=/tmp
	if [ -n "${private_keep:-}" ]
	then
		# One for each checkout and user; what somebody else made is not ours.
		RETENTION_PRIVATE=$base/retention.$(printf '%s' "$root $(id -u)" | cksum | cut -d' ' -f1).$private_keep
		mkdir -m 755 "$RETENTION_PRIVATE" 2>/dev/null || private_is_ours
	else
		RETENTION_PRIVATE=$(mktemp -d "$base/retention.XXXXXX")
	fi
	RETENTION_PRIVATE=$(cd "$RETENTION_PRIVATE" && pwd -P)
	if [ -z "${private_keep:-}" ] || [ "${1:-}" = stop ]
	then
		trap private_cleanup EXIT
	fi
	trap 'exit 130' INT
	trap 'exit 143' TERM
	trap 'exit 129' HUP

	copy_tree "$root" "$RETENTION_PRIVATE/source"
	private_forget "$root"
	mkdir -p "$RETENTION_PRIVATE/tmp" "$RETENTION_PRIVATE/home"
	private_shared "$root"
	if declare -F private_prepare >/dev/null
	then
		private_prepare
	fi
	if [ -n "$worker" ]
	then
		chown -R "$worker" "$RETENTION_PRIVATE"
	fi
	chmod 755 "$RETENTION_PRIVATE"

	# Nothing of the caller's own servers, and no make of his to report to.
	local name
	for name in $(compgen -e)
	do
		case $name in
			PG_CONFIG|PG_TEST_*) ;;
			PG*|MAKEFLAGS|MFLAGS|MAKELEVEL|MAKEOVERRIDES|LC_*|LANGUAGE|PERL5LIB) unset "$name" ;;
		esac
	done
	export LC_ALL=C PGCLIENTENCODING=UTF8
	export private_keep=${private_keep:-}
	export RETENTION_PRIVATE HOME=$RETENTION_PRIVATE/home TMPDIR=$RETENTION_PRIVATE/tmp
	export RETENTION_SOURCE=$RETENTION_PRIVATE/source RETENTION_SHARED=$shared

	# In a process group of its own, so that an interrupt here ends all of it;
	# and from a folder that the unprivileged user may be in.
	cd "$RETENTION_PRIVATE" || exit 1
	set -m
	as_worker bash "$RETENTION_PRIVATE/source/$script" "$@" </dev/null &
	private_job=$!
	set +m
	wait "$private_job" || status=$?
	private_job=
	# Brings out what is to stay, with the rights of the caller.
	if [ $status = 0 ] && declare -F private_finish >/dev/null
	then
		private_finish
	fi
	exit "$status"
}

# Is a kept folder that was there already one that this script made?
private_is_ours()
{
	local owner
	owner=$(stat -c %u "$RETENTION_PRIVATE" 2>/dev/null || stat -f %u "$RETENTION_PRIVATE")
	if [ -L "$RETENTION_PRIVATE" ] ||
		{ [ "$owner" != "$(id -u)" ] && [ "$owner" != "$(id -u "${worker:-root}")" ]; }
	then
		echo "$RETENTION_PRIVATE belongs to somebody else: remove it, or set TMPDIR" >&2
		exit 1
	fi
}

# In a kept folder: what is no longer in the project goes from its copy.
private_forget()
{
	local file
	while IFS= read -r file
	do
		[ -e "$1/$file" ] || rm -f "$RETENTION_PRIVATE/source/$file"
	done < <(cd "$RETENTION_PRIVATE/source" &&
		find src sql expected test -type f ! -name '*.o' ! -name '*.d' ! -name '*.so')
}

# Sets shared to a readable path of the folder of public data, RETENTION_SHARED
# or beside the project; to nothing where there is none.  A folder of that name
# without the file the tests look for is somebody else's.
private_shared()
{
	shared=${RETENTION_SHARED:-$(dirname "$1")/shared}
	if [ ! -r "$shared/data/CDNOW_master.txt" ]
	then
		shared=
		return 0
	fi
	shared=$(cd "$shared" && pwd -P)
	[ -n "$worker" ] || return 0
	if ! as_worker test -r "$shared/data" ||
		[ -n "$(as_worker find "$shared/data" ! -readable -print -quit 2>&1)" ]
	then
		rm -rf "$RETENTION_PRIVATE/shared"
		mkdir "$RETENTION_PRIVATE/shared"
		cp -RL "$shared/data" "$RETENTION_PRIVATE/shared/data"
		find "$shared" -maxdepth 1 -type f -name '*.md' -exec cp {} "$RETENTION_PRIVATE/shared/" \;
		chmod -R u+w,a+rX "$RETENTION_PRIVATE/shared"
		shared=$RETENTION_PRIVATE/shared
	fi
}

# ---------------------------------------------------------------------
# Inside: build, stage, start
# ---------------------------------------------------------------------

# quietly LOG COMMAND...: the output only when it fails or warns.
quietly()
{
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1
	then
		cat "$log" >&2
		echo "failed: $*" >&2
		return 1
	fi
	if grep -q 'warning:' "$log"
	then
		cat "$log" >&2
	fi
}

# cluster_stage [MAKE-ARGUMENT...]: builds the copy and installs it into an
# overlay of the server's installation.  postgres finds its other folders
# relative to where its own program really lies, so the programs are copied
# and all else is linked; a folder of the overlay is the system's with ours
# added.  Nothing of the system's is written.  Sets bindir, first in PATH.
cluster_stage()
{
	local stage=$RETENTION_PRIVATE/stage jobs
	jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
	quietly "$RETENTION_PRIVATE/build.log" \
		make -C "$RETENTION_SOURCE" -j "$jobs" PG_CONFIG="$PG_CONFIG" "$@" all

	bindir=$stage$("$PG_CONFIG" --bindir)
	if [ ! -d "$bindir" ]
	then
		cluster_overlay
	fi
	quietly "$RETENTION_PRIVATE/install.log" \
		make -C "$RETENTION_SOURCE" PG_CONFIG="$PG_CONFIG" "$@" install DESTDIR="$stage"
	export PATH=$bindir:$PATH
}

# The overlay without us, in $stage.
cluster_overlay()
{
	local from
	mkdir -p "$bindir"
	cp -RL "$("$PG_CONFIG" --bindir)/." "$bindir/"
	for from in "$("$PG_CONFIG" --sharedir)" "$("$PG_CONFIG" --pkglibdir)"
	do
		mkdir -p "$stage$from"
		cp -Rs "$from/." "$stage$from/" 2>/dev/null ||
			cp -R "$from/." "$stage$from/"
	done
	# Links to an older retention would be written through.
	rm -rf "$stage$("$PG_CONFIG" --sharedir)"/extension/retention[.-]* \
		"$stage$("$PG_CONFIG" --pkglibdir)"/retention.* \
		"$stage$("$PG_CONFIG" --pkglibdir)"/bitcode/retention*
}

# cluster_start [SETTING...]: a new cluster in $RETENTION_PRIVATE/data, on a Unix socket
# there and nowhere else, without durability.  Sets the libpq environment.  In a
# kept folder the cluster may be there already, and then serves on as it is.
cluster_start()
{
	local setting
	export PGHOST=$RETENTION_PRIVATE/socket PGUSER=postgres PGDATABASE=postgres PGPORT=5432
	export PSQLRC=$RETENTION_PRIVATE/home/none
	if pg_ctl -D "$RETENTION_PRIVATE/data" status >/dev/null 2>&1
	then
		return 0
	fi
	rm -rf "$RETENTION_PRIVATE/data"
	mkdir -p "$RETENTION_PRIVATE/socket"
	quietly "$RETENTION_PRIVATE/initdb.log" \
		initdb -D "$RETENTION_PRIVATE/data" -U postgres -A trust -E UTF8 --no-locale -N
	{
		echo "listen_addresses = ''"
		echo "unix_socket_directories = '$RETENTION_PRIVATE/socket'"
		echo "unix_socket_permissions = 0700"
		echo "fsync = off"
		echo "timezone = 'Europe/Paris'"
		echo "log_timezone = 'UTC'"
		for setting
		do
			echo "$setting"
		done
	} >>"$RETENTION_PRIVATE/data/postgresql.conf"
	if ! pg_ctl -D "$RETENTION_PRIVATE/data" -s -w -l "$RETENTION_PRIVATE/server.log" start
	then
		cat "$RETENTION_PRIVATE/server.log" >&2
		return 1
	fi
	[ -n "${private_keep:-}" ] || trap cluster_stop EXIT
}

cluster_stop()
{
	if [ -f "$RETENTION_PRIVATE/data/postmaster.pid" ]
	then
		pg_ctl -D "$RETENTION_PRIVATE/data" -s -m immediate stop || true
	fi
}

# sql [PSQL-ARGUMENT...]: psql that stops at the first error.
sql()
{
	psql -X -q -v ON_ERROR_STOP=1 "$@"
}

# The flags of a build where every warning is an error.  PostgreSQL's headers
# come first as the system's: their warnings are theirs.  What -Wextra says of
# macros such as PG_FUNCTION_ARGS is not of ours either.
cluster_strict()
{
	echo "-isystem $("$PG_CONFIG" --includedir-server) -Wall -Wextra -Werror" \
		"-Wno-unused-parameter -Wno-sign-compare" \
		"-Wno-missing-field-initializers -Wno-clobbered"
}
