/* Decompresses raw deflate (RFC 1951) by zlib, the whole content in one call: so it needs no window beside it. */
#include <stdlib.h>
/* Input is const. */
#define ZLIB_CONST
#include <zlib.h>

#include "binding.h"

int64_t inflate_raw(const uint8_t *in, size_t in_length, uint8_t *out, size_t out_length) {
  if (in_length > UINT32_MAX || out_length > UINT32_MAX) return -EFBIG;
  z_stream stream = {.next_in = in, .avail_in = (uInt)in_length, .next_out = out, .avail_out = (uInt)out_length};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return -ENOMEM;
  int status = inflate(&stream, Z_FINISH);
  int64_t length = (int64_t)stream.total_out;
  inflateEnd(&stream);
  if (status == Z_STREAM_END) return length;
  if (status == Z_MEM_ERROR) return -ENOMEM;
  return status == Z_BUF_ERROR && stream.avail_out == 0 ? -EFBIG : -EINVAL;
}

JSValue host_inflate(JSContext *ctx, Bytes in, int64_t most) {
  uint8_t *out = malloc((size_t)most + 1);
  if (!out) return JS_ThrowOutOfMemory(ctx);
  int64_t length = inflate_raw(in.data, in.length, out, (size_t)most);
  JSValue answer = length < 0 ? JS_NewInt64(ctx, length) : copied(ctx, out, (size_t)length);
  free(out);
  return answer;
}
