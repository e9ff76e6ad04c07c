import { fresh, total } from './fill.ts';
import { balances } from '../test/bank.ts';
import { createProjectionRunner } from '@leftfold/projections';
import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';
const { store } = await fresh('proj_prof');
const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.setSamplingInterval', { interval: 200 });
await using runner = createProjectionRunner({ store, projections: [balances], onError: console.error });
await runner.migrate();
await session.post('Profiler.start');
const started = performance.now();
await runner.start();
await runner.caughtUp(balances);
console.log(Math.round((total / (performance.now() - started)) * 1000), 'events/s');
const { profile } = (await session.post('Profiler.stop')) as any;
writeFileSync('/tmp/proj.cpuprofile', JSON.stringify(profile));
const self = new Map<string, number>();
const byId = new Map(profile.nodes.map((n: any) => [n.id, n]));
profile.samples.forEach((id: number, i: number) => {
  const n: any = byId.get(id);
  const k = `${n.callFrame.functionName || '(anon)'} ${n.callFrame.url.split('/').slice(-3).join('/')}:${n.callFrame.lineNumber + 1}`;
  self.set(k, (self.get(k) ?? 0) + profile.timeDeltas[i]);
});
for (const [k, v] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 45))
  console.log((v / 1000).toFixed(0).padStart(6), k);
await store.close();
