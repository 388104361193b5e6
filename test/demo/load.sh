#!/usr/bin/env bash
# load.sh FILE: orders as people export them, into the table orders of a schema
# of its own.
#
#	test/demo/load.sh orders.csv
#
# Into the database of psql's usual variables (PGHOST, PGDATABASE, ...), where the
# extension is.  The schema, SCHEMA or demo, must not be there yet; everything is
# one transaction, and nothing outside of that schema is written.  What is in which
# column is found from the names, else from what is in it, and told; where that is
# not sure, nothing is loaded, and the reason and what to type are told.  All the
# words are in doc/loader.md:
#
#	CUSTOMER= AT= AMOUNT= CHANNEL= ORDER= QUANTITY= PRICE=	a column, by name or number
#	SEPARATOR= ENCODING= QUOTES= HEADER=		how the file is written
#	DATES= DECIMAL= ZONE= SIGN=					how its values are read
#	KEEP= REFUNDS= LINES= SKIP=					which rows count, and as what
#
# bash decodes (iconv), PostgreSQL reads: COPY into columns of text, and SQL.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
options=(CUSTOMER AT AMOUNT CHANNEL ORDER QUANTITY PRICE SEPARATOR ENCODING QUOTES HEADER
	DATES DECIMAL ZONE SIGN KEEP REFUNDS LINES SKIP)

# A word as the shell reads it back.
quoted()
{
	case $1 in
		''|*[!A-Za-z0-9_./:,=+-]*) printf "'%s'" "${1//\'/\'\\\'\'}" ;;
		*) printf '%s' "$1" ;;
	esac
}

# stop REASON [WHAT TO TYPE]
stop()
{
	echo "stopped: $name: $1" >&2
	[ $# -lt 2 ] || echo "   type: $2" >&2
	exit 1
}

# Nothing that another program wrote for another program.
look_inside()
{
	local first
	first=$(head -c 8 "$file" | od -An -v -tx1 | tr -d ' \n')
	case $first in
		'') stop "the file is empty" "$other_file   (with a file that has orders in it)" ;;
		504b0304*) stop "is a spreadsheet or an archive (zip), not text" \
			"$other_file   (with the file that the spreadsheet writes by File, Save as, CSV UTF-8)" ;;
		d0cf11e0*) stop "is an old spreadsheet, not text" \
			"$other_file   (with the file that the spreadsheet writes by File, Save as, CSV UTF-8)" ;;
		25504446*) stop "is a PDF, not a table" "$other_file   (with the orders exported as CSV)" ;;
		1f8b*)
			gzip -dc <"$file" >"$work/raw" || stop "is compressed, and damaged"
			file=$work/raw
			first=$(head -c 8 "$file" | od -An -v -tx1 | tr -d ' \n')
			;;
	esac
	encoding=${ENCODING:-}
	[ -z "$encoding" ] || return 0
	case $first in
		efbbbf*) encoding=UTF-8 ;;
		fffe0000*|0000feff*) encoding=UTF-32 ;;
		fffe*) encoding=UTF-16LE ;;
		feff*) encoding=UTF-16BE ;;
		# Without a byte order mark: letters of ASCII have a byte of zeros each.
		??00??00*) encoding=UTF-16LE ;;
		00??00??*) encoding=UTF-16BE ;;
		*)
			# grep finds no byte of zeros everywhere; tr does.
			[ "$(tr -dc '\000' <"$file" 2>/dev/null | head -c 1 | wc -c)" -eq 0 ] ||
				stop "holds bytes of zeros: not text, or in an encoding that it does not tell" "${command/@words@/ENCODING=UTF-16LE}"
			if iconv -f UTF-8 -t UTF-8 "$file" >/dev/null 2>&1
			then
				encoding=UTF-8
			else
				encoding=WINDOWS-1252
				guessed=yes
			fi
			;;
	esac
}

# The file as $work/text: UTF-8 without a byte order mark, one line feed at each
# end of line, no control characters that the scripts use, no line that psql takes
# for the end.
decode()
{
	local ends
	if ! iconv -f "$encoding" -t UTF-8 "$file" >"$work/utf8" 2>"$work/why"
	then
		[ -z "${ENCODING:-}" ] ||
			stop "is not $encoding ($(head -n 1 "$work/why"))" "${command/@words@/ENCODING=UTF-8}   (or another that iconv -l lists)"
		stop "is neither UTF-8 nor Windows-1252" "${command/@words@/ENCODING=...}   (iconv -l lists them; MACINTOSH, CP850 and ISO-8859-2 are common)"
	fi
	ends='s/\r$//; s/\r/ /g'
	if [ "$(tr -dc '\n' <"$work/utf8" 2>/dev/null | head -c 1 | wc -c)" -eq 0 ]
	then
		ends='s/\r/\n/g'		# as the Macintosh once wrote
	fi
	LC_ALL=C sed -e '1s/^\xEF\xBB\xBF//' -e "$ends" "$work/utf8" | LC_ALL=C tr '\001\002\003' '   ' |
		LC_ALL=C awk -v every=250000 '
			{ sub(/^\\\.$/, "\\. "); print }
			NR % every == 0 { printf "  %d lines\n", NR | "cat 1>&2"; close("cat 1>&2") }
			END { print NR > "'"$work/count"'" }' >"$work/text"
	rm -f "$work/utf8" "$work/raw"
}

# What psql says, for a person: without its own names of files.  Why it stopped goes
# where errors go.
spoken()
{
	local line
	while IFS= read -r line
	do
		line=${line#psql:*.sql:[0-9]*: }
		case $line in
			ERROR:*)
				exec >&2
				line="stopped: $name: ${line#ERROR:  }"
				;;
			NOTICE:*) line=${line#NOTICE:  } ;;
			HINT:*) line="   type: ${line#HINT:  }" ;;
		esac
		printf '%s\n' "$line"
	done
}

if [ $# -ne 1 ] || ! { [ -f "$1" ] && [ -r "$1" ]; }
then
	echo "usage: load.sh FILE [with words such as AT= in the environment]: ${1:-no file}: no such file, or not readable" >&2
	exit 1
fi
file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
name=${DATA:-$1}
# What to type, words in the place of @words@.
if [ -n "${DATA:-}" ]
then
	command="make demo DATA=$(quoted "$name") @words@"
	other_file='make demo DATA=...'
else
	command="env @words@ test/demo/load.sh $(quoted "$name")"
	other_file='test/demo/load.sh ...'
fi
variables=()
for option in "${options[@]}"
do
	variables+=(-v "o_$option=${!option:-}")
done

work=$(mktemp -d "${TMPDIR:-/tmp}/load.XXXXXX")
trap 'rm -rf "$work"' EXIT
guessed=
look_inside
decode
echo "$name: $(cat "$work/count") lines"
cd "$work"
export PGCLIENTENCODING=UTF8
# LC_ALL=C: psql's own words, ERROR and HINT, in the language they are looked for.
status=0
{
	LC_ALL=C psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=default -v SHOW_CONTEXT=never "${variables[@]}" \
		-v schema="${SCHEMA:-demo}" -v name="$(quoted "$name")" -v command="$command" -v other_file="$other_file" \
		-v encoding="$encoding" -v guessed="$guessed" -v lines="$(cat count)" \
		-f "$here/load/load.sql" 2>&1 >/dev/null | spoken
} || status=$?
exit $status
