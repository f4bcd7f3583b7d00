/* Starts the engine with the module that the build calls `main`, and ends with the exit code that it asks for. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"

/* A defect: 70 is EX_SOFTWARE of sysexits.h. */
#define EXIT_DEFECT 70
#define MAX_STACK_BYTES (1024 * 1024)
/* Garbage is collected when so much was allocated since the last time; cycles are few, references free the rest. */
#define COLLECT_BYTES (1024 * 1024)

static void report(JSContext *ctx) {
  JSValue error = JS_GetException(ctx);
  const char *text = JS_ToCString(ctx, error);
  fprintf(stderr, "mote: defect: %s\n", text ? text : "out of memory");
  JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
  const char *lines = JS_IsUndefined(stack) ? NULL : JS_ToCString(ctx, stack);
  if (lines) fputs(lines, stderr);
  JS_FreeCString(ctx, lines);
  JS_FreeCString(ctx, text);
  JS_FreeValue(ctx, stack);
  JS_FreeValue(ctx, error);
}

/* Modules are named by the build; there is no file to resolve them by. */
static char *same_name(JSContext *ctx, const char *base, const char *name, void *opaque) {
  (void)base;
  (void)opaque;
  return js_strdup(ctx, strncmp(name, "./", 2) == 0 ? name + 2 : name);
}

static JSValue read_module(JSContext *ctx, const char *name) {
  size_t length;
  uint8_t *code = unpack(name, &length);
  if (!code) return JS_ThrowReferenceError(ctx, "there is no module %s", name);
  JSValue module = JS_ReadObject(ctx, code, length, JS_READ_OBJ_BYTECODE);
  free(code);
  return module;
}

static JSModuleDef *load_module(JSContext *ctx, const char *name, void *opaque) {
  (void)opaque;
  JSValue module = read_module(ctx, name);
  if (JS_IsException(module)) return NULL;
  JSModuleDef *definition = JS_VALUE_GET_PTR(module);
  JS_FreeValue(ctx, module);
  return definition;
}

/* In the place of `import()`, which wants to know the file that it stands in; the bytecode has no such names. */
JSValue host_loadModule(JSContext *ctx, Text name) {
  return JS_LoadModule(ctx, "", name.chars);
}

/* No eval, no Proxy and no WeakRef: the product does not use them. RegExp needs its compiler for its constructor. */
static JSContext *new_context(JSRuntime *runtime) {
  JSContext *ctx = JS_NewContextRaw(runtime);
  if (!ctx) return NULL;
  JS_AddIntrinsicBaseObjects(ctx);
  JS_AddIntrinsicDate(ctx);
  JS_AddIntrinsicStringNormalize(ctx);
  JS_AddIntrinsicRegExpCompiler(ctx);
  JS_AddIntrinsicRegExp(ctx);
  JS_AddIntrinsicJSON(ctx);
  JS_AddIntrinsicMapSet(ctx);
  JS_AddIntrinsicTypedArrays(ctx);
  JS_AddIntrinsicPromise(ctx);
  return ctx;
}

static void define_host(JSContext *ctx) {
  define_objects(ctx);
  JSValue global = JS_GetGlobalObject(ctx);
  JSValue host = JS_NewObject(ctx);
  JS_SetPropertyFunctionList(ctx, host, functions, function_count);
  JS_DefinePropertyValueStr(ctx, global, "__host", host, 0);
  JS_FreeValue(ctx, global);
}

/* The module runs the event loop itself, and so does not return before the program ends. */
static int run(JSContext *ctx) {
  JSValue module = read_module(ctx, "main");
  if (JS_IsException(module) || JS_ResolveModule(ctx, module) < 0) return -1;
  JSValue result = JS_EvalFunction(ctx, module);
  /* What a module throws rejects its promise. */
  int is_rejected = JS_PromiseState(ctx, result) == JS_PROMISE_REJECTED;
  if (is_rejected) JS_Throw(ctx, JS_PromiseResult(ctx, result));
  int state = is_rejected || JS_IsException(result) ? -1 : 0;
  JS_FreeValue(ctx, result);
  return state;
}

int main(int argc, char **argv) {
  (void)argc;
  /* Writing to a closed connection is an error like any other. */
  signal(SIGPIPE, SIG_IGN);
  set_arguments(argv);
  JSRuntime *runtime = JS_NewRuntime2(&allocator, NULL);
  JSContext *ctx = runtime ? new_context(runtime) : NULL;
  if (!ctx) {
    fputs("mote: not enough memory to start\n", stderr);
    return EXIT_DEFECT;
  }
  JS_SetMaxStackSize(runtime, MAX_STACK_BYTES);
  JS_SetGCThreshold(runtime, COLLECT_BYTES);
  JS_SetModuleLoaderFunc(runtime, same_name, load_module, NULL);
  define_host(ctx);
  if (run(ctx) == 0) return 0;
  report(ctx);
  return EXIT_DEFECT;
}
