/* What the fuzzers share. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
/* Generated: the functions as the engine calls them. */
#include "binding.c"

static JSContext *ctx;

/* There are no modules, and no main.c that would load them. */
JSValue host_loadModule(JSContext *context, Text name) {
  (void)context;
  (void)name;
  return JS_UNDEFINED;
}

static void start_engine(void) {
  if (ctx) return;
  ctx = JS_NewContext(JS_NewRuntime2(&allocator, NULL));
  define_objects(ctx);
}

static void must(int is_right, const char *what) {
  if (is_right) return;
  fprintf(stderr, "wrong: %s\n", what);
  abort();
}

/* A typed array over a block of its own, so that each byte beyond it is one too many. */
static JSValue bytes(const uint8_t *data, size_t size) {
  uint8_t *copy = malloc(size ? size : 1);
  if (size) memcpy(copy, data, size);
  JSValue buffer = taken(ctx, copy, size);
  /* The engine reads all three. */
  JSValue values[] = {buffer, JS_UNDEFINED, JS_UNDEFINED};
  JSValue array = JS_NewTypedArray(ctx, 3, values, JS_TYPED_ARRAY_UINT8);
  JS_FreeValue(ctx, buffer);
  must(!JS_IsException(array), "an array can be made");
  return array;
}

static Bytes content(JSValue buffer) {
  Bytes found = {NULL, 0};
  found.data = JS_GetArrayBuffer(ctx, &found.length, buffer);
  return found;
}

typedef JSValue Function(JSContext *, JSValueConst, int, JSValueConst *);

static JSValue call(Function *function, JSValue first, JSValue second, JSValue third) {
  JSValue values[] = {first, second, third, JS_UNDEFINED, JS_UNDEFINED};
  JSValue result = function(ctx, JS_UNDEFINED, 3, values);
  if (JS_IsException(result)) JS_FreeValue(ctx, JS_GetException(ctx));
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
