/*
 * TLS for connections that mote opens, by Mbed TLS: bytes in, bytes out. The socket, its order of events and the
 * meaning of a fault belong to TypeScript (`tls.ts`). To use another library, this file is what has to be replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
#include "host.h"
#include "mbedtls/ssl.h"
#include "mbedtls/x509_crt.h"
#include "psa/crypto.h"

#define MAX_FAULT_BYTES 64
/* A record holds 16 KiB; a read of more would come back in pieces anyway. */
#define MAX_READ_BYTES 16384

/*
 * Certificates as they are in the bundle (DER, one behind the other), and where each begins. Only those that a chain
 * needs are parsed, for as long as it is verified: parsed, a whole bundle would take a megabyte.
 */
typedef struct {
  uint32_t subject;
  uint32_t offset;
  uint32_t length;
} Anchor;

typedef struct {
  uint8_t *der;
  Anchor *anchors;
  size_t count;
} Trust;

typedef struct {
  uint8_t *data;
  size_t start, end, size;
} Queue;

typedef struct {
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  Queue in, out;
  /* The trust must not be freed before. */
  JSValue trust;
  /* A name that is an IP address is verified after the handshake: it must not be sent (RFC 6066 §3). */
  char *address;
  int fault;
  uint32_t flags;
} Tls;

static JSClassID trust_class, tls_class;

static uint32_t fnv(const uint8_t *data, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ data[i]) * 16777619u;
  return hash;
}

static void free_trust(JSRuntime *runtime, JSValue value) {
  UNUSED(runtime);
  Trust *trust = JS_GetOpaque(value, trust_class);
  if (!trust) return;
  free(trust->der);
  free(trust->anchors);
  free(trust);
}

/* What a session holds; freeing it again is harmless. */
static void release(Tls *tls) {
  mbedtls_ssl_free(&tls->ssl);
  mbedtls_ssl_config_free(&tls->config);
  free(tls->in.data);
  free(tls->out.data);
  free(tls->address);
  tls->in = tls->out = (Queue){0};
  tls->address = NULL;
}

static void free_tls(JSRuntime *runtime, JSValue value) {
  Tls *tls = JS_GetOpaque(value, tls_class);
  if (!tls) return;
  release(tls);
  JS_FreeValueRT(runtime, tls->trust);
  free(tls);
}

static void mark_tls(JSRuntime *runtime, JSValueConst value, JS_MarkFunc *mark) {
  Tls *tls = JS_GetOpaque(value, tls_class);
  if (tls) JS_MarkValue(runtime, tls->trust, mark);
}

void define_tls_classes(JSContext *ctx) {
  static const JSClassDef trust_definition = {.class_name = "Trust", .finalizer = free_trust};
  static const JSClassDef tls_definition = {.class_name = "Tls", .finalizer = free_tls, .gc_mark = mark_tls};
  JS_NewClassID(&trust_class);
  JS_NewClass(JS_GetRuntime(ctx), trust_class, &trust_definition);
  JS_NewClassID(&tls_class);
  JS_NewClass(JS_GetRuntime(ctx), tls_class, &tls_definition);
}

static int add_anchor(Trust *trust, size_t offset, size_t length) {
  mbedtls_x509_crt certificate;
  mbedtls_x509_crt_init(&certificate);
  int state = mbedtls_x509_crt_parse_der_nocopy(&certificate, trust->der + offset, length);
  if (state == 0) {
    Anchor *more = realloc(trust->anchors, (trust->count + 1) * sizeof *more);
    if (more) {
      trust->anchors = more;
      mbedtls_x509_buf subject = certificate.subject_raw;
      more[trust->count++] = (Anchor){fnv(subject.p, subject.len), (uint32_t)offset, (uint32_t)length};
    } else {
      state = MBEDTLS_ERR_X509_ALLOC_FAILED;
    }
  }
  mbedtls_x509_crt_free(&certificate);
  return state;
}

/* The length of the DER element at the start, 0 if it does not fit. */
static size_t element_length(const uint8_t *data, size_t length) {
  if (length < 2) return 0;
  size_t size = data[1], head = 2;
  if (size >= 0x80) {
    size_t octets = size & 0x7F;
    if (octets > 4 || length < 2 + octets) return 0;
    size = 0;
    for (; head < 2 + octets; head++) size = size << 8 | data[head];
  }
  return head + size <= length ? head + size : 0;
}

