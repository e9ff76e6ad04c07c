/** Everything that an iteration returns, or its first `limit` values. */
export async function collect<T>(values: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const collected: T[] = [];
  if (limit <= 0) return collected;
  for await (const value of values) {
    collected.push(value);
    if (collected.length >= limit) break;
  }
  return collected;
}
