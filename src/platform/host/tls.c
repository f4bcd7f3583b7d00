/*
 * TLS for connections that mote opens, by Mbed TLS: bytes in, bytes out. The socket, its order of events and the
 * meaning of a fault belong to TypeScript (`tls.ts`). To use another library, this file is what has to be replaced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "binding.h"
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

struct Trust {
  const Kind *kind;
  /* Its object's reference and those of sessions. */
  int references;
  uint8_t *der;
  Anchor *anchors;
  size_t count;
};

typedef struct {
  uint8_t *data;
  size_t start, end, size;
} Queue;

struct Session {
  const Kind *kind;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  Queue in, out;
  Trust *trust;
  /* A name that is an IP address is verified after the handshake: it must not be sent (RFC 6066 §3). */
  char *address;
  int fault;
  uint32_t flags;
};

static uint32_t fnv(const uint8_t *data, size_t length) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ data[i]) * 16777619u;
  return hash;
}

static void free_trust(void *object) {
  Trust *trust = object;
  if (--trust->references > 0) return;
  free(trust->der);
  free(trust->anchors);
  free(trust);
}

const Kind trust_kind = {free_trust};

/* A session holds more than the garbage collector knows of, and is part of a cycle: it does not wait for it. */
void host_tlsRelease(Session *session) {
  mbedtls_ssl_free(&session->ssl);
  mbedtls_ssl_config_free(&session->config);
  free(session->in.data);
  free(session->out.data);
  free(session->address);
  session->in = session->out = (Queue){0};
  session->address = NULL;
  if (!session->fault) session->fault = MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
}

static void free_session(void *object) {
  Session *session = object;
  host_tlsRelease(session);
  free_trust(session->trust);
  free(session);
}

const Kind session_kind = {free_session};

static void add_anchor(Trust *trust, size_t offset, size_t length) {
  mbedtls_x509_crt certificate;
  mbedtls_x509_crt_init(&certificate);
  if (mbedtls_x509_crt_parse_der_nocopy(&certificate, trust->der + offset, length) == 0) {
    mbedtls_x509_buf subject = certificate.subject_raw;
    trust->anchors[trust->count++] = (Anchor){fnv(subject.p, subject.len), (uint32_t)offset, (uint32_t)length};
  }
  mbedtls_x509_crt_free(&certificate);
}

JSValue host_trust(JSContext *ctx, Bytes der, Bytes lengths) {
  psa_crypto_init();
  const int32_t *sizes = (const int32_t *)(void *)lengths.data;
  size_t count = lengths.length / sizeof *sizes, at = 0;
  Trust *trust = calloc(1, sizeof *trust);
  if (!trust) return JS_ThrowOutOfMemory(ctx);
  *trust = (Trust){&trust_kind, 1, malloc(der.length + 1), calloc(count + 1, sizeof(Anchor)), 0};
  if (!trust->der || !trust->anchors) return free_trust(trust), JS_ThrowOutOfMemory(ctx);
  memcpy(trust->der, der.data, der.length);
  for (size_t i = 0; i < count && (size_t)sizes[i] <= der.length - at; at += (size_t)sizes[i++])
    add_anchor(trust, at, (size_t)sizes[i]);
  return new_object(ctx, trust);
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
  return push(&((Session *)opaque)->out, data, length) < 0 ? MBEDTLS_ERR_SSL_ALLOC_FAILED : (int)length;
}

