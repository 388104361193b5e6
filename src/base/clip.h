/*
 * clip.h
 *		What a caller passed, short enough to be quoted in a message.
 */
#ifndef RETENTION_CLIP_H
#define RETENTION_CLIP_H

#include "base/compat.h"

#define CLIP_BYTES 100			/* quoted of a text at most, without the dots */

/*
 * The text, or where it is longer than CLIP_BYTES as many whole characters of
 * it and "..."; palloc'd when it is not the text itself.
 */
extern const char *clip(const char *text);

/* The same of len bytes that need no end; always palloc'd. */
extern const char *clip_bytes(const char *text, Size len);

#endif							/* RETENTION_CLIP_H */
