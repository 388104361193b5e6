#!/usr/bin/env bash
# server.sh cassert|sanitized: a PostgreSQL server built to find faults.
#
# From Debian's source package of the major version of PG_CONFIG, once: it is
# kept below LANES (see cluster_lanes), and made again only when the recipe below
# has changed.  The last line printed is its pg_config.  Where it cannot be made,
# says why and exits with 77.
#
#	cassert		assertions, and requests to Valgrind or the address sanitizer
#	sanitized	the same, compiled with the sanitizers itself
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/../cluster.sh"

kind=$1
cluster_pg_config
major=$(cluster_major)
lanes=$(cluster_lanes)
prefix=$lanes/postgresql-$major-$kind
work=$lanes/build.$major.$kind.$$

skip()
{
	echo "SKIP: $*" >&2
	exit 77
}

# The requests go through memcheck/.
cppflags="-DUSE_VALGRIND -I$prefix/memcheck"
cflags="-O1 -g -fno-omit-frame-pointer"
case $kind in
	cassert) ;;
	sanitized)
		cflags+=" -fno-common -fsanitize=address,undefined -fno-sanitize-recover=undefined"
		;;
	*)
		echo "usage: server.sh cassert|sanitized" >&2
		exit 1
		;;
esac
configure=(--prefix="$prefix" --enable-cassert --enable-debug --enable-tap-tests
	--without-readline --without-zlib)
[ "$major" -lt 16 ] || configure+=(--without-icu)
recipe="$cppflags $cflags ${configure[*]} $(cksum <"$here/memcheck/valgrind/memcheck.h")"

if [ "$(cat "$prefix/recipe" 2>/dev/null)" = "$recipe" ]
then
	echo "$prefix/bin/pg_config"
	exit 0
fi

# The source package, by an apt whose lists and sources are of this folder
# alone: those of the machine, with deb changed to deb-src.
fetch_source()
{
	local apt file version
	command -v apt-get >/dev/null || skip "no apt-get to fetch PostgreSQL's source package with"
	mkdir -p "$work"/{sources,lists/partial,cache/archives/partial}
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*
	do
		[ -f "$file" ] || continue
		case $file in
			*.sources) sed 's/^Types:.*/Types: deb-src/' "$file" ;;
			*.list) sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" ;;
			*) continue ;;
		esac >"$work/sources/$(basename "$file" | sed 's/^sources\.list$/main.list/')"
	done
	apt=(-q -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$work/sources"
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache"
		-o APT::Sandbox::User="$(id -un)")
	# A source that cannot be read must not stop the others.
	apt-get "${apt[@]}" update >"$work/update.log" 2>&1 || true
	cd "$work"
	# Newest first; an archive may list a version that it no longer has.
	while IFS= read -r version
	do
		if apt-get "${apt[@]}" source --download-only "postgresql-$major=$version" \
			>"$work/source.log" 2>&1
		then
			tar -xf postgresql-"$major"_*.orig.tar.*
			echo "# PostgreSQL $version, built as $kind" >&2
			return 0
		fi
		rm -f postgresql-*
	done < <(apt-cache "${apt[@]}" showsrc "postgresql-$major" 2>/dev/null |
		sed -n 's/^Version: //p' | sort -rV)
	tail -n 3 "$work/update.log" "$work/source.log" >&2 2>/dev/null || true
	skip "the source package postgresql-$major cannot be had"
}

build()
{
	local jobs
	jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
	rm -rf "$prefix"
	mkdir -p "$prefix"
	# Modules include it too.
	cp -R "$here/memcheck" "$prefix/memcheck"
	cd "$work"/postgresql-"$major".*
	export ASAN_OPTIONS=detect_leaks=0
	# Below a make that called this script PostgreSQL's would take itself for one
	# of its own sub-makes, and not generate its headers.
	unset MAKELEVEL MAKEFLAGS MFLAGS
	./configure -q "${configure[@]}" CPPFLAGS="$cppflags" CFLAGS="$cflags" &&
		make -s -j "$jobs" all &&
		make -s install &&
		make -s -C contrib/postgres_fdw install &&
		install -m 644 src/tools/valgrind.supp "$prefix/valgrind.supp"
}

trap 'rm -rf "$work"' EXIT
mkdir -p "$lanes"
fetch_source
if ! bash -c "$(declare -p configure cppflags cflags kind prefix work major here)
	$(declare -f build); set -e; build" >"$work/build.log" 2>&1
then
	tail -n 30 "$work/build.log" >&2
	rm -rf "$prefix"
	echo "the server $kind does not build" >&2
	exit 1
fi
chmod -R a+rX "$prefix"
echo "$recipe" >"$prefix/recipe"
echo "$prefix/bin/pg_config"
