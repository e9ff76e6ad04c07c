/** The accounts and the amount of the n-th transfer. They are the same in every run, so that it can be repeated. */
export function routeOf(ids: readonly string[], index: number) {
  const from = ids[(index * 7) % ids.length]!;
  const to = ids[(index * 7 + 1 + ((index * 3) % (ids.length - 1))) % ids.length]!;
  return { from, to, cents: 100 * (1 + ((index * 31) % 400)) };
}
