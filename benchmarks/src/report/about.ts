import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import type { Pace } from '../run/pace.ts';
import { type Machine, machine } from '../server/machine.ts';
import type { ServerSettings } from '../server/server-settings.ts';

/** What figures depend on, beside the code. */
export interface About {
  readonly date: string;
  readonly machine: Machine;
  /** Programs that wanted a core in the minute before, on average: whatever else the machine was doing. */
  readonly loadBefore: number;
  readonly node: string;
  readonly libraries: Readonly<Record<string, string>>;
  readonly server: string;
  readonly settings: ServerSettings;
  readonly repetitions: number;
  readonly quick: boolean;
}

export function describeRun(server: string, settings: ServerSettings, pace: Pace, now: Date): About {
  return {
    date: now.toISOString().slice(0, 10),
    machine: machine(),
    loadBefore: loadavg()[0] ?? 0,
    node: process.versions.node,
    libraries: { pg: versionOf('pg'), kysely: versionOf('kysely'), zod: versionOf('zod') },
    server,
    settings,
    repetitions: pace.repetitions,
    quick: !pace.full,
  };
}

/** When and where it was measured, short enough for a chart. */
export function captionOf({ date, machine: { cores, memoryMb } }: About): string {
  return `${date}, ${cores} cores, ${Math.round(memoryMb / 1_024)} GB, every commit on disk`;
}

/** The lines above every table of figures. */
export function aboutLines(about: About): readonly string[] {
  const { cores, memoryMb, system } = about.machine;
  const { server_version: version, ...settings } = about.settings;
  const list = (pairs: Readonly<Record<string, string>>, between: string) =>
    Object.entries(pairs)
      .map(([name, value]) => `${name}${between}${value}`)
      .join(', ');
  return [
    `Date: ${about.date}${about.quick ? ' (quick run)' : ''}`,
    `Machine: ${cores} cores, ${Math.round(memoryMb / 1024)} GB of memory, ${system}; client and server share it; load before the run: ${about.loadBefore.toFixed(1)}`,
    `Software: PostgreSQL ${version}, Node ${about.node}, ${list(about.libraries, ' ')}`,
    `Server settings: ${list(settings, ' = ')}`,
    `Repetitions: ${about.repetitions}, interleaved; medians, with the lowest and highest in brackets`,
  ];
}

/** Not every package lets its manifest be imported: it is read from where this package's dependencies are. */
function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '?';
}
