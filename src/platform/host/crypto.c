/* Hashes, HMAC and key derivation of the TLS library, and random bytes of the kernel. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "binding.h"
#include "host.h"
#include "mbedtls/md.h"
#include "mbedtls/pkcs5.h"

#define MAX_DIGEST_BYTES 64

typedef struct {
  mbedtls_md_context_t md;
  int is_hmac;
} Hash;

static JSClassID hash_class;

static void free_hash(JSRuntime *runtime, JSValue value) {
  UNUSED(runtime);
  Hash *hash = JS_GetOpaque(value, hash_class);
  if (!hash) return;
  mbedtls_md_free(&hash->md);
  free(hash);
}

void define_hash_class(JSContext *ctx) {
  static const JSClassDef definition = {.class_name = "Hash", .finalizer = free_hash};
  JS_NewClassID(&hash_class);
  JS_NewClass(JS_GetRuntime(ctx), hash_class, &definition);
}

static const mbedtls_md_info_t *algorithm_of(const char *name) {
  if (strcmp(name, "sha256") == 0) return mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
  if (strcmp(name, "sha1") == 0) return mbedtls_md_info_from_type(MBEDTLS_MD_SHA1);
  if (strcmp(name, "sha512") == 0) return mbedtls_md_info_from_type(MBEDTLS_MD_SHA512);
  if (strcmp(name, "md5") == 0) return mbedtls_md_info_from_type(MBEDTLS_MD_MD5);
  return NULL;
}

static JSValue wrap(JSContext *ctx, Hash *hash) {
  JSValue object = JS_NewObjectClass(ctx, (int)hash_class);
  JS_SetOpaque(object, hash);
  return object;
}

static Hash *new_hash(const mbedtls_md_info_t *info, int is_hmac) {
  Hash *hash = calloc(1, sizeof *hash);
  if (!hash) return NULL;
  mbedtls_md_init(&hash->md);
  hash->is_hmac = is_hmac;
  if (mbedtls_md_setup(&hash->md, info, is_hmac) == 0) return hash;
  free(hash);
  return NULL;
}

/* With a key it is an HMAC. */
HOST(hash) {
  UNUSED(self);
  UNUSED(argc);
  const char *name = JS_ToCString(ctx, argv[0]);
  if (!name) return JS_EXCEPTION;
  const mbedtls_md_info_t *info = algorithm_of(name);
  JS_FreeCString(ctx, name);
  if (!info) return JS_NewInt32(ctx, -ENOSYS);
  Bytes key = {NULL, 0};
  int is_hmac = JS_IsObject(argv[1]);
  if (is_hmac && bytes_of(ctx, argv[1], &key) < 0) return JS_EXCEPTION;
  Hash *hash = new_hash(info, is_hmac);
  if (!hash) return JS_ThrowOutOfMemory(ctx);
  if (is_hmac) mbedtls_md_hmac_starts(&hash->md, key.data, key.length);
  else mbedtls_md_starts(&hash->md);
  return wrap(ctx, hash);
}

HOST(hashUpdate) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  Hash *hash = JS_GetOpaque2(ctx, argv[0], hash_class);
  if (!hash || bytes_of(ctx, argv[1], &bytes) < 0) return JS_EXCEPTION;
  if (hash->is_hmac) mbedtls_md_hmac_update(&hash->md, bytes.data, bytes.length);
  else mbedtls_md_update(&hash->md, bytes.data, bytes.length);
  return JS_UNDEFINED;
}

HOST(hashDigest) {
  UNUSED(self);
  UNUSED(argc);
  Hash *hash = JS_GetOpaque2(ctx, argv[0], hash_class);
  if (!hash) return JS_EXCEPTION;
  uint8_t digest[MAX_DIGEST_BYTES];
  if (hash->is_hmac) mbedtls_md_hmac_finish(&hash->md, digest);
  else mbedtls_md_finish(&hash->md, digest);
  return copied(ctx, digest, mbedtls_md_get_size(mbedtls_md_info_from_ctx(&hash->md)));
}

HOST(hashCopy) {
  UNUSED(self);
  UNUSED(argc);
  Hash *hash = JS_GetOpaque2(ctx, argv[0], hash_class);
  if (!hash) return JS_EXCEPTION;
  Hash *copy = new_hash(mbedtls_md_info_from_ctx(&hash->md), hash->is_hmac);
  if (!copy || mbedtls_md_clone(&copy->md, &hash->md) != 0) return JS_ThrowOutOfMemory(ctx);
  return wrap(ctx, copy);
}

int64_t derive_key(const char *algorithm, Bytes password, Bytes salt, int64_t rounds, Bytes key) {
  const mbedtls_md_info_t *info = algorithm_of(algorithm);
  if (!info) return -ENOSYS;
  return mbedtls_pkcs5_pbkdf2_hmac_ext(mbedtls_md_get_type(info), password.data, password.length, salt.data,
                                       salt.length, (unsigned)rounds, (uint32_t)key.length, key.data)
             ? -EINVAL
             : 0;
}

/* getrandom gives up to 256 bytes as a whole; more may come in pieces. */
void fill_random(uint8_t *out, size_t length) {
  for (size_t filled = 0; filled < length;) {
    ssize_t got = getrandom(out + filled, length - filled, 0);
    if (got > 0) filled += (size_t)got;
  }
}

HOST(random) {
  UNUSED(self);
  UNUSED(argc);
  size_t length = (size_t)integer_of(ctx, argv[0]);
  uint8_t *bytes = malloc(length + 1);
  if (!bytes) return JS_ThrowOutOfMemory(ctx);
  fill_random(bytes, length);
  return taken(ctx, bytes, length);
}
