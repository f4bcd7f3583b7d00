/** Deliveries of the same message, one after the other: each with the one before it. */
export function repetitions<Delivery extends { readonly title: string }>(
  deliveries: readonly Delivery[],
): [Delivery, Delivery][] {
  const last = new Map<string, Delivery>();
  const found: [Delivery, Delivery][] = [];
  for (const one of deliveries) {
    const before = last.get(one.title);
    if (before) found.push([before, one]);
    last.set(one.title, one);
  }
  return found;
}
