/*
 * memcheck.h: Valgrind's requests, answered by the address sanitizer.
 *
 * The address sanitizer sees what malloc gave, and a memory context takes from
 * malloc by blocks of many kilobytes: a write past a palloc'ed chunk stays
 * inside such a block.  PostgreSQL built with USE_VALGRIND tells Valgrind of
 * every chunk, of the bytes between them and of buffers that nobody has pinned.
 * A server of the asan lane includes this file instead and tells the sanitizer
 * the same, at a twentieth of the cost.
 *
 * The sanitizer knows no undefined memory, so undefined is like defined here.
 * What pfree gives back was poisoned by PostgreSQL's own wipe_mem before.
 */
#ifndef RETENTION_LANES_MEMCHECK_H
#define RETENTION_LANES_MEMCHECK_H

#include <sanitizer/asan_interface.h>

#define VALGRIND_MAKE_MEM_NOACCESS(addr, size) \
	__asan_poison_memory_region((addr), (size))
#define VALGRIND_MAKE_MEM_DEFINED(addr, size) \
	__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, size) \
	__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_CHECK_MEM_IS_DEFINED(addr, size)	((void) 0)
#define VALGRIND_CREATE_MEMPOOL(pool, redzone, zeroed)	((void) 0)
#define VALGRIND_DESTROY_MEMPOOL(pool)	((void) 0)
#define VALGRIND_MEMPOOL_ALLOC(pool, addr, size) \
	__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_MEMPOOL_FREE(pool, addr)	((void) 0)
#define VALGRIND_MEMPOOL_CHANGE(pool, old, addr, size) \
	__asan_unpoison_memory_region((addr), (size))

#endif							/* RETENTION_LANES_MEMCHECK_H */
