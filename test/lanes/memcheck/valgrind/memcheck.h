/*
 * memcheck.h: Valgrind's requests, for Valgrind and for the address sanitizer.
 *
 * The address sanitizer sees what malloc gave, and a memory context takes from
 * malloc by blocks of many kilobytes: a write past a palloc'ed chunk stays
 * inside such a block.  PostgreSQL built with USE_VALGRIND tells Valgrind of
 * every chunk, of the bytes between them, of what pfree took back and of
 * buffers that nobody has pinned.  The servers of the lanes find this file
 * before Valgrind's own, and tell the sanitizer the same where it is loaded:
 * the functions below are its own, and not there otherwise.
 *
 * The sanitizer knows no undefined memory, so undefined is like defined here.
 * Memory that pfree takes back was made inaccessible by PostgreSQL's wipe_mem.
 */
#ifndef RETENTION_LANES_MEMCHECK_H
#define RETENTION_LANES_MEMCHECK_H

#include <stddef.h>
#include_next <valgrind/memcheck.h>

extern void __asan_poison_memory_region(const volatile void *addr, size_t size)
			__attribute__((weak));
extern void __asan_unpoison_memory_region(const volatile void *addr, size_t size)
			__attribute__((weak));

static inline void
lanes_close(const volatile void *addr, size_t size)
{
	VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MAKE_MEM_NOACCESS, addr, size, 0, 0, 0);
	if (__asan_poison_memory_region != NULL)
		__asan_poison_memory_region(addr, size);
}

static inline void
lanes_open(const volatile void *addr, size_t size)
{
	if (__asan_unpoison_memory_region != NULL)
		__asan_unpoison_memory_region(addr, size);
}

#undef VALGRIND_MAKE_MEM_NOACCESS
#undef VALGRIND_MAKE_MEM_DEFINED
#undef VALGRIND_MAKE_MEM_UNDEFINED
#undef VALGRIND_MEMPOOL_ALLOC
#undef VALGRIND_MEMPOOL_CHANGE

#define VALGRIND_MAKE_MEM_NOACCESS(addr, size) lanes_close((addr), (size))
#define VALGRIND_MAKE_MEM_DEFINED(addr, size) \
	do { \
		VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MAKE_MEM_DEFINED, (addr), (size), 0, 0, 0); \
		lanes_open((addr), (size)); \
	} while (0)
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, size) \
	do { \
		VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MAKE_MEM_UNDEFINED, (addr), (size), 0, 0, 0); \
		lanes_open((addr), (size)); \
	} while (0)
#define VALGRIND_MEMPOOL_ALLOC(pool, addr, size) \
	do { \
		VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_ALLOC, (pool), (addr), (size), 0, 0); \
		lanes_open((addr), (size)); \
	} while (0)
#define VALGRIND_MEMPOOL_CHANGE(pool, old, addr, size) \
	do { \
		VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__MEMPOOL_CHANGE, (pool), (old), (addr), (size), 0); \
		lanes_open((addr), (size)); \
	} while (0)

#endif							/* RETENTION_LANES_MEMCHECK_H */
