/*
 * wire.h
 *		Bounds-checked reader and writer of the byte streams that stored
 *		values, binary input and worker states are made of.
 *
 * A stream is a sequence of bytes; integers are written seven bits to a
 * byte, lowest group first, the high bit meaning "more follows" (LEB128), so
 * that a stream is the same on every machine.  Signed integers are
 * zigzag-coded first.  One integer has one spelling: the reader refuses
 * superfluous groups, so equal values have equal bytes.  Doubles are finite,
 * no negative zero, and written as 8 bytes, the highest first.
 */
#ifndef RETENTION_WIRE_H
#define RETENTION_WIRE_H

#include "base/compat.h"

/* A growing varlena: data[0 .. VARHDRSZ) is kept free for the length word. */
typedef struct WireWriter
{
	char	   *data;
	Size		len;			/* bytes used, the header included */
	Size		size;			/* bytes allocated */
	const char *what;			/* noun for the too-large message */
	const char *hint;			/* hint of that message, or NULL */
} WireWriter;

typedef struct WireReader
{
	const uint8 *at;
	const uint8 *end;
	const char *what;			/* type name for error messages */
} WireReader;

extern void wire_writer_init(WireWriter *w, Size size, const char *what,
							 const char *hint);
extern void wire_grow(WireWriter *w, Size more);
extern void wire_put_bytes(WireWriter *w, const void *bytes, Size len);
extern void wire_put_slow(WireWriter *w, uint64 value);
extern void wire_put_int128(WireWriter *w, int128 value);
extern void wire_put_double(WireWriter *w, float8 value);
extern bytea *wire_finish(WireWriter *w);

extern void wire_reader_init(WireReader *r, const void *bytes, Size len,
							 const char *what);
pg_noreturn extern void wire_corrupt(const WireReader *r, const char *detail);
extern const uint8 *wire_get_bytes(WireReader *r, Size len);
extern uint64 wire_get_slow(WireReader *r);
extern int128 wire_get_int128(WireReader *r);
extern float8 wire_get_double(WireReader *r);
extern char *wire_get_text(WireReader *r, Size max);
extern void wire_get_end(const WireReader *r);

/* Write an unsigned integer. */
static inline void
wire_put(WireWriter *w, uint64 value)
{
	if (likely(value < 0x80 && w->len < w->size))
		w->data[w->len++] = (char) value;
	else
		wire_put_slow(w, value);
}

/* Write a text: its length and its bytes. */
static inline void
wire_put_text(WireWriter *w, const char *text)
{
	Size		len = strlen(text);

	wire_put(w, len);
	wire_put_bytes(w, text, len);
}

/* Bytes an integer takes at most. */
#define WIRE_MAX_INTEGER 10

/* Have room for so many bytes. */
static inline void
wire_reserve(WireWriter *w, Size bytes)
{
	if (unlikely(w->size - w->len < bytes))
		wire_grow(w, bytes);
}

/* Write an unsigned integer for which wire_reserve() has made room. */
static inline void
wire_put_reserved(WireWriter *w, uint64 value)
{
	char	   *at = w->data + w->len;

	while (value >= 0x80)
	{
		*at++ = (char) (value | 0x80);
		value >>= 7;
	}
	*at++ = (char) value;
	w->len = at - w->data;
}

/* A signed integer as an unsigned one, small for small magnitudes. */
static inline uint64
wire_zigzag(int64 value)
{
	return ((uint64) value << 1) ^ (uint64) (value >> 63);
}

/* Write a signed integer. */
static inline void
wire_put_signed(WireWriter *w, int64 value)
{
	wire_put(w, wire_zigzag(value));
}

/* Read an unsigned integer; a short or padded one is an error. */
static inline uint64
wire_get(WireReader *r)
{
	const uint8 *at = r->at;

	if (likely(r->end - at >= 3))
	{
		uint64		value = at[0];

		if (value < 0x80)
		{
			r->at = at + 1;
			return value;
		}
		/* a last group of 0 would be superfluous: left to the slow path */
		if ((uint8) (at[1] - 1) < 0x7F)
		{
			r->at = at + 2;
			return (value & 0x7F) | (uint64) at[1] << 7;
		}
		if (at[1] >= 0x80 && (uint8) (at[2] - 1) < 0x7F)
		{
			r->at = at + 3;
			return (value & 0x7F) | (uint64) (at[1] & 0x7F) << 7 |
				(uint64) at[2] << 14;
		}
	}
	return wire_get_slow(r);
}

/* Read an unsigned integer that must not exceed max. */
static inline uint64
wire_get_max(WireReader *r, uint64 max, const char *detail)
{
	uint64		value = wire_get(r);

	if (unlikely(value > max))
		wire_corrupt(r, detail);
	return value;
}

/* Read a signed integer. */
static inline int64
wire_get_signed(WireReader *r)
{
	uint64		z = wire_get(r);

	return (int64) ((z >> 1) ^ (0 - (z & 1)));
}

#endif							/* RETENTION_WIRE_H */
