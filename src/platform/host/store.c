/* What the build put inside: the modules as bytecode, licences, a site; each deflated, and unpacked when asked for. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "binding.h"

/* The kernel maps what is around a page as well, in such units. */
#define AROUND_BYTES 65536

/* Of what was unpacked most is not asked for again; the kernel brings it back if it is. Only whole pages of assets. */
static void forget(const Asset *asset) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), data = (uintptr_t)asset->data;
  uintptr_t first = ((uintptr_t)asset_data + page - 1) / page * page, start = data / AROUND_BYTES * AROUND_BYTES;
  uintptr_t last = ((uintptr_t)asset_data + asset_bytes) / page * page;
  uintptr_t end = (data + asset->packed + AROUND_BYTES - 1) / AROUND_BYTES * AROUND_BYTES;
  if (start < first) start = first;
  if (end > last) end = last;
  if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
}

uint8_t *unpack(const char *name, size_t *length) {
  for (size_t i = 0; i < asset_count; i++) {
    const Asset *asset = &assets[i];
    if (strcmp(asset->name, name) != 0) continue;
    uint8_t *out = malloc(asset->length + 1);
    if (out && inflate_raw(asset->data, asset->packed, out, asset->length) == asset->length) {
      *length = asset->length;
      forget(asset);
      return out;
    }
    free(out);
  }
  return NULL;
}

JSValue host_asset(JSContext *ctx, Text name) {
  size_t length = 0;
  uint8_t *data = unpack(name.chars, &length);
  return data ? taken(ctx, data, length) : JS_NewInt32(ctx, -ENOENT);
}
