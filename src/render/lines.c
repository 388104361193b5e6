/*
 * lines.c
 *		Pictures for psql as rows of text: lines, shades, bars.
 */
#include "render/lines.h"

#include "funcapi.h"
#include "utils/builtins.h"

#define TEXT_BAR_WIDTH 50

/* Append the line. */
void
add_line(List **lines, StringInfo line)
{
	/* no trailing blanks */
	while (line->len > 0 && line->data[line->len - 1] == ' ')
		line->data[--line->len] = '\0';
	*lines = lappend(*lines, cstring_to_text_with_len(line->data, line->len));
	resetStringInfo(line);
}

/* Rows of a set-returning function, from the lines of a picture. */
Datum
return_lines(FunctionCallInfo fcinfo, List *(*draw) (FunctionCallInfo fcinfo))
{
	FuncCallContext *call;
	List	   *lines;
	text	   *line;

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext old;

		call = SRF_FIRSTCALL_INIT();
		old = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (!PG_ARGISNULL(0))
			call->user_fctx = draw(fcinfo);
		MemoryContextSwitchTo(old);
	}
	call = SRF_PERCALL_SETUP();
	lines = call->user_fctx;
	if (call->call_cntr >= list_length(lines))
		SRF_RETURN_DONE(call);
	line = list_nth(lines, call->call_cntr);	/* the macro counts first */
	SRF_RETURN_NEXT(call, PointerGetDatum(line));
}

/* Can the database say block elements? */
static inline bool
has_blocks(void)
{
	return GetDatabaseEncoding() == PG_UTF8;
}

/* One character for a share: nothing, up to a quarter, ..., above three. */
const char *
shade(float8 share)
{
	static const char *const blocks[] = {
		" ", "\xE2\x96\x91", "\xE2\x96\x92", "\xE2\x96\x93", "\xE2\x96\x88"
	};
	static const char *const ascii[] = {" ", ".", ":", "+", "#"};
	int			level = share <= 0 ? 0 : share <= 0.25 ? 1 :
		share <= 0.5 ? 2 : share <= 0.75 ? 3 : 4;

	return has_blocks() ? blocks[level] : ascii[level];
}

/* A bar of the share, rounded to whole columns but never to none. */
void
put_bar(StringInfo line, float8 share)
{
	int			width = (int) (share * TEXT_BAR_WIDTH + 0.5);

	if (share > 0 && width == 0)
		width = 1;
	for (int i = 0; i < width; i++)
		appendStringInfoString(line, shade(1));
}
