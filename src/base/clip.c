/*
 * clip.c
 *		What a caller passed, short enough to be quoted in a message.
 *
 * A message is written to the log and sent to the client: a text of 20 MB in it
 * would be copied many times over.
 */
#include "base/clip.h"

const char *
clip(const char *text)
{
	Size		len = strnlen(text, CLIP_BYTES + 1);

	return len <= CLIP_BYTES ? text : clip_bytes(text, len);
}

const char *
clip_bytes(const char *text, Size len)
{
	int			kept = (int) Min(len, CLIP_BYTES + 1);

	if (kept <= CLIP_BYTES)
		return pnstrdup(text, kept);
	/* the limit may be in the middle of a character, whose end counts not */
	kept = pg_mbcliplen(text, (int) Min(len, CLIP_BYTES + MAX_MULTIBYTE_CHAR_LEN),
						CLIP_BYTES);
	return psprintf("%.*s...", kept, text);
}
