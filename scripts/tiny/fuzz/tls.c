/*
 * Fuzzes TLS: the session of the host talks to a server of the same library in memory, and what the server sends is
 * changed on its way. Whatever happens, a session must not give a byte that the server did not send, must not take a
 * certificate for another host, and must be safe to use after a failure. Random numbers are a function of the input, so
 * that what is found is found again.
 *
 * An input: flags, how much is fed at a time, a number of changes, the changes with 4 bytes each (place, kind, value),
 * and the bytes that are put in.
 */
#include <sys/types.h>

#include "mbedtls/ssl.h"
#include "support.h"
/* Generated from those of the tests. */
#include "certificates.h"

enum { ONLY_TLS12 = 1, ADDRESS = 2, NO_SERVER = 4, EMPTY_RECORDS = 8, OTHER_HOST = 16, EXPIRED = 32, UNKNOWN = 64, ONLY_RELEASE = 128 };
enum { CHANGE, REMOVE, INSERT, CUT, KINDS };

#define MAX_CHANGES 16
#define MAX_STREAM_BYTES 32768
#define REQUEST "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"

typedef struct {
  size_t place;
  uint8_t kind, value;
} Change;

typedef struct {
  uint8_t data[MAX_STREAM_BYTES];
  size_t start, end;
} Stream;

static uint32_t random_state;
static Stream to_server, to_client;
static Change changes[MAX_CHANGES];
static size_t change_count, placed, piece;
static const uint8_t *rest;
static size_t rest_size;
static int is_cut, is_changed;

/* In the place of the kernel's, by --wrap. */
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags) {
  (void)flags;
  for (size_t i = 0; i < size; i++) {
    random_state = random_state * 1664525u + 1013904223u;
    ((uint8_t *)out)[i] = (uint8_t)(random_state >> 24);
  }
  return (ssize_t)size;
}

static int server_random(void *unused, unsigned char *out, size_t size) {
  (void)unused;
  __wrap_getrandom(out, size, 0);
  return 0;
}

static void put(Stream *stream, const uint8_t *data, size_t size) {
  if (stream->end + size > sizeof stream->data) return;
  memcpy(stream->data + stream->end, data, size);
  stream->end += size;
}

/* Bytes of the server on their way, one after the other. */
static void put_changed(uint8_t byte) {
  for (size_t i = 0; i < change_count; i++) {
    if (changes[i].place != placed) continue;
    is_changed = 1;
    switch (changes[i].kind) {
      case CHANGE: byte ^= changes[i].value ? changes[i].value : 1; break;
      case REMOVE:
        if (changes[i].value > 0) changes[i].value--, changes[i].place++;
        return;
      case INSERT: {
        size_t size = changes[i].value < rest_size ? changes[i].value : rest_size;
        put(&to_client, rest, size);
        rest += size;
        rest_size -= size;
        break;
      }
      default: is_cut = 1;
    }
  }
  if (!is_cut) put(&to_client, &byte, 1);
}

static int server_send(void *unused, const unsigned char *data, size_t size) {
  (void)unused;
  for (size_t i = 0; i < size; i++, placed++) put_changed(data[i]);
  return (int)size;
}

static int server_receive(void *unused, unsigned char *data, size_t most) {
  (void)unused;
  size_t size = to_server.end - to_server.start;
  if (size == 0) return MBEDTLS_ERR_SSL_WANT_READ;
  if (size > most) size = most;
  memcpy(data, to_server.data + to_server.start, size);
  to_server.start += size;
  return (int)size;
}

typedef struct {
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_x509_crt certificate;
  mbedtls_pk_context key;
  int state, has_answered;
} Server;

