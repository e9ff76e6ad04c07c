/** In a process of the oracle: the task it was started with, and how often it was started, from 1. */
export function receiveTask<TTask>(): TTask & { readonly generation: number } {
  return JSON.parse(process.argv[2] ?? '{}') as TTask & { readonly generation: number };
}

/**
 * In a process of the oracle: does the work, receives orders meanwhile, and then disconnects from the oracle, so that
 * the process can end. When the oracle ends first, the process ends at once.
 */
export async function serve<TOrder>(
  onOrder: (order: TOrder) => void,
  work: () => Promise<void>,
): Promise<void> {
  const endWithOracle = () => process.exit(1);
  process.on('message', (message) => onOrder(message as TOrder));
  process.on('disconnect', endWithOracle);
  process.send?.('ready');
  await work();
  process.off('disconnect', endWithOracle);
  process.disconnect();
}
