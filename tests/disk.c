/* A disk that fails on command, for proofs: a VFS around the system's own, the default of its process.
 *
 * It is compiled under the cargo feature `proof` alone, and registers itself, so that the Rust around it stays free of `unsafe`. It is told what
 * to do in SQL, on any connection of the process:
 *
 *   disk_calls()                 writes, syncs and cuts so far
 *   disk_fail(after, kind, how)  the call that comes after so many fails: kind 'io', 'full', 'short' or 'sync'; how 'once' or 'lasting'
 *   disk_failed()                how many calls have failed so
 *   disk_heal()                  nothing fails any more
 *   disk_lose(seed, from, to)    power is lost: what every file of the folder `from` would hold is written to the folder `to`, under the same
 *                                name. Of what was written since a file's last sync some 512-byte sectors arrive and some do not.
 *   disk_forget()                files that nobody has open are known no more
 *
 * From outside a process is told by a file, whose path stands in CAMP_DISK: while it holds the word `full` writes find no space, while it holds
 * `sync` every sync fails.
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512

/* A write or a cut that no sync has made durable yet. */
typedef struct Change {
  struct Change *next;
  sqlite3_int64 offset; /* of a cut: the new size */
  int size;             /* -1: a cut */
  unsigned char bytes[];
} Change;

/* A file as the disk would have it. */
typedef struct Durable {
  struct Durable *next;
  char *path;
  unsigned char *bytes;
  sqlite3_int64 size;
  Change *first, *last;
  int users;
} Durable;

typedef struct DiskFile {
  sqlite3_file base;
  sqlite3_file *real;
  Durable *durable;
} DiskFile;

static sqlite3_vfs *system_vfs;
static sqlite3_vfs disk_vfs;
static sqlite3_io_methods disk_methods;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static Durable *files;
static sqlite3_int64 calls, failed, fail_at = -1;
static int is_lasting;
static char kind[8];
static const char *control;

enum { WRITE, SYNC, CUT };