/* From certificates in DER, one behind the other. What cannot be parsed (an unknown curve) can verify nothing. */
HOST(trust) {
  UNUSED(self);
  UNUSED(argc);
  Bytes der;
  if (bytes_of(ctx, argv[0], &der) < 0) return JS_EXCEPTION;
  psa_crypto_init();
  Trust *trust = calloc(1, sizeof *trust);
  if (trust) trust->der = malloc(der.length + 1);
  if (!trust || !trust->der) return free(trust), JS_ThrowOutOfMemory(ctx);
  memcpy(trust->der, der.data, der.length);
  for (size_t at = 0, size; (size = element_length(der.data + at, der.length - at)) > 0; at += size)
    add_anchor(trust, at, size);
  JSValue object = JS_NewObjectClass(ctx, (int)trust_class);
  JS_SetOpaque(object, trust);
  return object;
}

/* The certificates that may have signed `child`; the library frees them. */
static int find_issuers(void *opaque, const mbedtls_x509_crt *child, mbedtls_x509_crt **found) {
  const Trust *trust = opaque;
  uint32_t issuer = fnv(child->issuer_raw.p, child->issuer_raw.len);
  mbedtls_x509_crt *list = NULL;
  for (size_t i = 0; i < trust->count; i++) {
    const Anchor *anchor = &trust->anchors[i];
    if (anchor->subject != issuer) continue;
    if (!list && !(list = calloc(1, sizeof *list))) return MBEDTLS_ERR_X509_ALLOC_FAILED;
    mbedtls_x509_crt_parse_der(list, trust->der + anchor->offset, anchor->length);
  }
  *found = list;
  return 0;
}

static int push(Queue *queue, const uint8_t *data, size_t length) {
  if (length == 0) return 0;
  if (queue->start == queue->end) queue->start = queue->end = 0;
  if (queue->end + length > queue->size) {
    size_t size = 2 * (queue->end + length);
    uint8_t *more = realloc(queue->data, size);
    if (!more) return -1;
    queue->data = more;
    queue->size = size;
  }
  memcpy(queue->data + queue->end, data, length);
  queue->end += length;
  return 0;
}

static int send_to_queue(void *opaque, const unsigned char *data, size_t length) {
  Tls *tls = opaque;
  return push(&tls->out, data, length) < 0 ? MBEDTLS_ERR_SSL_ALLOC_FAILED : (int)length;
}

static int receive_from_queue(void *opaque, unsigned char *data, size_t most) {
  Queue *in = &((Tls *)opaque)->in;
  size_t length = in->end - in->start;
  if (length == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (length > most) length = most;
  memcpy(data, in->data + in->start, length);
  in->start += length;
  return (int)length;
}

static int random_bytes(void *unused, unsigned char *out, size_t length) {
  UNUSED(unused);
  fill_random(out, length);
  return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused, uint8_t *out, size_t size,
                                             size_t *filled) {
  UNUSED(unused);
  fill_random(out, size);
  *filled = size;
  return PSA_SUCCESS;
}

static int set_up(Tls *tls, Trust *trust, const char *name, int is_address) {
  int state = mbedtls_ssl_config_defaults(&tls->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
  if (state) return state;
  mbedtls_ssl_conf_rng(&tls->config, random_bytes, NULL);
  mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_cb(&tls->config, find_issuers, trust);
  if ((state = mbedtls_ssl_setup(&tls->ssl, &tls->config))) return state;
  if (is_address && !(tls->address = strdup(name))) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
  mbedtls_ssl_set_bio(&tls->ssl, tls, send_to_queue, receive_from_queue, NULL);
  return mbedtls_ssl_set_hostname(&tls->ssl, is_address ? NULL : name);
}

/* A client session for a host name or an IP address; a negative number of the library if it cannot be set up. */
HOST(tls) {
  UNUSED(self);
  UNUSED(argc);
  Trust *trust = JS_GetOpaque2(ctx, argv[0], trust_class);
  const char *name = trust ? JS_ToCString(ctx, argv[1]) : NULL;
  if (!name) return JS_EXCEPTION;
  Tls *tls = calloc(1, sizeof *tls);
  if (!tls) return JS_FreeCString(ctx, name), JS_ThrowOutOfMemory(ctx);
  mbedtls_ssl_init(&tls->ssl);
  mbedtls_ssl_config_init(&tls->config);
  tls->trust = JS_DupValue(ctx, argv[0]);
  JSValue object = JS_NewObjectClass(ctx, (int)tls_class);
  JS_SetOpaque(object, tls);
  int state = set_up(tls, trust, name, JS_ToBool(ctx, argv[2]));
  JS_FreeCString(ctx, name);
  if (state == 0) return object;
  JS_FreeValue(ctx, object);
  return JS_NewInt32(ctx, state);
}

HOST(tlsFeed) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls || bytes_of(ctx, argv[1], &bytes) < 0) return JS_EXCEPTION;
  if (tls->fault) return JS_UNDEFINED;
  return push(&tls->in, bytes.data, bytes.length) < 0 ? JS_ThrowOutOfMemory(ctx) : JS_UNDEFINED;
}

