import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A separate project, which is not installed with the workspace. */
export const peersFolder = fileURLToPath(new URL('../../peers/', import.meta.url));

/** The packages of the peers, by the names of their files in the folder `peers`. */
export const peerPackages = {
  emmett: '@event-driven-io/emmett-postgresql',
  castore: '@castore/event-storage-adapter-postgres',
  act: '@rotorsoft/act-pg',
  'dcb-es': '@dcb-es/event-store-postgres',
  'emmett-kysely': '@wataruoguchi/emmett-event-store-kysely',
} as const;

export type PeerName = keyof typeof peerPackages;

export const peers = Object.keys(peerPackages) as readonly PeerName[];

/** The version of a peer that is installed and measured. */
export function versionOf(peer: PeerName): string {
  const manifest: unknown = JSON.parse(readFileSync(join(peersFolder, 'package.json'), 'utf8'));
  const { dependencies } = manifest as { readonly dependencies: Readonly<Record<string, string>> };
  return dependencies[peerPackages[peer]] ?? '?';
}
