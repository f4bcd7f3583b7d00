/*
 * The host of mote-tiny: what TypeScript cannot do by itself, and nothing more.
 *
 * Mechanism only. No protocol and no policy is here: every byte from a stranger is parsed in TypeScript, in the code
 * that also runs on Node. The functions that TypeScript may call are the table `binding.ts`; from it the build generates
 * their prototypes (`binding.h`) and what translates the engine's values (`binding.c`). The TypeScript modules around
 * them are in the folder above.
 *
 * The way of a request:
 *   wait (loop.c) fills an Int32Array with descriptors and events, and `loop.ts` tells the watcher of each;
 *   `net.ts` calls `read` (socket.c), which allocates an ArrayBuffer of exactly what came: from here on the garbage
 *   collector owns it, and the codec in `http/wire` sees it as a Buffer;
 *   the response returns as a text and bytes to `writeHead`, which copies nothing that it does not have to: the text is
 *   encoded into a buffer on the stack, the bytes are read in place; both belong to TypeScript all the time.
 *
 * Ownership: texts and bytes that a function gets belong to the caller and are read before it returns, but for `submit`:
 * its operands are referenced (JS_DupValue) until `finished` returns the answer. Bytes that a function returns belong to
 * the garbage collector. Memory of the host lives as long as its object (a hash, a TLS session), whose finaliser frees
 * it, or for ever (the loop, the threads).
 */
#ifndef HOST_H
#define HOST_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a typed array covers. */
typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

/* UTF-8 of the engine, with a NUL behind it. */
typedef struct {
  const char *chars;
  size_t length;
} Text;

/* The functions of the table (binding.c). */
extern const JSCFunctionListEntry functions[];
extern const int function_count;

/* Values of the engine (value.c). */
/* 0, or -1 with an exception pending. */
int bytes_of(JSContext *ctx, JSValueConst value, Bytes *bytes);
/* The argument as a number; what is none is 0. */
int64_t integer_of(JSContext *ctx, JSValueConst value);
/* An ArrayBuffer with a copy of the bytes. */
JSValue copied(JSContext *ctx, const void *data, size_t length);
/* An ArrayBuffer that takes over what malloc gave; NULL is a want of memory. */
JSValue taken(JSContext *ctx, void *data, size_t length);

/* Memory of the host that TypeScript holds: what is behind an object begins with its kind. */
typedef struct {
  void (*free)(void *object);
} Kind;
typedef struct Hash Hash;
typedef struct Trust Trust;
typedef struct Session Session;
extern const Kind hash_kind, trust_kind, session_kind;
void define_objects(JSContext *ctx);
/* Takes `object` over; NULL is a want of memory. */
JSValue new_object(JSContext *ctx, void *object);
/* NULL with an exception pending if it is of another kind. */
void *object_of(JSContext *ctx, JSValueConst value, const Kind *kind);

/* What a system call returned, or the negative errno. */
static inline int64_t or_errno(int64_t result) {
  return result < 0 ? -errno : result;
}

/* UTF-8 of the engine as Latin-1; what is beyond it keeps its low byte, as Node does. `out` holds `text.length`. */
size_t utf8_to_latin1(Text text, uint8_t *out);
/* Random bytes of the kernel. */
void fill_random(uint8_t *out, size_t length);
/* All rounds of PBKDF2 but the first, which `key` has, by the padded keys of HMAC; the library hashes them each time. */
void derive_key(Bytes pads, int64_t rounds, Bytes key);

/* Bytecode of modules and other files that the build put inside (store.c). */
typedef struct {
  const char *name;
  const uint8_t *data;
  uint32_t packed;
  uint32_t length;
} Asset;
extern const uint8_t asset_data[];
extern const size_t asset_bytes;
extern const Asset assets[];
extern const size_t asset_count;
/* Bytes from malloc, NULL if there is no such asset. */
uint8_t *unpack(const char *name, size_t *length);
/* Deflate (RFC 1951): the length of what is inside; -EFBIG for more than `out_length`, -EINVAL for what is broken. */
int64_t inflate_raw(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length);

/* Holds this thread to what the process has given up (confine.c). */
void confine_thread(void);
void set_arguments(int argc, char **argv);
extern const JSMallocFunctions allocator;

#endif
