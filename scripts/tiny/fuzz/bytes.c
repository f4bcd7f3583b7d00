/*
 * Fuzzes what the host does with the bytes of strangers: encodings, response heads, addresses, deflate, hashes. The
 * first byte of an input says which, the rest is what it is done with. What was found to be wrong aborts.
 */
#include "support.h"
/* For functions that only the file itself knows. */
#include "socket.c"

#define UTF8 0
#define LATIN1 1
#define ENCODINGS 3
#define MAX_INFLATED_BYTES 4096
#define STAT 5
#define READLINK 8
#define REALPATH 9

static JSValue number(int64_t value) {
  return JS_NewInt64(ctx, value);
}

static int same(Bytes one, const uint8_t *data, size_t size) {
  return one.length == size && (size == 0 || memcmp(one.data, data, size) == 0);
}

/* Decoded and encoded again they are the same; UTF-8 at least from the second time on. */
static void there_and_back(const uint8_t *data, size_t size) {
  JSValue array = bytes(data, size);
  for (int encoding = 0; encoding < ENCODINGS; encoding++) {
    JSValue text = call(call_decode, array, number(encoding), JS_UNDEFINED);
    JSValue back = call(call_encode, text, number(encoding), JS_UNDEFINED);
    Bytes once = content(back);
    if (encoding != UTF8) must(same(once, data, size), "what was encoded is what was decoded");
    JSValue again_array = bytes(once.data, once.length);
    JSValue again_text = call(call_decode, again_array, number(encoding), JS_UNDEFINED);
    JSValue again = call(call_encode, again_text, number(encoding), JS_UNDEFINED);
    must(same(content(again), once.data, once.length), "a second time changes nothing");
    if (encoding == UTF8) {
      JSValue length = call(call_byteLength, text, JS_UNDEFINED, JS_UNDEFINED);
      must((size_t)integer_of(ctx, length) == once.length, "the length is known before");
    }
    JS_FreeValue(ctx, again);
    JS_FreeValue(ctx, again_text);
    JS_FreeValue(ctx, again_array);
    JS_FreeValue(ctx, back);
    JS_FreeValue(ctx, text);
  }
  JS_FreeValue(ctx, array);
}

/* Any text, also what is no hexadecimal number, no Base64 and no Unicode. */
static void any_text(const uint8_t *data, size_t size) {
  JSValue text = JS_NewStringLen(ctx, (const char *)data, size);
  int64_t units = integer_of(ctx, JS_GetPropertyStr(ctx, text, "length"));
  for (int encoding = 0; encoding < ENCODINGS; encoding++) {
    JSValue result = call(call_encode, text, number(encoding), JS_UNDEFINED);
    size_t length = content(result).length;
    must(encoding == UTF8 || length <= (size_t)units, "no more bytes than characters");
    must(encoding != LATIN1 || length == (size_t)units, "as many bytes as characters");
    JS_FreeValue(ctx, result);
  }
  JS_FreeValue(ctx, text);
}

static void deflated(const uint8_t *data, size_t size) {
  if (size < 2) return;
  int64_t most = data[0] | data[1] << 8;
  JSValue array = bytes(data + 2, size - 2);
  JSValue some = call(call_inflate, array, number(most % MAX_INFLATED_BYTES), JS_UNDEFINED);
  JSValue all = call(call_inflate, array, number(MAX_INFLATED_BYTES), JS_UNDEFINED);
  if (JS_IsObject(some)) {
    must(content(some).length <= (size_t)most, "no more than there is room for");
    must(JS_IsObject(all), "more room is no reason to fail");
    must(same(content(some), content(all).data, content(all).length), "more room changes nothing");
  }
  JS_FreeValue(ctx, some);
  JS_FreeValue(ctx, all);
  JS_FreeValue(ctx, array);
}

