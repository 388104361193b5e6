#!/usr/bin/env bash
# deps.sh: installs what building and testing the extension need.
#
# Does nothing, quickly, when everything is there.  Installs with apt-get where
# it may (as root, or by sudo without a password); elsewhere it says what is
# missing and fails.
#
#	LINT=1	also cppcheck, clang-tidy and shellcheck
#	PACKAGE=1	also what makes packages: debhelper, lintian, rpmspec, PGXN's client
#	PEERS=1	also node and npm, for the peers of make bench
#	BROWSER=1	also Chromium and XML::LibXML, for the tests of pictures
#	CLIENTS=1	also drivers: node-postgres, JDBC, psycopg, ODBC, R's
#	LANES=folder	also what the lanes of test/lanes need
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/cluster.sh
. "$here/cluster.sh"

missing=()		# what a person would call it
packages=()		# what Debian calls it

need()			# need NAME PACKAGE...
{
	missing+=("$1")
	shift
	packages+=("$@")
}

look()
{
	missing=()
	packages=()
	have make || need make make
	have prove || need "perl with prove" perl
	perl -MIPC::Run -e 1 2>/dev/null ||
		need "the Perl module IPC::Run" libipc-run-perl

	# libpq-dev brings a pg_config that knows no server: ask for what the
	# build opens, not for the program.
	if cluster_pg_config
	then
		local cc clang
		cc=$("$PG_CONFIG" --cc)
		have "${cc%% *}" || need "the compiler ${cc%% *}" gcc libc6-dev
		# With bitcode enabled PGXS builds nothing without its clang.
		clang=$(cluster_clang)
		[ -z "$clang" ] || [ "${BITCODE:-}" = no ] || have "$clang" ||
			need "$clang" "$(basename "$clang")"
		[ -f "$(dirname "$(cluster_pgxs)")/../test/perl/PostgreSQL/Test/Cluster.pm" ] ||
			need "PostgreSQL's Perl test modules (--enable-tap-tests)" \
				"postgresql-server-dev-$(cluster_major)"
		[ -f "$("$PG_CONFIG" --sharedir)/extension/pg_prewarm.control" ] ||
			need "PostgreSQL's contrib modules" postgresql-contrib
	else
		local major
		have cc || need "a C compiler" gcc libc6-dev
		major=$(server_major)
		if [ -n "$major" ]
		then
			# Both by name, so that the two come in one minor version.
			need "PostgreSQL $major with its server headers" \
				"postgresql-$major" "postgresql-server-dev-$major"
		else
			need "PostgreSQL 15 or later with its server headers" \
				postgresql postgresql-contrib
		fi
	fi

	if [ "${LINT:-0}" = 1 ]
	then
		have cppcheck || need cppcheck cppcheck
		have clang-tidy || need clang-tidy clang-tidy
		have shellcheck || need shellcheck shellcheck
	fi
	if [ "${PACKAGE:-0}" = 1 ]
	then
		have git || need git git
		have dpkg-buildpackage || need dpkg-buildpackage dpkg-dev
		have fakeroot || need fakeroot fakeroot
		have dh || need debhelper debhelper
		have pg_buildext || need pg_buildext postgresql-server-dev-all
		have lintian || need lintian lintian
		have rpmspec || need rpmspec rpm
		have pgxn || need "PGXN's client" pgxnclient
	fi
	if [ "${PEERS:-0}" = 1 ]
	then
		have node || need node nodejs
		have npm || need npm npm
	fi
	if [ "${BROWSER:-0}" = 1 ]
	then
		have chromium || have chromium-browser || have google-chrome ||
			need Chromium chromium fonts-dejavu-core fonts-noto-color-emoji
		perl -MXML::LibXML -e 1 2>/dev/null ||
			need "the Perl module XML::LibXML" libxml-libxml-perl
	fi
	if [ "${CLIENTS:-0}" = 1 ]
	then
		# Debian's module goes with Debian's node alone.
		if have node
		then
			have npm || need npm npm
		else
			need "node with the module pg" nodejs npm node-pg
		fi
		have javac || need "a JDK" default-jdk-headless
		[ -r /usr/share/java/postgresql.jar ] || need "the JDBC driver" libpostgresql-jdbc-java
		/usr/bin/python3 -c 'import psycopg, pyodbc' 2>/dev/null ||
			need "psycopg and pyodbc for Python" python3 python3-psycopg python3-pyodbc
		odbcinst -q -d 2>/dev/null | grep -q 'PostgreSQL Unicode' ||
			need "the ODBC driver" odbc-postgresql odbcinst unixodbc
		{ have Rscript && [ -d /usr/lib/R/site-library/RPostgreSQL ]; } ||
			need "RPostgreSQL for R" r-cran-rpostgresql
	fi
	if [ -n "${LANES:-}" ]
	then
		have gcc || need gcc gcc libc6-dev
		have bzip2 || need bzip2 bzip2
		have valgrind || need valgrind valgrind
		# PostgreSQL's own source needs them from 17 on.
		have bison || need bison bison
		have flex || need flex flex
	fi
}

