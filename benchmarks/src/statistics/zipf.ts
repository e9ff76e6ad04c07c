/**
 * Draws numbers from 0 to `count` - 1 with the distribution of popular items: the second half as often as the first,
 * the third a third as often (Zipf's law with exponent 1).
 *
 * @param random from 0 up to 1
 */
export function zipf(count: number, random: () => number): () => number {
  const cumulative = new Float64Array(count);
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    sum += 1 / (index + 1);
    cumulative[index] = sum;
  }
  return () => {
    const target = random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
