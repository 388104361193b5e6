/*
 * exchange_memory.c
 *		Chunks of ledgers in dynamic shared memory.
 *
 * Segments grow with what there is already, and chunks given back are used
 * again by their size.  A system that has no more shared memory is no error:
 * the ledger takes memory of its own then, and goes by files.
 */
#include "history/exchange_internal.h"

#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#define FIRST_SEGMENT ((Size) 1024 * 1024)
#define SEGMENT_STEP ((Size) 64 * 1024)
#define SMALLEST_CHUNK 512

/*
 * Which list of free chunks; their sizes are powers of two.  -1: it is of no
 * such size.
 */
static inline int
class_of(Size bytes)
{
	return ledger_size_class(bytes, SMALLEST_CHUNK, SHARE_CLASSES);
}

/*
 * Is an error one of there being no more?  Of resources or of the system: what
 * the latter says is not always what has happened.
 */
static bool
is_shortage(int code)
{
	int			category = ERRCODE_TO_CATEGORY(code);

	return category == ERRCODE_INSUFFICIENT_RESOURCES ||
		category == ERRCODE_SYSTEM_ERROR;
}

/*
 * A segment of the current resource owner; NULL when the system has no room for
 * it.  PostgreSQL makes an error of that, and leaves the half-made segment to a
 * resource owner, which is one of its own here.
 */
static dsm_segment *
create_segment(Size size)
{
	ResourceOwner owner = CurrentResourceOwner;
	ResourceOwner attempt = ResourceOwnerCreate(owner, "retention exchange");
	MemoryContext context = CurrentMemoryContext;
	dsm_segment *volatile segment = NULL;

	CurrentResourceOwner = attempt;
	PG_TRY();
	{
		segment = dsm_create(size, DSM_CREATE_NULL_IF_MAXSEGMENTS);
		if (segment != NULL)
			dsm_pin_mapping(segment);
	}
	PG_CATCH();
	{
		CurrentResourceOwner = owner;
		if (!is_shortage(geterrcode()))
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	CurrentResourceOwner = owner;
	ResourceOwnerRelease(attempt, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	ResourceOwnerRelease(attempt, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(attempt, RESOURCE_RELEASE_AFTER_LOCKS, false, false);
	ResourceOwnerDelete(attempt);
	if (segment != NULL)
		dsm_unpin_mapping(segment);
	CHECK_FOR_INTERRUPTS();
	return segment;
}

/* A new segment with room for so many bytes; false: there is none. */
static bool
add_segment(ShareMemory *memory, Size bytes)
{
	Size		size = Max(FIRST_SEGMENT, memory->total / 4);
	int			n = memory->nsegments;

	if (memory->exhausted || n == SHARE_SEGMENTS)
		return false;
	size = TYPEALIGN(SEGMENT_STEP, Max(size, bytes));
	memory->segments[n] = create_segment(size);
	if (memory->segments[n] == NULL)
	{
		memory->exhausted = true;
		return false;
	}
	memory->bases[n] = dsm_segment_address(memory->segments[n]);
	memory->sizes[n] = size;
	memory->total += size;
	memory->used = 0;
	memory->nsegments++;
	return true;
}

/* So many bytes; NULL where there are none. */
void *
share_alloc(ShareMemory *memory, Size bytes)
{
	Size		size = MAXALIGN(bytes);
	int			class = class_of(size);
	void	   *block;

	if (class >= 0 && memory->free[class] != NULL)
	{
		block = memory->free[class];
		memory->free[class] = *(void **) block;
		return block;
	}
	if (memory->nsegments == 0 ||
		memory->sizes[memory->nsegments - 1] - memory->used < size)
		if (!add_segment(memory, size))
			return NULL;
	block = memory->bases[memory->nsegments - 1] + memory->used;
	memory->used += size;
	return block;
}

/* Have a chunk for others of its size. */
void
share_free(ShareMemory *memory, void *block, Size bytes)
{
	int			class = class_of(bytes);

	Assert(class >= 0);
	*(void **) block = memory->free[class];
	memory->free[class] = block;
}

/* Where others find what is at this address. */
SharedPlace
share_place(const ShareMemory *memory, const void *at, uint32 size)
{
	SharedPlace place = {.size = size};

	for (int s = 0; s < memory->nsegments; s++)
		if ((const char *) at >= memory->bases[s] &&
			(const char *) at < memory->bases[s] + memory->sizes[s])
		{
			place.segment = s;
			place.offset = (const char *) at - memory->bases[s];
			return place;
		}
	elog(ERROR, "a chunk is not in shared memory");
}

/* Give all of it back. */
void
share_release(ShareMemory *memory)
{
	for (int s = 0; s < memory->nsegments; s++)
		dsm_detach(memory->segments[s]);
	memset(memory, 0, sizeof(*memory));
}

/* Tell others where it is. */
void
share_publish(const ShareMemory *memory, SharedSegments *segments)
{
	for (int s = segments->n; s < memory->nsegments; s++)
		segments->handles[s] = dsm_segment_handle(memory->segments[s]);
	/* some may be told of more while others come to those told before */
	pg_write_barrier();
	segments->n = memory->nsegments;
}

/*
 * The memory of another is gone, so that it has failed, and why is for it to
 * say: by the leader, who then ends this process, or to this one as the leader.
 */
pg_noreturn static void
wait_for_error(void)
{
	TimestampTz start = GetCurrentTimestamp();

	while (!TimestampDifferenceExceeds(start, GetCurrentTimestamp(), 60000))
	{
		CHECK_FOR_INTERRUPTS();
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 1000, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
	}
	elog(ERROR, "memory of a participant is gone");
}

/* Come to what another has told, and to what he has told since. */
void
share_map(ShareMapping *mapping, const SharedSegments *segments)
{
	int			n = *(volatile const int *) &segments->n;

	pg_read_barrier();
	for (int s = mapping->n; s < n; s++)
	{
		mapping->segments[s] = dsm_attach(segments->handles[s]);
		if (mapping->segments[s] == NULL)
			wait_for_error();
		mapping->bases[s] = dsm_segment_address(mapping->segments[s]);
		mapping->n++;
	}
}

void
share_unmap(ShareMapping *mapping)
{
	for (int s = 0; s < mapping->n; s++)
		dsm_detach(mapping->segments[s]);
	mapping->n = 0;
}
