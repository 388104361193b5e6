/*
 * short_text.h
 *		Texts of few bytes as two words.
 */
#ifndef RETENTION_SHORT_TEXT_H
#define RETENTION_SHORT_TEXT_H

#include "base/compat.h"

#define SHORT_TEXT_BYTES 16

/*
 * The first and the last bytes of a text of at most SHORT_TEXT_BYTES: alike for
 * no two texts of one length.
 */
static inline void
short_text_words(const char *text, Size len, uint64 *first, uint64 *last)
{
	uint32		half;

	*first = 0;
	*last = 0;
	if (len >= sizeof(uint64))
	{
		memcpy(first, text, sizeof(uint64));
		memcpy(last, text + len - sizeof(uint64), sizeof(uint64));
	}
	else if (len >= sizeof(uint32))
	{
		memcpy(&half, text, sizeof(uint32));
		*first = half;
		memcpy(&half, text + len - sizeof(uint32), sizeof(uint32));
		*last = half;
	}
	else if (len > 0)
	{
		*first = (uint8) text[0] | (uint64) (uint8) text[len / 2] << 8;
		*last = (uint8) text[len - 1];
	}
}

#endif							/* RETENTION_SHORT_TEXT_H */