static int receive_from_queue(void *opaque, unsigned char *data, size_t most) {
  Queue *in = &((Session *)opaque)->in;
  size_t length = in->end - in->start;
  if (length == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (length > most) length = most;
  memcpy(data, in->data + in->start, length);
  in->start += length;
  return (int)length;
}

static int random_bytes(void *unused, unsigned char *out, size_t length) {
  (void)unused;
  fill_random(out, length);
  return 0;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *unused, uint8_t *out, size_t size,
                                             size_t *filled) {
  (void)unused;
  fill_random(out, size);
  *filled = size;
  return PSA_SUCCESS;
}

static int set_up(Session *session, const char *name, int is_address) {
  int state = mbedtls_ssl_config_defaults(&session->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
  if (state) return state;
  mbedtls_ssl_conf_rng(&session->config, random_bytes, NULL);
  mbedtls_ssl_conf_authmode(&session->config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_cb(&session->config, find_issuers, session->trust);
  if ((state = mbedtls_ssl_setup(&session->ssl, &session->config))) return state;
  if (is_address && !(session->address = strdup(name))) return MBEDTLS_ERR_SSL_ALLOC_FAILED;
  mbedtls_ssl_set_bio(&session->ssl, session, send_to_queue, receive_from_queue, NULL);
  return mbedtls_ssl_set_hostname(&session->ssl, is_address ? NULL : name);
}

JSValue host_tls(JSContext *ctx, Trust *trust, Text name, int is_address) {
  Session *session = calloc(1, sizeof *session);
  if (!session) return JS_ThrowOutOfMemory(ctx);
  session->kind = &session_kind;
  session->trust = trust;
  trust->references++;
  mbedtls_ssl_init(&session->ssl);
  mbedtls_ssl_config_init(&session->config);
  int state = set_up(session, name.chars, is_address);
  if (state == 0) return new_object(ctx, session);
  free_session(session);
  return JS_NewInt32(ctx, state);
}

void host_tlsFeed(Session *session, Bytes bytes) {
  if (session->fault || push(&session->in, bytes.data, bytes.length) == 0) return;
  session->fault = MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

static int verify_address(Session *session) {
  /* The library asks for a certificate that it may change. */
  mbedtls_x509_crt *peer = (mbedtls_x509_crt *)(uintptr_t)mbedtls_ssl_get_peer_cert(&session->ssl);
  return mbedtls_x509_crt_verify_with_ca_cb(peer, find_issuers, session->trust, &mbedtls_x509_crt_profile_default,
                                            session->address, &session->flags, NULL, NULL);
}

static int needs_more(int state) {
  return state == MBEDTLS_ERR_SSL_WANT_READ || state == MBEDTLS_ERR_SSL_WANT_WRITE;
}

int64_t host_tlsHandshake(Session *session) {
  /* After a failure the library's context must not be used again. */
  if (session->fault) return session->fault;
  int state = mbedtls_ssl_handshake(&session->ssl);
  if (needs_more(state)) return 0;
  if (state) session->flags = mbedtls_ssl_get_verify_result(&session->ssl);
  else if (session->address) state = verify_address(session);
  session->fault = state;
  return state ? state : 1;
}

JSValue host_tlsRead(JSContext *ctx, Session *session) {
  uint8_t data[MAX_READ_BYTES];
  int got = session->fault;
  /* Tickets of TLS 1.3 are read over: sessions are not resumed. An empty record (0) is not the end of the input. */
  if (!got) {
    do got = mbedtls_ssl_read(&session->ssl, data, sizeof data);
    while (got == 0 || got == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET);
  }
  if (got >= 0) return copied(ctx, data, (size_t)got);
  if (needs_more(got)) return JS_NewInt32(ctx, 0);
  if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return copied(ctx, data, 0);
  return JS_NewInt32(ctx, session->fault = got);
}

int64_t host_tlsWrite(Session *session, Bytes bytes) {
  for (size_t at = 0; at < bytes.length && !session->fault;) {
    int sent = mbedtls_ssl_write(&session->ssl, bytes.data + at, bytes.length - at);
    if (sent < 0) session->fault = sent;
    else at += (size_t)sent;
  }
  return session->fault;
}

int64_t host_tlsEnd(Session *session) {
  return session->fault ? session->fault : mbedtls_ssl_close_notify(&session->ssl);
}

JSValue host_tlsOutput(JSContext *ctx, Session *session) {
  Queue *out = &session->out;
  /* Without any output there may be no memory either. */
  size_t length = out->end - out->start;
  JSValue bytes = copied(ctx, length > 0 ? out->data + out->start : NULL, length);
  out->start = out->end;
  return bytes;
}

JSValue host_tlsFault(JSContext *ctx, Session *session) {
  char text[MAX_FAULT_BYTES];
  snprintf(text, sizeof text, "%x %x", (unsigned)-session->fault, (unsigned)session->flags);
  return JS_NewString(ctx, text);
}
