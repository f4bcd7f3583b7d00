/* Decompresses what the build compressed (RFC 1951): trusted input, but every write and read stays in bounds. */
#include <stdlib.h>
#include <string.h>

#include "binding.h"

/* There is more than there is room for. */
#define TOO_LARGE 2

#define MAX_BITS 15
#define MAX_LITERALS 288
#define MAX_DISTANCES 30
/* Codes of up to so many bits, nearly all, are looked up; the table is in the order of the bits as they come. */
#define TABLE_BITS 9
#define TABLE_SIZE (1 << TABLE_BITS)

typedef struct {
  const uint8_t *in, *in_end;
  uint8_t *out, *out_start, *out_end;
  uint64_t held;
  int held_bits;
  int failed;
} State;

/* Codes of each length, and the symbols in order of their codes; symbol * 16 + length, 0 for a longer code. */
typedef struct {
  uint16_t counts[MAX_BITS + 1];
  uint16_t symbols[MAX_LITERALS];
  uint16_t table[TABLE_SIZE];
} Code;

/* Holds enough for a code and what follows it, unless the input ends. */
static void fill(State *state) {
  for (; state->held_bits <= 48 && state->in < state->in_end; state->held_bits += 8)
    state->held |= (uint64_t)*state->in++ << state->held_bits;
}

static uint32_t bits(State *state, int count) {
  if (state->held_bits < count) fill(state);
  if (state->held_bits < count) return state->failed = 1, 0u;
  uint32_t value = (uint32_t)state->held & ((1u << count) - 1);
  state->held >>= count;
  state->held_bits -= count;
  return value;
}

static void build(Code *code, const uint8_t *lengths, int count) {
  uint16_t next[MAX_BITS + 2] = {0}, first[MAX_BITS + 2] = {0};
  memset(code, 0, sizeof *code);
  for (int i = 0; i < count; i++) code->counts[lengths[i]]++;
  code->counts[0] = 0;
  for (int length = 1; length <= MAX_BITS; length++) {
    next[length + 1] = (uint16_t)(next[length] + code->counts[length]);
    first[length + 1] = (uint16_t)((first[length] + code->counts[length]) << 1);
  }
  for (int i = 0; i < count; i++) {
    int length = lengths[i], reversed = 0;
    if (length == 0) continue;
    code->symbols[next[length]++] = (uint16_t)i;
    int value = first[length]++;
    if (length > TABLE_BITS) continue;
    for (int bit = 0; bit < length; bit++) reversed |= (value >> bit & 1) << (length - 1 - bit);
    for (; reversed < TABLE_SIZE; reversed += 1 << length) code->table[reversed] = (uint16_t)(i << 4 | length);
  }
}

