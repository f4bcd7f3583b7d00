/*
 * The host of mote-tiny: what TypeScript cannot do by itself, and nothing more.
 *
 * Mechanism only. No protocol and no policy is here: every byte from a stranger is parsed in TypeScript, in the code
 * that also runs on Node. The functions that TypeScript may call are the table `binding.ts`, from which `binding.h` is
 * generated; the TypeScript modules around them are in the folder above.
 *
 * The way of a request:
 *   wait (loop.c) fills an Int32Array with descriptors and events, and `loop.ts` calls the listener of each;
 *   `net.ts` calls `read` (socket.c), which allocates an ArrayBuffer of exactly what came: from here on the garbage
 *   collector owns it, and the codec in `http/wire` sees it as a Buffer;
 *   the response returns as a text and bytes to `writeHead`, which copies nothing that it does not have to: the text is
 *   encoded into a buffer on the stack, the bytes are read in place; both belong to TypeScript all the time.
 *
 * Ownership: bytes that a function gets belong to the caller and are read before it returns, but for `submit`: its
 * operands are referenced (JS_DupValue) until `finished` returns the answer. Bytes that a function returns belong to
 * the garbage collector. Memory of the host lives as long as its object (a hash, a TLS session), whose finaliser frees
 * it, or for ever (the loop, the threads).
 */
#ifndef HOST_H
#define HOST_H

#include <stddef.h>
#include <stdint.h>

#include "quickjs.h"

#define HOST(name) JSValue host_##name(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv)
/* Arguments that the function does not look at. */
#define UNUSED(x) ((void)(x))
#define COUNT(array) (sizeof(array) / sizeof *(array))

/* What a typed array covers. */
typedef struct {
  uint8_t *data;
  size_t length;
} Bytes;

/* 0, or -1 with an exception pending. */
int bytes_of(JSContext *ctx, JSValueConst value, Bytes *bytes);
/* The argument as a number; what is none is 0. */
int64_t integer_of(JSContext *ctx, JSValueConst value);
/* An ArrayBuffer with a copy of the bytes. */
JSValue copied(JSContext *ctx, const void *data, size_t length);
/* An ArrayBuffer that takes over what malloc gave. */
JSValue taken(JSContext *ctx, void *data, size_t length);
/* UTF-8 of the engine as Latin-1; what is beyond it keeps its low byte, as Node does. `out` holds `length`. */
size_t utf8_to_latin1(const char *in, size_t length, uint8_t *out);

/* Random bytes of the kernel. */
void fill_random(uint8_t *out, size_t length);
/* PBKDF2 (RFC 8018 §5.2): 0 or a negative errno. */
int64_t derive_key(const char *algorithm, Bytes password, Bytes salt, int64_t rounds, Bytes key);

/* Bytecode of modules and other files that the build put inside (store.c). */
typedef struct {
  const char *name;
  const uint8_t *data;
  uint32_t packed;
  uint32_t length;
} Asset;
extern const Asset assets[];
extern const size_t asset_count;
/* Bytes from malloc, NULL if there is no such asset. */
uint8_t *unpack(const char *name, size_t *length);
/* Deflate (RFC 1951): the length of what is inside; -EFBIG for more than `out_length`, -EINVAL for what is broken. */
int64_t inflate_raw(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length);

/* Holds this thread to what the process has given up (confine.c). */
void confine_thread(void);
void set_arguments(int argc, char **argv);
void define_hash_class(JSContext *ctx);
void define_tls_classes(JSContext *ctx);
extern const JSMallocFunctions allocator;

#endif
