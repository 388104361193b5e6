/*
 * wire.c
 *		Bounds-checked reader and writer of LEB128 byte streams.
 *
 * See wire.h for the coding.
 */
#include "base/wire.h"

#include <math.h>

#include "port/pg_bswap.h"
#include "utils/memutils.h"

/*
 * Begin a stream; size is a first guess at its bytes.  what names the value
 * in the error of a stream past 1 GB ("cohort_matrix"), hint may be NULL.
 */
void
wire_writer_init(WireWriter *w, Size size, const char *what, const char *hint)
{
	w->size = Min(Max(size, 64) + VARHDRSZ, MaxAllocSize);
	w->data = palloc(w->size);
	w->len = VARHDRSZ;
	w->what = what;
	w->hint = hint;
}

/* Make room for more bytes; past 1 GB: error 54000. */
void
wire_grow(WireWriter *w, Size more)
{
	Size		needed = w->len + more;
	Size		size = w->size;

	if (more > MaxAllocSize || needed > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s is too large", w->what),
				 errdetail("A value cannot exceed %zu bytes.",
						   (Size) MaxAllocSize),
				 w->hint ? errhint("%s", w->hint) : 0));
	if (needed <= size)
		return;
	while (size < needed)
		size = size > MaxAllocSize / 2 ? MaxAllocSize : size * 2;
	w->data = repalloc(w->data, size);
	w->size = size;
}

/* Append raw bytes. */
void
wire_put_bytes(WireWriter *w, const void *bytes, Size len)
{
	if (w->size - w->len < len)
		wire_grow(w, len);
	memcpy(w->data + w->len, bytes, len);
	w->len += len;
}

/* Append an unsigned integer of any size. */
void
wire_put_slow(WireWriter *w, uint64 value)
{
	if (w->size - w->len < 10)
		wire_grow(w, 10);
	while (value >= 0x80)
	{
		w->data[w->len++] = (char) (value | 0x80);
		value >>= 7;
	}
	w->data[w->len++] = (char) value;
}

/* Append a signed 128-bit integer. */
void
wire_put_int128(WireWriter *w, int128 value)
{
	uint128		z = ((uint128) value << 1) ^ (uint128) (value >> 127);

	if (w->size - w->len < 19)
		wire_grow(w, 19);
	while (z >= 0x80)
	{
		w->data[w->len++] = (char) ((uint8) z | 0x80);
		z >>= 7;
	}
	w->data[w->len++] = (char) z;
}

/* Append a finite double. */
void
wire_put_double(WireWriter *w, float8 value)
{
	uint64		bits;

	value += 0.0;				/* no negative zero */
	memcpy(&bits, &value, sizeof(bits));
	bits = pg_hton64(bits);
	wire_put_bytes(w, &bits, sizeof(bits));
}

/* The finished stream as a varlena; the writer is spent. */
bytea *
wire_finish(WireWriter *w)
{
	SET_VARSIZE(w->data, w->len);
	return (bytea *) w->data;
}

/* Begin reading len bytes; what names the type in errors. */
void
wire_reader_init(WireReader *r, const void *bytes, Size len, const char *what)
{
	r->at = bytes;
	r->end = r->at + len;
	r->what = what;
}

/* The one error of a stream that is not what it should be: 22P03. */
void
wire_corrupt(const WireReader *r, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary representation of type %s", r->what),
			 errdetail("%s", detail),
			 errhint("The value was damaged, or written by another version of the extension.")));
}

/* The next len bytes, in place. */
const uint8 *
wire_get_bytes(WireReader *r, Size len)
{
	const uint8 *bytes = r->at;

	if ((Size) (r->end - r->at) < len)
		wire_corrupt(r, "The value ends too early.");
	r->at += len;
	return bytes;
}

/* Refuse a last group that is superfluous. */
static inline void
check_last(const WireReader *r, uint8 byte, int shift)
{
	if (byte == 0 && shift > 0)
		wire_corrupt(r, "An integer is written with superfluous bytes.");
}

/* Read an unsigned integer of any size. */
uint64
wire_get_slow(WireReader *r)
{
	const uint8 *at = r->at;
	uint64		value = 0;

	for (int shift = 0; at < r->end; shift += 7)
	{
		uint8		byte = *at++;

		if (shift == 63 && byte > 1)
			wire_corrupt(r, "An integer is too large.");
		value |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			check_last(r, byte, shift);
			r->at = at;
			return value;
		}
	}
	wire_corrupt(r, "The value ends too early.");
}

/* Read a signed 128-bit integer. */
int128
wire_get_int128(WireReader *r)
{
	const uint8 *at = r->at;
	uint64		small = 0;
	uint128		z;

	/* the usual amount fits 56 bits, which are far faster to put together */
	for (int shift = 0; at < r->end && shift < 56; shift += 7)
	{
		uint8		byte = *at++;

		small |= (uint64) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			check_last(r, byte, shift);
			r->at = at;
			return (int64) ((small >> 1) ^ (0 - (small & 1)));
		}
	}
	z = small;
	for (int shift = 56; at < r->end; shift += 7)
	{
		uint8		byte = *at++;

		if (shift == 126 && byte > 3)
			wire_corrupt(r, "An integer is too large.");
		z |= (uint128) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			check_last(r, byte, shift);
			r->at = at;
			return (int128) ((z >> 1) ^ (0 - (z & 1)));
		}
	}
	wire_corrupt(r, "The value ends too early.");
}

/* Read a double. */
float8
wire_get_double(WireReader *r)
{
	uint64		bits;
	float8		value;

	memcpy(&bits, wire_get_bytes(r, sizeof(bits)), sizeof(bits));
	bits = pg_ntoh64(bits);
	memcpy(&value, &bits, sizeof(value));
	if (!isfinite(value) || (value == 0 && signbit(value)))
		wire_corrupt(r, "A number is not finite, or a negative zero.");
	return value;
}

/* A text of the database's encoding, of max bytes at most; palloc'd. */
char *
wire_get_text(WireReader *r, Size max)
{
	Size		len = wire_get_max(r, max, "A text is too long.");
	const char *bytes = (const char *) wire_get_bytes(r, len);

	if (!pg_verify_mbstr(GetDatabaseEncoding(), bytes, (int) len, true))
		wire_corrupt(r, "A text is not in the encoding of the database.");
	return pnstrdup(bytes, len);
}

/* Nothing may be left. */
void
wire_get_end(const WireReader *r)
{
	if (r->at != r->end)
		wire_corrupt(r, "There are bytes after its end.");
}
