/* Hashes, HMAC and key derivation of the TLS library, and random bytes of the kernel. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "binding.h"
#include "mbedtls/md.h"
#include "mbedtls/sha256.h"

#define MAX_DIGEST_BYTES 64
#define SHA256_BYTES 32

struct Hash {
  const Kind *kind;
  mbedtls_md_context_t md;
  int is_hmac;
};

static void free_hash(void *object) {
  Hash *hash = object;
  mbedtls_md_free(&hash->md);
  free(hash);
}

const Kind hash_kind = {free_hash};

static const mbedtls_md_info_t *algorithm_of(const char *name) {
  static const struct {
    const char *name;
    mbedtls_md_type_t type;
  } algorithms[] = {
      {"sha256", MBEDTLS_MD_SHA256}, {"sha1", MBEDTLS_MD_SHA1}, {"sha512", MBEDTLS_MD_SHA512}, {"md5", MBEDTLS_MD_MD5}};
  for (size_t i = 0; i < COUNT(algorithms); i++)
    if (strcmp(name, algorithms[i].name) == 0) return mbedtls_md_info_from_type(algorithms[i].type);
  return NULL;
}

JSValue host_hash(JSContext *ctx, Text name, JSValueConst *given) {
  const mbedtls_md_info_t *info = algorithm_of(name.chars);
  if (!info) return JS_NewInt32(ctx, -ENOSYS);
  Bytes key = {NULL, 0};
  int is_hmac = JS_IsObject(*given);
  if (is_hmac && bytes_of(ctx, *given, &key) < 0) return JS_EXCEPTION;
  Hash *hash = calloc(1, sizeof *hash);
  if (!hash) return JS_ThrowOutOfMemory(ctx);
  hash->kind = &hash_kind;
  hash->is_hmac = is_hmac;
  if (mbedtls_md_setup(&hash->md, info, is_hmac) != 0) return free_hash(hash), JS_ThrowOutOfMemory(ctx);
  if (is_hmac) mbedtls_md_hmac_starts(&hash->md, key.data, key.length);
  else mbedtls_md_starts(&hash->md);
  return new_object(ctx, hash);
}

void host_hashUpdate(Hash *hash, Bytes bytes) {
  (hash->is_hmac ? mbedtls_md_hmac_update : mbedtls_md_update)(&hash->md, bytes.data, bytes.length);
}

JSValue host_hashDigest(JSContext *ctx, Hash *hash) {
  uint8_t digest[MAX_DIGEST_BYTES];
  (hash->is_hmac ? mbedtls_md_hmac_finish : mbedtls_md_finish)(&hash->md, digest);
  return copied(ctx, digest, mbedtls_md_get_size(mbedtls_md_info_from_ctx(&hash->md)));
}

void derive_key(Bytes pads, int64_t rounds, Bytes key) {
  mbedtls_sha256_context padded[2], hash;
  uint8_t link[SHA256_BYTES];
  memcpy(link, key.data, sizeof link);
  for (int i = 0; i < 2; i++) {
    mbedtls_sha256_starts(&padded[i], 0);
    mbedtls_sha256_update(&padded[i], pads.data + (size_t)i * pads.length / 2, pads.length / 2);
  }
  for (int64_t round = 1; round < rounds; round++) {
    for (int i = 0; i < 2; i++) {
      hash = padded[i];
      mbedtls_sha256_update(&hash, link, sizeof link);
      mbedtls_sha256_finish(&hash, link);
    }
    for (size_t i = 0; i < sizeof link; i++) key.data[i] ^= link[i];
  }
}

/* getrandom gives up to 256 bytes as a whole; more may come in pieces. */
void fill_random(uint8_t *out, size_t length) {
  for (size_t filled = 0; filled < length;) {
    ssize_t got = getrandom(out + filled, length - filled, 0);
    if (got > 0) filled += (size_t)got;
  }
}

JSValue host_random(JSContext *ctx, int64_t size) {
  uint8_t *bytes = malloc((size_t)size + 1);
  if (bytes) fill_random(bytes, (size_t)size);
  return taken(ctx, bytes, (size_t)size);
}
