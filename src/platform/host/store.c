/* What the build put inside: the modules as bytecode, licences, a site; each deflated, and unpacked when asked for. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

uint8_t *unpack(const char *name, size_t *length) {
  for (size_t i = 0; i < asset_count; i++) {
    const Asset *asset = &assets[i];
    if (strcmp(asset->name, name) != 0) continue;
    uint8_t *out = malloc(asset->length + 1);
    if (out && inflate_raw(asset->data, asset->packed, out, asset->length) == asset->length) {
      *length = asset->length;
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