/* What the file says that a process is told by. */
static int told(int what) {
  char word[8] = "";
  FILE *from = control ? fopen(control, "r") : NULL;
  if (!from) return SQLITE_OK;
  if (fscanf(from, "%7s", word) != 1) word[0] = 0;
  fclose(from);
  if (what == WRITE && !strcmp(word, "full")) return SQLITE_FULL;
  return what == SYNC && !strcmp(word, "sync") ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

/* Whether this call fails, and with what. */
static int verdict(int what, int *is_short) {
  int rc = told(what);
  if (rc != SQLITE_OK) return rc;
  pthread_mutex_lock(&lock);
  sqlite3_int64 number = calls++;
  if (fail_at >= 0 && (is_lasting ? number >= fail_at : number == fail_at)) {
    if (!strcmp(kind, "full")) rc = what == SYNC ? SQLITE_OK : SQLITE_FULL;
    else if (!strcmp(kind, "short")) rc = what == WRITE ? SQLITE_FULL : SQLITE_OK, *is_short = what == WRITE;
    else if (!strcmp(kind, "sync")) rc = what == SYNC ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    else rc = what == WRITE ? SQLITE_IOERR_WRITE : what == SYNC ? SQLITE_IOERR_FSYNC : SQLITE_IOERR_TRUNCATE;
    if (rc != SQLITE_OK) failed++;
    else if (!is_lasting) fail_at++; /* the next call of the kind */
  }
  pthread_mutex_unlock(&lock);
  return rc;
}

static void grow(Durable *d, sqlite3_int64 size) {
  if (size <= d->size) return;
  d->bytes = realloc(d->bytes, (size_t)size);
  memset(d->bytes + d->size, 0, (size_t)(size - d->size));
  d->size = size;
}

static void apply(Durable *d, const Change *c) {
  if (c->size < 0) {
    if (c->offset < d->size) d->size = c->offset;
    else grow(d, c->offset);
    return;
  }
  grow(d, c->offset + c->size);
  memcpy(d->bytes + c->offset, c->bytes, (size_t)c->size);
}

static void remember(DiskFile *f, sqlite3_int64 offset, const void *bytes, int size) {
  if (!f->durable) return;
  Change *c = malloc(sizeof *c + (size > 0 ? (size_t)size : 0));
  c->next = NULL, c->offset = offset, c->size = size;
  if (size > 0) memcpy(c->bytes, bytes, (size_t)size);
  pthread_mutex_lock(&lock);
  if (f->durable->last) f->durable->last->next = c;
  else f->durable->first = c;
  f->durable->last = c;
  pthread_mutex_unlock(&lock);
}

static void settle(Durable *d) {
  for (Change *c = d->first; c;) {
    Change *next = c->next;
    apply(d, c);
    free(c);
    c = next;
  }
  d->first = d->last = NULL;
}

static Durable *durable_of(const char *path) {
  for (Durable *d = files; d; d = d->next)
    if (!strcmp(d->path, path)) return d;
  Durable *d = calloc(1, sizeof *d);
  d->path = strdup(path);
  d->next = files;
  files = d;
  /* What was there before the process is durable. */
  FILE *from = fopen(path, "rb");
  if (from) {
    fseek(from, 0, SEEK_END);
    long size = ftell(from);
    rewind(from);
    grow(d, size);
    if (size > 0 && fread(d->bytes, 1, (size_t)size, from) != (size_t)size) d->size = 0;
    fclose(from);
  }
  return d;
}

static int disk_close(sqlite3_file *file) {
  DiskFile *f = (DiskFile *)file;
  int rc = f->real->pMethods ? f->real->pMethods->xClose(f->real) : SQLITE_OK;
  pthread_mutex_lock(&lock);
  if (f->durable) f->durable->users--;
  pthread_mutex_unlock(&lock);
  sqlite3_free(f->real);
  return rc;
}
static int disk_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 offset) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xRead(f->real, bytes, size, offset);
}
static int disk_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 offset) {
  DiskFile *f = (DiskFile *)file;
  int is_short = 0, rc = verdict(WRITE, &is_short);
  if (is_short && size > 1) {
    f->real->pMethods->xWrite(f->real, bytes, size / 2, offset);
    remember(f, offset, bytes, size / 2);
  }
  if (rc != SQLITE_OK) return rc;
  rc = f->real->pMethods->xWrite(f->real, bytes, size, offset);
  if (rc == SQLITE_OK) remember(f, offset, bytes, size);
  return rc;
}
static int disk_truncate(sqlite3_file *file, sqlite3_int64 size) {
  DiskFile *f = (DiskFile *)file;
  int is_short = 0, rc = verdict(CUT, &is_short);
  if (rc != SQLITE_OK) return rc;
  rc = f->real->pMethods->xTruncate(f->real, size);
  if (rc == SQLITE_OK) remember(f, size, NULL, -1);
  return rc;
}
static int disk_sync(sqlite3_file *file, int flags) {
  DiskFile *f = (DiskFile *)file;
  int is_short = 0, rc = verdict(SYNC, &is_short);
  (void)flags;
  if (rc != SQLITE_OK) return rc;
  /* The real disk need not do it: only the ledger above counts. */
  if (f->durable) {
    pthread_mutex_lock(&lock);
    settle(f->durable);
    pthread_mutex_unlock(&lock);
  }
  return SQLITE_OK;
}
static int disk_size(sqlite3_file *file, sqlite3_int64 *size) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xFileSize(f->real, size);
}
static int disk_lock(sqlite3_file *file, int level) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xLock(f->real, level);
}
static int disk_unlock(sqlite3_file *file, int level) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xUnlock(f->real, level);
}
static int disk_reserved(sqlite3_file *file, int *out) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xCheckReservedLock(f->real, out);
}
static int disk_control(sqlite3_file *file, int op, void *arg) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xFileControl(f->real, op, arg);
}
static int disk_sector(sqlite3_file *file) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xSectorSize(f->real);
}
static int disk_traits(sqlite3_file *file) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xDeviceCharacteristics(f->real);
}
static int disk_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xShmMap(f->real, page, size, extend, out);
}
static int disk_shm_lock(sqlite3_file *file, int offset, int n, int flags) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xShmLock(f->real, offset, n, flags);
}
static void disk_shm_barrier(sqlite3_file *file) {
  DiskFile *f = (DiskFile *)file;
  f->real->pMethods->xShmBarrier(f->real);
}
static int disk_shm_unmap(sqlite3_file *file, int remove) {
  DiskFile *f = (DiskFile *)file;
  return f->real->pMethods->xShmUnmap(f->real, remove);
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out) {
  DiskFile *f = (DiskFile *)file;
  (void)vfs;
  memset(f, 0, sizeof *f);
  f->real = sqlite3_malloc(system_vfs->szOsFile);
  if (!f->real) return SQLITE_NOMEM;
  memset(f->real, 0, (size_t)system_vfs->szOsFile);
  int rc = system_vfs->xOpen(system_vfs, name, f->real, flags, out);
  if (rc != SQLITE_OK) {
    sqlite3_free(f->real);
    return rc;
  }
  if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL))) {
    pthread_mutex_lock(&lock);
    f->durable = durable_of(name);
    f->durable->users++;
    pthread_mutex_unlock(&lock);
  }
  f->base.pMethods = &disk_methods;
  return SQLITE_OK;
}
static int disk_delete(sqlite3_vfs *vfs, const char *name, int sync) {
  (void)vfs, (void)sync;
  int rc = system_vfs->xDelete(system_vfs, name, 0);
  pthread_mutex_lock(&lock);
  for (Durable *d = files; d; d = d->next)
    if (!strcmp(d->path, name)) settle(d), d->size = 0;
  pthread_mutex_unlock(&lock);
  return rc;
}

static unsigned long long random_state;
static unsigned below(unsigned bound) {
  random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (unsigned)((random_state >> 33) % bound);
}

