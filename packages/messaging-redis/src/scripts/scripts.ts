import { acknowledge } from './acknowledge.ts';
import { endLeases, keepLeases } from './keep-leases.ts';
import { prepare } from './prepare.ts';
import { publish } from './publish.ts';
import { receive } from './receive.ts';

/** What the server does in one step. */
export const scripts = {
  publish,
  prepare: whileFull(prepare),
  keepLeases: whileFull(keepLeases),
  endLeases: whileFull(endLeases),
  receive: whileFull(receive),
  acknowledge: whileFull(acknowledge),
} as const;

export type ScriptName = keyof typeof scripts;

/** A script that also runs while the memory is full: consumers make room. */
function whileFull(script: string): string {
  return `#!lua flags=allow-oom\n${script}`;
}
