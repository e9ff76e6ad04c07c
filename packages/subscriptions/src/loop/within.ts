/** Waits for work. @throws what `toError` makes, when it takes longer than `limitMs`; the work is not waited for then */
export async function within<TResult>(
  work: Promise<TResult>,
  limitMs: number,
  toError: () => Error,
): Promise<TResult> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(toError()), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
