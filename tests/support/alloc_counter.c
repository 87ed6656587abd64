// Counts heap allocations per thread of a program that is started with this in LD_PRELOAD.
//
// The counts lie in the file that RW_ALLOC_COUNTS names (slot: thread id, allocations, bytes asked
// for), so that a test reads them at any moment without disturbing the threads. Every way to the heap
// that C and C++ offer is passed on to the C library under its internal names; operator new arrives
// here as malloc. Built by the tests with the C compiler; no part of the product.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { slots_max = 1024 };

struct slot {
    _Atomic long thread;
    _Atomic long allocations;
    _Atomic long bytes;
    _Atomic long releases;
};

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static struct slot *_Atomic table;
static _Atomic int next_slot;
static __thread struct slot *mine __attribute__((tls_model("initial-exec")));

__attribute__((constructor)) static void open_table(void) {
    const char *path = getenv("RW_ALLOC_COUNTS");
    if (path == NULL) return;
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *mapped = mmap(NULL, slots_max * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED,
                        fd, 0);
    close(fd);
    if (mapped != MAP_FAILED) atomic_store(&table, (struct slot *)mapped);
}

static struct slot *own_slot(void) {
    if (mine == NULL) {
        struct slot *all = atomic_load(&table);
        if (all == NULL) return NULL;
        const int index = atomic_fetch_add(&next_slot, 1);
        if (index >= slots_max) return NULL;
        mine = &all[index];
        atomic_store(&mine->thread, syscall(SYS_gettid));
    }
    return mine;
}

static void count(size_t bytes) {
    struct slot *slot = own_slot();
    if (slot == NULL) return;
    atomic_fetch_add_explicit(&slot->allocations, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&slot->bytes, (long)bytes, memory_order_relaxed);
}

void *malloc(size_t bytes) {
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t items, size_t bytes) {
    count(items * bytes);
    return __libc_calloc(items, bytes);
}

void *realloc(void *old, size_t bytes) {
    count(bytes);
    return __libc_realloc(old, bytes);
}

void *memalign(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
    count(bytes);
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes) {
    count(bytes);
    void *got = __libc_memalign(alignment, bytes);
    if (got == NULL) return ENOMEM;
    *out = got;
    return 0;
}

void free(void *old) {
    if (old != NULL) {
        struct slot *slot = own_slot();
        if (slot != NULL) atomic_fetch_add_explicit(&slot->releases, 1, memory_order_relaxed);
    }
    __libc_free(old);
}