static int verify_address(Tls *tls) {
  Trust *trust = JS_GetOpaque(tls->trust, trust_class);
  /* The library asks for a certificate that it may change. */
  mbedtls_x509_crt *peer = (mbedtls_x509_crt *)(uintptr_t)mbedtls_ssl_get_peer_cert(&tls->ssl);
  return mbedtls_x509_crt_verify_with_ca_cb(peer, find_issuers, trust, &mbedtls_x509_crt_profile_default, tls->address,
                                            &tls->flags, NULL, NULL);
}

/* 1: done, 0: needs more input, negative: failed for good, with what `tlsFault` says. */
HOST(tlsHandshake) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  /* After a failure the library's context must not be used again. */
  if (tls->fault) return JS_NewInt32(ctx, tls->fault);
  int state = mbedtls_ssl_handshake(&tls->ssl);
  if (state == MBEDTLS_ERR_SSL_WANT_READ || state == MBEDTLS_ERR_SSL_WANT_WRITE) return JS_NewInt32(ctx, 0);
  if (state) tls->flags = mbedtls_ssl_get_verify_result(&tls->ssl);
  else if (tls->address) state = verify_address(tls);
  tls->fault = state;
  return JS_NewInt32(ctx, state ? state : 1);
}

/* Bytes, 0 if more input is needed; an empty buffer is the end that the peer announced. */
HOST(tlsRead) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  if (tls->fault) return JS_NewInt32(ctx, tls->fault);
  uint8_t data[MAX_READ_BYTES];
  int got;
  /* Tickets of TLS 1.3 are read over: sessions are not resumed. An empty record (0) is not the end of the input. */
  do got = mbedtls_ssl_read(&tls->ssl, data, sizeof data);
  while (got == 0 || got == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
  if (got > 0) return copied(ctx, data, (size_t)got);
  if (got == MBEDTLS_ERR_SSL_WANT_READ || got == MBEDTLS_ERR_SSL_WANT_WRITE) return JS_NewInt32(ctx, 0);
  if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return copied(ctx, data, 0);
  return JS_NewInt32(ctx, tls->fault = got);
}

HOST(tlsWrite) {
  UNUSED(self);
  UNUSED(argc);
  Bytes bytes;
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls || bytes_of(ctx, argv[1], &bytes) < 0) return JS_EXCEPTION;
  if (tls->fault) return JS_NewInt32(ctx, tls->fault);
  for (size_t at = 0; at < bytes.length;) {
    int sent = mbedtls_ssl_write(&tls->ssl, bytes.data + at, bytes.length - at);
    if (sent < 0) return JS_NewInt32(ctx, tls->fault = sent);
    at += (size_t)sent;
  }
  return JS_NewInt32(ctx, 0);
}

/* Tells the peer that nothing follows. */
HOST(tlsEnd) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  return JS_NewInt32(ctx, tls->fault ? tls->fault : mbedtls_ssl_close_notify(&tls->ssl));
}

HOST(tlsOutput) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  /* Without any output there may be no memory either. */
  size_t length = tls->out.end - tls->out.start;
  JSValue bytes = copied(ctx, length > 0 ? tls->out.data + tls->out.start : NULL, length);
  tls->out.start = tls->out.end;
  return bytes;
}

/* The library's number, and the flags of a refused certificate: both in hexadecimal. */
HOST(tlsFault) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  char text[MAX_FAULT_BYTES];
  snprintf(text, sizeof text, "%x %x", (unsigned)-tls->fault, (unsigned)tls->flags);
  return JS_NewString(ctx, text);
}

/* A session holds more than the garbage collector knows of, and is part of a cycle: it does not wait for it. */
HOST(tlsRelease) {
  UNUSED(self);
  UNUSED(argc);
  Tls *tls = JS_GetOpaque2(ctx, argv[0], tls_class);
  if (!tls) return JS_EXCEPTION;
  release(tls);
  if (!tls->fault) tls->fault = MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
  return JS_UNDEFINED;
}
