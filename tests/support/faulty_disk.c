/* A disk that breaks on demand, for LD_PRELOAD: while the file that FAULTY_DISK names exists and holds "fsync", syncing
   fails with EIO; "hang": it does not end; "full": whatever would grow a file fails with ENOSPC; "read": reading fails
   with EIO; "cold": the kernel has nothing in memory. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static int broken(const char* how) {
  const char* path = getenv("FAULTY_DISK");
  char text[16] = {0};
  int file = path == NULL ? -1 : open(path, O_RDONLY);
  if (file < 0) return 0;
  ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  return size > 0 && strncmp(text, how, strlen(how)) == 0;
}

static int grows(int file, off_t end) {
  struct stat status;
  return fstat(file, &status) == 0 && S_ISREG(status.st_mode) && end > status.st_size;
}

static int fail(int code) {
  errno = code;
  return -1;
}

#define REAL(name) ((__typeof__(name)*)dlsym(RTLD_NEXT, #name))

static void hang(void) {
  while (broken("hang")) usleep(10000);
}

int fsync(int file) {
  hang();
  return broken("fsync") ? fail(EIO) : REAL(fsync)(file);
}
int fdatasync(int file) {
  hang();
  return broken("fsync") ? fail(EIO) : REAL(fdatasync)(file);
}
int ftruncate(int file, off_t size) {
  return grows(file, size) && broken("full") ? fail(ENOSPC) : REAL(ftruncate)(file, size);
}
int ftruncate64(int file, off_t size) {
  return grows(file, size) && broken("full") ? fail(ENOSPC) : REAL(ftruncate64)(file, size);
}
int posix_fallocate(int file, off_t from, off_t size) {
  return grows(file, from + size) && broken("full") ? ENOSPC : REAL(posix_fallocate)(file, from, size);
}
int posix_fallocate64(int file, off_t from, off_t size) {
  return grows(file, from + size) && broken("full") ? ENOSPC : REAL(posix_fallocate64)(file, from, size);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return grows(file, at + (off_t)size) && broken("full") ? fail(ENOSPC) : REAL(pwrite)(file, bytes, size, at);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off_t at) {
  return grows(file, at + (off_t)size) && broken("full") ? fail(ENOSPC) : REAL(pwrite64)(file, bytes, size, at);
}
ssize_t pread(int file, void* bytes, size_t size, off_t at) {
  return broken("read") ? fail(EIO) : REAL(pread)(file, bytes, size, at);
}
ssize_t pread64(int file, void* bytes, size_t size, off_t at) {
  return broken("read") ? fail(EIO) : REAL(pread64)(file, bytes, size, at);
}
ssize_t preadv2(int file, const struct iovec* where, int count, off_t at, int flags) {
  if (broken("read")) return fail(EIO);
  if ((flags & RWF_NOWAIT) != 0 && broken("cold")) return fail(EAGAIN);
  return REAL(preadv2)(file, where, count, at, flags);
}
ssize_t preadv64v2(int file, const struct iovec* where, int count, off_t at, int flags) {
  return preadv2(file, where, count, at, flags);
}
