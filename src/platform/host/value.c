/* Values of the engine as memory of the host, and back. */
#include <stdlib.h>

#include "host.h"

int bytes_of(JSContext *ctx, JSValueConst value, Bytes *bytes) {
  size_t offset, length, element, size;
  JSValue buffer = JS_GetTypedArrayBuffer(ctx, value, &offset, &length, &element);
  if (JS_IsException(buffer)) return -1;
  uint8_t *data = JS_GetArrayBuffer(ctx, &size, buffer);
  JS_FreeValue(ctx, buffer);
  /* An empty buffer has no data, which is no error. */
  if (!data && size != 0) return -1;
  bytes->data = data ? data + offset : (uint8_t *)"";
  bytes->length = length;
  return 0;
}

int64_t integer_of(JSContext *ctx, JSValueConst value) {
  int64_t number = 0;
  if (JS_IsBigInt(ctx, value)) JS_ToBigInt64(ctx, &number, value);
  else if (JS_IsNumber(value)) JS_ToInt64(ctx, &number, value);
  return number;
}

JSValue copied(JSContext *ctx, const void *data, size_t length) {
  return JS_NewArrayBufferCopy(ctx, data, length);
}

static void free_taken(JSRuntime *runtime, void *opaque, void *data) {
  (void)runtime;
  (void)opaque;
  free(data);
}

JSValue taken(JSContext *ctx, void *data, size_t length) {
  return data ? JS_NewArrayBuffer(ctx, data, length, free_taken, NULL, 0) : JS_ThrowOutOfMemory(ctx);
}

static JSClassID object_class;

static void finalize(JSRuntime *runtime, JSValue value) {
  (void)runtime;
  const Kind **object = JS_GetOpaque(value, object_class);
  if (object) (*object)->free(object);
}

void define_objects(JSContext *ctx) {
  static const JSClassDef definition = {.class_name = "HostObject", .finalizer = finalize};
  JS_NewClassID(&object_class);
  JS_NewClass(JS_GetRuntime(ctx), object_class, &definition);
}

JSValue new_object(JSContext *ctx, void *object) {
  if (!object) return JS_ThrowOutOfMemory(ctx);
  JSValue value = JS_NewObjectClass(ctx, (int)object_class);
  if (JS_IsException(value)) (*(const Kind **)object)->free(object);
  else JS_SetOpaque(value, object);
  return value;
}

void *object_of(JSContext *ctx, JSValueConst value, const Kind *kind) {
  const Kind **object = JS_GetOpaque2(ctx, value, object_class);
  if (!object || *object == kind) return object;
  JS_ThrowTypeError(ctx, "an object of another kind");
  return NULL;
}
