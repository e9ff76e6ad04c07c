/**
 * A point that no caller passes before `count` of them have arrived: then all go on at once and race. Later callers
 * pass at once.
 */
export function createBarrier(count: number): () => Promise<void> {
  let arrived = 0;
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return async () => {
    arrived += 1;
    if (arrived >= count) open();
    await opened;
  };
}
