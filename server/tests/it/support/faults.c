/* Faults that a disk or a clock would have to be broken for, injected into the program under test
 * by LD_PRELOAD. What is wrong right now stands in the file named by FAULTS, which the test writes
 * and every call here looks at. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The same order as in faults.rs. */
static volatile struct faults {
    int64_t clock_shift_s; /* added to the wall clock */
    int64_t sync_fails;    /* a sync reports EIO */
    int64_t sync_waits;    /* a sync does not return */
    int64_t disk_full;     /* files cannot be written: ENOSPC */
    int64_t syncs;         /* syncs begun, counted here */
} none, *faults = &none;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) abort();
    void *map = mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) abort();
    faults = map;
    close(fd);
}

static int is_file(int fd) {
    struct stat found;
    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static int full(int fd) {
    return faults->disk_full && is_file(fd) && (errno = ENOSPC);
}

static int synced(int number, int fd) {
    __sync_fetch_and_add(&faults->syncs, 1);
    while (faults->sync_waits) usleep(1000);
    if (faults->sync_fails) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd) { return synced(SYS_fsync, fd); }
int fdatasync(int fd) { return synced(SYS_fdatasync, fd); }

ssize_t write(int fd, const void *bytes, size_t count) {
    return full(fd) ? -1 : syscall(SYS_write, fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    return full(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
    return full(fd) ? -1 : syscall(SYS_pwrite64, fd, bytes, count, at);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += faults->clock_shift_s;
    }
    return failed;
}