have()
{
	command -v "$1" >/dev/null 2>&1
}

# The newest major version whose server is installed, or nothing.
server_major()
{
	local program newest=
	for program in /usr/lib/postgresql/*/bin/postgres
	do
		[ -x "$program" ] || continue
		program=${program%/bin/postgres}
		newest=$(printf '%s\n' "${program##*/}" "$newest" | sort -n | tail -n 1)
	done
	echo "$newest"
}

# apt-get as root, or nothing when that cannot be.
find_apt()
{
	have apt-get || return 1
	if [ "$(id -u)" = 0 ]
	then
		apt=(env DEBIAN_FRONTEND=noninteractive apt-get)
	elif have sudo && sudo -n true 2>/dev/null
	then
		apt=(sudo -n env DEBIAN_FRONTEND=noninteractive apt-get)
	else
		return 1
	fi
	apt+=(-q -y -o DPkg::Lock::Timeout=300)
}

# What some tests are skipped without: not worth failing for, nor for a run that
# has none of them.
wish()
{
	[[ " ${PARTS:-tap} " = *" tap "* ]] || return 0
	local major
	major=$(cluster_major)
	[ -f "$("$PG_CONFIG" --sharedir)/extension/pg_cron.control" ] ||
		wish_for "postgresql-$major-cron" "pg_cron is missing: the tests of scheduled jobs will be skipped"
	# A package of its own from PostgreSQL 18 on.
	[ "$major" -lt 18 ] || [ -z "$(cluster_clang)" ] ||
		[ -f "$("$PG_CONFIG" --pkglibdir)/llvmjit.so" ] ||
		wish_for "postgresql-$major-jit" "llvmjit is missing: the tests of compiled expressions will be skipped"
}

wish_for()		# PACKAGE, AND WHAT TO SAY WITHOUT IT
{
	echo "installing: $1"
	if ! find_apt ||
		{ [ $updated = no ] && ! "${apt[@]}" update >/dev/null; } ||
		! "${apt[@]}" install --no-install-recommends "$1"
	then
		echo "$2" >&2
	fi
	updated=yes
}

# Without a server there is no telling its major version: the server comes in
# the first round, its headers in the second, what they name in the third, and
# the last only looks.
updated=no
why=
for round in 1 2 3 4
do
	look
	if [ ${#missing[@]} -eq 0 ]
	then
		wish
		echo "PostgreSQL $("$PG_CONFIG" --version | cut -d' ' -f2), $PG_CONFIG: nothing is missing"
		exit 0
	fi
	[ "$round" != 4 ] || break
	find_apt || { why="no right to install them here"; break; }
	echo "installing: ${packages[*]}"
	if [ $updated = no ]
	then
		# A source that cannot be read must not stop the others.
		"${apt[@]}" update >/dev/null || echo "apt-get update failed, going on" >&2
		updated=yes
	fi
	why="they could not be installed (see above)"
	"${apt[@]}" install --no-install-recommends "${packages[@]}" || break
done

# One line, which says what to do.
printf -v missed '%s, ' "${missing[@]}"
if have apt-get
then
	echo "missing: ${missed%, }; $why: as root, and with a network, run  apt-get install ${packages[*]}" >&2
else
	echo "missing: ${missed%, }; no apt-get here: install them, or name a PostgreSQL that has its server headers and Perl test modules with PG_CONFIG=" >&2
fi
exit 1
