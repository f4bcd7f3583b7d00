/** Random bytes in stock: asking for ten costs as much as asking for a thousand. Pure. */

const STOCK_BYTES = 1024;

/** Hands out each byte of `source` once; `bytes` is at most {@link STOCK_BYTES}. */
export function inStock(source: (bytes: number) => Uint8Array): (bytes: number) => Uint8Array {
  let stock = new Uint8Array(0);
  let used = 0;
  return (bytes) => {
    if (used + bytes > stock.length) {
      stock = Uint8Array.from(source(STOCK_BYTES));
      used = 0;
    }
    used += bytes;
    return stock.subarray(used - bytes, used);
  };
}