/* The head and the bytes behind it arrive as they are. */
static void head(const uint8_t *data, size_t size) {
  if (size == 0) return;
  size_t split = data[0] < size ? data[0] : size - 1;
  static uint8_t got[1 << 17];
  int pair[2];
  must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0, "sockets");
  JSValue text = JS_NewStringLen(ctx, (const char *)data + 1, split);
  JSValue body = bytes(data + 1 + split, size - 1 - split);
  JSValue latin1 = call(call_encode, text, number(LATIN1), JS_UNDEFINED);
  Bytes first = content(latin1);
  JSValue sent = call(call_writeHead, number(pair[0]), text, body);
  ssize_t length = recv(pair[1], got, sizeof got, 0);
  if (size > 1) must(length == integer_of(ctx, sent), "all arrives");
  if (length > 0) must((size_t)length == first.length + size - 1 - split, "nothing else arrives");
  if (length > 0) must(same(first, got, first.length), "the head");
  if (length > 0) must(memcmp(got + first.length, data + 1 + split, size - 1 - split) == 0, "the body");
  JS_FreeValue(ctx, latin1);
  JS_FreeValue(ctx, text);
  JS_FreeValue(ctx, body);
  close(pair[0]);
  close(pair[1]);
}

static void address(const uint8_t *data, size_t size) {
  Address found;
  char *text = malloc(size + 1);
  memcpy(text, data, size);
  text[size] = 0;
  must(parse_address(text, (int)size, &found) <= sizeof found, "an address has its size");
  free(text);
}

static void position(const uint8_t *data, size_t size) {
  if (size < 3) return;
  size_t wanted = data[1] % (size - 2);
  JSValue in = bytes(data + 2, size - 2), part = bytes(data + size - wanted, wanted);
  JSValue found = call(call_indexOf, in, part, number((int8_t)data[0]));
  int64_t at = integer_of(ctx, found);
  must(at < 0 || wanted == 0 || memcmp(data + 2 + at, data + size - wanted, wanted) == 0, "it is there");
  JS_FreeValue(ctx, found);
  JS_FreeValue(ctx, part);
  JS_FreeValue(ctx, in);
}

static void paths(const uint8_t *data, size_t size) {
  static const int harmless[] = {STAT, READLINK, REALPATH};
  JSValue text = JS_NewStringLen(ctx, (const char *)data, size);
  for (size_t i = 0; i < COUNT(harmless); i++) JS_FreeValue(ctx, call(call_call, number(harmless[i]), text, number(0)));
  JS_FreeValue(ctx, text);
}

/* In pieces a hash is what it is as a whole. */
static void hashes(const uint8_t *data, size_t size) {
  static const char *const names[] = {"sha256", "sha1", "sha512", "md5"};
  if (size < 2) return;
  size_t split = data[1] < size - 2 ? data[1] : size - 2;
  JSValue name = JS_NewString(ctx, names[data[0] % COUNT(names)]);
  JSValue all = bytes(data + 2, size - 2), first = bytes(data + 2, split);
  JSValue second = bytes(data + 2 + split, size - 2 - split), key = data[0] & 4 ? JS_DupValue(ctx, first) : JS_UNDEFINED;
  JSValue whole = call(call_hash, name, key, JS_UNDEFINED), parts = call(call_hash, name, key, JS_UNDEFINED);
  call(call_hashUpdate, whole, all, JS_UNDEFINED);
  call(call_hashUpdate, parts, first, JS_UNDEFINED);
  call(call_hashUpdate, parts, second, JS_UNDEFINED);
  JSValue one = call(call_hashDigest, whole, JS_UNDEFINED, JS_UNDEFINED);
  JSValue other = call(call_hashDigest, parts, JS_UNDEFINED, JS_UNDEFINED);
  must(same(content(one), content(other).data, content(other).length), "pieces change nothing");
  JSValue made[] = {name, all, first, second, key, whole, parts, one, other};
  for (size_t i = 0; i < COUNT(made); i++) JS_FreeValue(ctx, made[i]);
}

/* What is no certificate is left out. */
static void certificates(const uint8_t *data, size_t size) {
  int32_t length = (int32_t)size;
  JSValue array = bytes(data, size), lengths = bytes((const uint8_t *)&length, sizeof length);
  JS_FreeValue(ctx, call(call_trust, array, lengths, JS_UNDEFINED));
  JS_FreeValue(ctx, lengths);
  JS_FreeValue(ctx, array);
}

static void (*const tests[])(const uint8_t *, size_t) = {
    there_and_back, any_text, deflated, head, address, position, paths, hashes, certificates,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  start_engine();
  if (size > 0) tests[data[0] % COUNT(tests)](data + 1, size - 1);
  return 0;
}