/* What a file would hold after power was lost. */
static void lose(const Durable *d, const char *folder) {
  Durable left = {0};
  grow(&left, d->size);
  if (d->size) memcpy(left.bytes, d->bytes, (size_t)d->size);
  /* Now everything up to a point arrives, now any subset of the sectors. */
  int count = 0;
  for (Change *c = d->first; c; c = c->next) count++;
  int is_prefix = (int)below(2), upto = count ? (int)below((unsigned)count + 1) : 0, number = 0;
  for (Change *c = d->first; c; c = c->next, number++) {
    if (is_prefix && number > upto) break;
    if (c->size < 0) {
      if (is_prefix || below(2)) apply(&left, c);
      continue;
    }
    for (int at = 0; at < c->size; at += SECTOR) {
      int length = c->size - at < SECTOR ? c->size - at : SECTOR;
      if (is_prefix ? number < upto || below(2) : below(4) != 0) {
        grow(&left, c->offset + at + length);
        memcpy(left.bytes + c->offset + at, c->bytes + at, (size_t)length);
      }
    }
  }
  const char *name = strrchr(d->path, '/');
  char *path = sqlite3_mprintf("%s/%s", folder, name ? name + 1 : d->path);
  FILE *to = left.size ? fopen(path, "wb") : NULL;
  if (to) {
    fwrite(left.bytes, 1, (size_t)left.size, to);
    fclose(to);
  }
  sqlite3_free(path);
  free(left.bytes);
}

static void sql_calls(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n, (void)args;
  sqlite3_result_int64(context, calls);
}
static void sql_failed(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n, (void)args;
  sqlite3_result_int64(context, failed);
}
static void arm(sqlite3_int64 after, const char *what, const char *how) {
  pthread_mutex_lock(&lock);
  failed = 0;
  snprintf(kind, sizeof kind, "%s", what);
  is_lasting = !strcmp(how, "lasting");
  fail_at = calls + after;
  pthread_mutex_unlock(&lock);
}
static void sql_fail(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n;
  arm(sqlite3_value_int64(args[0]), (const char *)sqlite3_value_text(args[1]), (const char *)sqlite3_value_text(args[2]));
  sqlite3_result_int64(context, fail_at);
}
static void sql_heal(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n, (void)args;
  fail_at = -1;
  sqlite3_result_int64(context, failed);
}
static void sql_lose(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n;
  const char *from = (const char *)sqlite3_value_text(args[1]), *folder = (const char *)sqlite3_value_text(args[2]);
  size_t length = strlen(from);
  pthread_mutex_lock(&lock);
  random_state = (unsigned long long)sqlite3_value_int64(args[0]) * 0x9E3779B97F4A7C15ULL + 1;
  for (Durable *d = files; d; d = d->next)
    if (!strncmp(d->path, from, length) && d->path[length] == '/') lose(d, folder);
  pthread_mutex_unlock(&lock);
  sqlite3_result_int64(context, 1);
}

static void sql_forget(sqlite3_context *context, int n, sqlite3_value **args) {
  (void)n, (void)args;
  pthread_mutex_lock(&lock);
  for (Durable **at = &files; *at;) {
    Durable *d = *at;
    if (d->users) {
      at = &d->next;
      continue;
    }
    *at = d->next;
    settle(d);
    free(d->bytes), free(d->path), free(d);
  }
  pthread_mutex_unlock(&lock);
  sqlite3_result_int64(context, 1);
}

static int each_connection(sqlite3 *db, char **error, const void *api) {
  (void)error, (void)api;
  sqlite3_create_function(db, "disk_calls", 0, SQLITE_UTF8, NULL, sql_calls, NULL, NULL);
  sqlite3_create_function(db, "disk_failed", 0, SQLITE_UTF8, NULL, sql_failed, NULL, NULL);
  sqlite3_create_function(db, "disk_fail", 3, SQLITE_UTF8, NULL, sql_fail, NULL, NULL);
  sqlite3_create_function(db, "disk_heal", 0, SQLITE_UTF8, NULL, sql_heal, NULL, NULL);
  sqlite3_create_function(db, "disk_forget", 0, SQLITE_UTF8, NULL, sql_forget, NULL, NULL);
  sqlite3_create_function(db, "disk_lose", 3, SQLITE_UTF8, NULL, sql_lose, NULL, NULL);
  return SQLITE_OK;
}

__attribute__((constructor)) static void install(void) {
  if (sqlite3_initialize() != SQLITE_OK) return;
  system_vfs = sqlite3_vfs_find(NULL);
  disk_vfs = *system_vfs;
  disk_vfs.zName = "disk";
  disk_vfs.szOsFile = sizeof(DiskFile);
  disk_vfs.xOpen = disk_open;
  disk_vfs.xDelete = disk_delete;
  disk_methods = (sqlite3_io_methods){2, disk_close, disk_read, disk_write, disk_truncate, disk_sync, disk_size, disk_lock, disk_unlock, disk_reserved,
    disk_control, disk_sector, disk_traits, disk_shm_map, disk_shm_lock, disk_shm_barrier, disk_shm_unmap, NULL, NULL};
  sqlite3_vfs_register(&disk_vfs, 1);
  sqlite3_auto_extension((void (*)(void))each_connection);
  control = getenv("CAMP_DISK");
}
