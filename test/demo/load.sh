# shellcheck shell=bash
#
# load.sh: a CSV file of orders into the table orders.  Sourced by run.sh.

# The position (from 1) of the first of the given names in header, or nothing.
header_position()
{
	local name i
	for name
	do
		for i in "${!header[@]}"
		do
			if [ "${header[$i]}" = "$name" ]
			then
				echo $((i + 1))
				return
			fi
		done
	done
}

# header_name POSITION: the name there, for a person.
header_name()
{
	if [ -n "$1" ]
	then
		echo "${header[$1 - 1]}"
	else
		echo none
	fi
}

# load_orders FILE: expects DATA (the file's name for a person) and here (this
# folder).
load_orders()
{
	local file=$1 first separator columns='' i
	local customer at amount channel

	# A byte order mark, as spreadsheets write it, would become part of a name.
	sed -i -e '1s/^\xEF\xBB\xBF//' "$file"
	if ! LC_ALL=C.UTF-8 iconv -f UTF-8 -t UTF-8 "$file" >/dev/null 2>&1
	then
		echo "$DATA is not UTF-8: reading it as Windows-1252" >&2
		iconv -f WINDOWS-1252 -t UTF-8 "$file" >"$file.utf8"
		mv "$file.utf8" "$file"
	fi
	first=$(head -n 1 "$file" | tr -d '\r"' | tr '[:upper:]' '[:lower:]')
	case $first in
		*$'\t'*) separator=$'\t' ;;
		*\;*) separator=';' ;;
		*) separator=',' ;;
	esac
	IFS=$separator read -r -a header <<<"$first"
	for i in "${!header[@]}"
	do
		header[i]=$(sed -e 's/^ *//' -e 's/ *$//' -e 's/[ -]/_/g' <<<"${header[$i]}")
		columns+=", column$((i + 1)) text"
	done

	customer=$(header_position customer_id customer customerid client_id client user_id userid \
		user account_id account email id)
	at=$(header_position ordered_at order_date date ordered_on created_at order_time time \
		timestamp datetime invoicedate invoice_date purchased_at paid_at at)
	amount=$(header_position amount revenue amount_eur total total_price price value montant \
		sales dollar_value)
	channel=$(header_position channel source campaign segment country canal)
	if [ -z "$customer" ] || [ -z "$at" ]
	then
		if [ ${#header[@]} -lt 2 ]
		then
			echo "$DATA: needs a header line and at least two columns, a customer and a time" >&2
			return 1
		fi
		customer=1
		at=2
		amount=
		channel=
		[ ${#header[@]} -lt 3 ] || amount=3
	fi
	echo "$DATA: customer = $(header_name "$customer"), time = $(header_name "$at")," \
		"amount = $(header_name "$amount"), channel = $(header_name "$channel")"

	# line counts the header; a quoted field of two lines would shift it.
	sql -c "CREATE TABLE input (line bigint GENERATED ALWAYS AS IDENTITY (START 2)$columns)"
	sql -c "\\copy input ($(sed -e 's/^, //' -e 's/ text//g' <<<"$columns")) FROM '$file' (FORMAT csv, HEADER, DELIMITER E'$separator')"
	sql -v datestyle="${DATESTYLE:-}" \
		-v customer="column$customer" -v at="column$at" \
		-v amount="${amount:+column$amount}" -v channel="${channel:+column$channel}" \
		-f "${here:?}/load.sql"
}
