import type { Workload } from '../run/workload.ts';
import type { PeerName } from './peer-list.ts';
import { PeerProcess } from './peer-process.ts';

/** Installs the peers, unless that was done. */
type Install = (say: (line: string) => void) => Promise<void>;

/** The peer's own way to append one event to a new stream, `inFlight` at a time. */
export function peerAppend(name: string, peer: PeerName, install: Install, inFlight: number): Workload {
  return {
    name,
    async setup({ server, say }) {
      await install(say);
      const database = await server.createDatabase();
      const process_ = await PeerProcess.start(peer, database.connectionString);
      return {
        async run({ sampleMs, warmUpMs }) {
          await process_.ask('append', { inFlight, durationMs: warmUpMs });
          const { perSecond, ...latencies } = await process_.ask('append', {
            inFlight,
            durationMs: sampleMs,
          });
          return { eventsPerSecond: perSecond!, ...latencies };
        },
        async teardown() {
          await process_[Symbol.asyncDispose]();
          await database.drop();
        },
      };
    },
  };
}

/** The peer's own way to keep a read model, catching up from the beginning of its log. */
export function peerCatchUp(name: string, peer: PeerName, install: Install, once: boolean): Workload {
  return {
    name,
    once,
    async setup({ server, pace, say }) {
      await install(say);
      const database = await server.createDatabase();
      const process_ = await PeerProcess.start(peer, database.connectionString);
      const { events } = await process_
        .ask('fill', { events: pace.peerEvents })
        .catch(async (error: unknown) => {
          await process_[Symbol.asyncDispose]();
          throw error;
        });
      let repetition = 0;
      return {
        async run({ peerLimitMs: limitMs }) {
          repetition += 1;
          return process_.ask('project', { projection: `totals_${repetition}`, events: events!, limitMs });
        },
        async teardown() {
          await process_[Symbol.asyncDispose]();
          await database.drop();
        },
      };
    },
  };
}
