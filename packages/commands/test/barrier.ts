/**
 * Blocks its callers until `count` of them have arrived, then releases all at once. Later callers pass at once.
 */
export function barrier(count: number): () => Promise<void> {
  let come = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async () => {
    come += 1;
    if (come >= count) open();
    await opened;
  };
}
