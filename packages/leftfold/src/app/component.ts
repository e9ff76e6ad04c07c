import type { DisposableStack } from './disposable-stack.ts';

/**
 * A part of the app with a life of its own. What a component does not need, it leaves out.
 *
 * Any number of processes may migrate at once. `stop` lets running work end, and is called in the reverse order of
 * `start`, also for a component whose `start` failed.
 */
export interface Component {
  migrate?(): Promise<void>;
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** Migrates and starts a component; the stack stops it later. */
export async function startComponent(stack: DisposableStack, component: Component): Promise<void> {
  stack.defer(async () => component.stop?.());
  await component.migrate?.();
  await component.start?.();
}