static int symbol(State *state, const Code *code) {
  if (state->held_bits < MAX_BITS) fill(state);
  uint16_t entry = code->table[state->held % TABLE_SIZE];
  if (entry) return bits(state, entry & 15), entry >> 4;
  for (int length = 1, value = 0, first = 0, index = 0; length <= MAX_BITS; length++) {
    value |= (int)(state->held >> (length - 1) & 1);
    int count = code->counts[length];
    if (value - count < first) return bits(state, length), code->symbols[index + value - first];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  state->failed = 1;
  return 0;
}

static void copy(State *state, size_t length, size_t distance) {
  if (distance > (size_t)(state->out - state->out_start)) return (void)(state->failed = 1);
  if (length > (size_t)(state->out_end - state->out)) return (void)(state->failed = TOO_LARGE);
  for (; length > 0; length--, state->out++) *state->out = *(state->out - distance);
}

static void compressed(State *state, const Code *literals, const Code *distances) {
  static const uint16_t bases[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                   31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  while (!state->failed) {
    int value = symbol(state, literals);
    if (value == 256) return;
    if (value < 256) {
      if (state->out == state->out_end) state->failed = TOO_LARGE;
      else *state->out++ = (uint8_t)value;
      continue;
    }
    value -= 257;
    if (value >= (int)COUNT(bases)) return (void)(state->failed = 1);
    size_t length = bases[value] + bits(state, extra[value]);
    int code = symbol(state, distances);
    if (code >= MAX_DISTANCES) return (void)(state->failed = 1);
    int more = code < 4 ? 0 : code / 2 - 1;
    size_t base = code < 4 ? (size_t)code + 1 : ((size_t)(2 + (code & 1)) << more) + 1;
    copy(state, length, base + bits(state, more));
  }
}

static void dynamic(State *state) {
  static const uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[MAX_LITERALS + MAX_DISTANCES + 4] = {0};
  int literal_count = (int)bits(state, 5) + 257, distance_count = (int)bits(state, 5) + 1;
  int length_count = (int)bits(state, 4) + 4, total = literal_count + distance_count;
  if (literal_count > MAX_LITERALS || distance_count > MAX_DISTANCES) return (void)(state->failed = 1);
  Code code, distances;
  for (int i = 0; i < length_count; i++) lengths[order[i]] = (uint8_t)bits(state, 3);
  build(&code, lengths, 19);
  memset(lengths, 0, sizeof lengths);
  for (int at = 0; at < total && !state->failed;) {
    int value = symbol(state, &code), repeat = 1;
    uint8_t length = value < 16 ? (uint8_t)value : 0;
    if (value == 16) {
      if (at == 0) return (void)(state->failed = 1);
      length = lengths[at - 1];
      repeat = 3 + (int)bits(state, 2);
    } else if (value == 17) {
      repeat = 3 + (int)bits(state, 3);
    } else if (value == 18) {
      repeat = 11 + (int)bits(state, 7);
    }
    if (at + repeat > total) return (void)(state->failed = 1);
    memset(lengths + at, length, (size_t)repeat);
    at += repeat;
  }
  build(&code, lengths, literal_count);
  build(&distances, lengths + literal_count, distance_count);
  compressed(state, &code, &distances);
}

static void fixed(State *state) {
  uint8_t lengths[MAX_LITERALS];
  Code code, distances;
  for (int i = 0; i < MAX_LITERALS; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  build(&code, lengths, MAX_LITERALS);
  memset(lengths, 5, MAX_DISTANCES);
  build(&distances, lengths, MAX_DISTANCES);
  compressed(state, &code, &distances);
}

static void stored(State *state) {
  state->in -= state->held_bits / 8;
  state->held = 0;
  state->held_bits = 0;
  if (state->in_end - state->in < 4) return (void)(state->failed = 1);
  size_t length = (size_t)(state->in[0] | state->in[1] << 8);
  state->in += 4;
  if (length > (size_t)(state->in_end - state->in)) return (void)(state->failed = 1);
  if (length > (size_t)(state->out_end - state->out)) return (void)(state->failed = TOO_LARGE);
  memcpy(state->out, state->in, length);
  state->in += length;
  state->out += length;
}

int64_t inflate_raw(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length) {
  State state = {.in = in, .in_end = in + in_length, .out = out, .out_start = out, .out_end = out + out_length};
  for (int is_last = 0; !is_last && !state.failed;) {
    is_last = (int)bits(&state, 1);
    switch (bits(&state, 2)) {
      case 0: stored(&state); break;
      case 1: fixed(&state); break;
      case 2: dynamic(&state); break;
      default: state.failed = 1;
    }
  }
  if (state.failed) return state.failed == TOO_LARGE ? -EFBIG : -EINVAL;
  return state.out - state.out_start;
}

JSValue host_inflate(JSContext *ctx, Bytes in, int64_t most) {
  uint8_t *out = malloc((size_t)most + 1);
  if (!out) return JS_ThrowOutOfMemory(ctx);
  int64_t length = inflate_raw(in.data, in.length, out, (size_t)most);
  JSValue answer = length < 0 ? JS_NewInt64(ctx, length) : copied(ctx, out, (size_t)length);
  free(out);
  return answer;
}
