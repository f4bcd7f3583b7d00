/* Part of the build: turns modules into bytecode. Arguments: pairs of a module's name and its file; writes FILE.bin. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

static char *read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  if (!text || fread(text, 1, *length, file) != *length) exit(1);
  text[*length] = 0;
  fclose(file);
  return text;
}

/* Modules are compiled one by one: an import is only a name. */
static JSModuleDef *no_module(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  JSValue empty = JS_Eval(ctx, "", 0, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  return JS_IsException(empty) ? NULL : JS_VALUE_GET_PTR(empty);
}

static char *same_name(JSContext *ctx, const char *base, const char *name, void *opaque) {
  (void)base;
  (void)opaque;
  return js_strdup(ctx, name);
}

static int compile(JSContext *ctx, const char *name, const char *path) {
  size_t length, size;
  char *text = read_file(path, &length), out[4096];
  if (!text) return -1;
  JSValue module = JS_Eval(ctx, text, length, name, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
  free(text);
  if (JS_IsException(module)) {
    JSValue error = JS_GetException(ctx);
    fprintf(stderr, "%s: %s\n", name, JS_ToCString(ctx, error));
    return -1;
  }
  uint8_t *code = JS_WriteObject(ctx, &size, module, JS_WRITE_OBJ_BYTECODE);
  snprintf(out, sizeof out, "%s.bin", path);
  FILE *file = fopen(out, "wb");
  return !file || fwrite(code, 1, size, file) != size || fclose(file) ? -1 : 0;
}

int main(int argc, char **argv) {
  JSRuntime *runtime = JS_NewRuntime();
  JSContext *ctx = JS_NewContext(runtime);
  JS_SetModuleLoaderFunc(runtime, same_name, no_module, NULL);
  JS_SetStripInfo(runtime, JS_STRIP_DEBUG);
  for (int i = 1; i + 1 < argc; i += 2)
    if (compile(ctx, argv[i], argv[i + 1]) < 0) return fprintf(stderr, "cannot compile %s\n", argv[i]), 1;
  return 0;
}