static void open_server(Server *server, int flags) {
  const uint8_t *der = flags & OTHER_HOST ? other_der : flags & EXPIRED ? expired_der : right_der;
  size_t size = flags & OTHER_HOST ? sizeof other_der : flags & EXPIRED ? sizeof expired_der : sizeof right_der;
  *server = (Server){.state = MBEDTLS_ERR_SSL_WANT_READ};
  mbedtls_ssl_init(&server->ssl);
  mbedtls_ssl_config_init(&server->config);
  mbedtls_x509_crt_init(&server->certificate);
  mbedtls_pk_init(&server->key);
  must(mbedtls_x509_crt_parse_der(&server->certificate, der, size) == 0, "a certificate");
  must(mbedtls_pk_parse_key(&server->key, key_der, sizeof key_der, NULL, 0, server_random, NULL) == 0, "a key");
  mbedtls_ssl_config_defaults(&server->config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                              MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_rng(&server->config, server_random, NULL);
  mbedtls_ssl_conf_own_cert(&server->config, &server->certificate, &server->key);
  if (flags & ONLY_TLS12) mbedtls_ssl_conf_max_tls_version(&server->config, MBEDTLS_SSL_VERSION_TLS1_2);
  must(mbedtls_ssl_setup(&server->ssl, &server->config) == 0, "a server");
  mbedtls_ssl_set_bio(&server->ssl, NULL, server_send, server_receive, NULL);
}

/* Answers as soon as something has come, with empty records in between if the input says so. */
static void run_server(Server *server, int flags) {
  if (server->state != 0) {
    if (server->state == MBEDTLS_ERR_SSL_WANT_READ) server->state = mbedtls_ssl_handshake(&server->ssl);
    return;
  }
  uint8_t got[256];
  if (server->has_answered || mbedtls_ssl_read(&server->ssl, got, sizeof got) <= 0) return;
  server->has_answered = 1;
  size_t half = strlen(RESPONSE) / 2;
  mbedtls_ssl_write(&server->ssl, (const uint8_t *)RESPONSE, half);
  for (int i = 0; flags & EMPTY_RECORDS && i < 3; i++) mbedtls_ssl_write(&server->ssl, (const uint8_t *)"", 0);
  mbedtls_ssl_write(&server->ssl, (const uint8_t *)RESPONSE + half, strlen(RESPONSE) - half);
  mbedtls_ssl_close_notify(&server->ssl);
}

static void close_server(Server *server) {
  mbedtls_ssl_free(&server->ssl);
  mbedtls_ssl_config_free(&server->config);
  mbedtls_x509_crt_free(&server->certificate);
  mbedtls_pk_free(&server->key);
}

static int64_t ask(Function *function, JSValue session, const uint8_t *data, size_t size) {
  JSValue operand = bytes(data, size);
  JSValue answer = call(function, session, operand, JS_UNDEFINED);
  must(!JS_IsException(answer), "no exception");
  int64_t result = integer_of(ctx, answer);
  JS_FreeValue(ctx, answer);
  JS_FreeValue(ctx, operand);
  return result;
}

static void send_output(JSValue session) {
  JSValue output = call(call_tlsOutput, session, JS_UNDEFINED, JS_UNDEFINED);
  size_t size;
  uint8_t *data = JS_GetArrayBuffer(ctx, &size, output);
  if (size > 0) put(&to_server, data, size);
  JS_FreeValue(ctx, output);
}

/* Feeds what has come; whether there was anything. */
static int feed(JSValue session) {
  size_t size = to_client.end - to_client.start;
  if (size > piece) size = piece;
  ask(call_tlsFeed, session, to_client.data + to_client.start, size);
  to_client.start += size;
  return size > 0;
}

/* What can be read now has to be what the server sent next; -1 after the end, or a failure. */
static int read_all(JSValue session, size_t *read) {
  for (;;) {
    JSValue answer = call(call_tlsRead, session, JS_NewInt32(ctx, 16384), JS_UNDEFINED);
    if (!JS_IsObject(answer)) return integer_of(ctx, answer) < 0 ? -1 : 0;
    size_t size;
    uint8_t *data = JS_GetArrayBuffer(ctx, &size, answer);
    must(*read + size <= strlen(RESPONSE), "no more than was sent");
    if (size > 0) must(memcmp(data, RESPONSE + *read, size) == 0, "what was sent");
    *read += size;
    JS_FreeValue(ctx, answer);
    if (size == 0) return -1;
  }
}

/* Nothing that is called after the end of a session may harm. */
static void use_after_the_end(JSValue session) {
  static Function *const all[] = {call_tlsHandshake, call_tlsRead, call_tlsEnd, call_tlsOutput, call_tlsFault,
                                  call_tlsRelease};
  for (size_t i = 0; i < COUNT(all); i++) JS_FreeValue(ctx, call(all[i], session, JS_NewInt32(ctx, 1), JS_UNDEFINED));
  ask(call_tlsFeed, session, (const uint8_t *)"x", 1);
  ask(call_tlsWrite, session, (const uint8_t *)"x", 1);
}

/* Returns how much was read, and whether the handshake was done. */
static size_t talk(JSValue session, Server *server, int flags, int *is_done) {
  size_t read = 0;
  int state = 0, is_over = 0;
  for (int round = 0, idle = 0; round < MAX_STREAM_BYTES && idle < 2 && !is_over; round++) {
    if (state == 0) {
      state = (int)ask(call_tlsHandshake, session, NULL, 0);
      if (state == 1) ask(call_tlsWrite, session, (const uint8_t *)REQUEST, strlen(REQUEST));
    }
    if (state < 0) break;
    if (state == 1) is_over = read_all(session, &read) < 0;
    send_output(session);
    if (server) run_server(server, flags);
    idle = feed(session) ? 0 : idle + 1;
  }
  if (state == 1) ask(call_tlsEnd, session, NULL, 0);
  *is_done = state == 1;
  return read;
}

static void read_changes(const uint8_t *data, size_t size) {
  change_count = 0;
  for (; change_count < MAX_CHANGES && size >= 4; change_count++, data += 4, size -= 4) {
    changes[change_count] = (Change){(size_t)(data[0] << 8 | data[1]), data[2] % KINDS, data[3]};
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  start_engine();
  if (size < 3) return 0;
  int flags = data[0];
  piece = data[1] ? data[1] * 16u : sizeof to_client.data;
  size_t changed = (size_t)(data[2] % (MAX_CHANGES + 1)) * 4;
  data += 3;
  size -= 3;
  if (changed > size) changed = size / 4 * 4;
  read_changes(data, changed);
  rest = data + changed;
  rest_size = size - changed;
  random_state = 1;
  placed = 0;
  is_cut = is_changed = 0;
  to_server.start = to_server.end = to_client.start = to_client.end = 0;
  if (flags & NO_SERVER) put(&to_client, rest, rest_size);

  JSValue anchors = flags & UNKNOWN ? bytes(NULL, 0) : bytes(authority_der, sizeof authority_der);
  int32_t length = sizeof authority_der;
  JSValue lengths = bytes((const uint8_t *)&length, flags & UNKNOWN ? 0 : sizeof length);
  JSValue trust = call(call_trust, anchors, lengths, JS_UNDEFINED);
  JSValue name = JS_NewString(ctx, flags & ADDRESS ? "127.0.0.1" : "localhost");
  JSValue session = call(call_tls, trust, name, JS_NewBool(ctx, flags & ADDRESS));
  must(JS_IsObject(session), "a session");
  Server server;
  if (!(flags & NO_SERVER)) open_server(&server, flags);
  int is_done = 0;
  size_t read = talk(session, flags & NO_SERVER ? NULL : &server, flags, &is_done);
  if (flags & (NO_SERVER | OTHER_HOST | EXPIRED | UNKNOWN)) must(!is_done, "nobody else is trusted");
  else if (!is_changed) must(is_done && read == strlen(RESPONSE), "an untouched conversation is whole");
  if (!(flags & NO_SERVER)) close_server(&server);
  if (flags & ONLY_RELEASE) JS_FreeValue(ctx, call(call_tlsRelease, session, JS_UNDEFINED, JS_UNDEFINED));
  else use_after_the_end(session);
  JS_FreeValue(ctx, session);
  JS_FreeValue(ctx, trust);
  JS_FreeValue(ctx, lengths);
  JS_FreeValue(ctx, name);
  JS_FreeValue(ctx, anchors);
  return 0;
}
