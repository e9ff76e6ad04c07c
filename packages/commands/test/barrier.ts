/**
 * Lets nobody pass until so many have come: then they race. Later ones pass at once.
 *
 * @param count who must have come
 */
export function meetingPoint(count: number): () => Promise<void> {
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
