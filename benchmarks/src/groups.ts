import { bareBulk } from './append/baseline-bulk.ts';
import { bareInsert } from './append/baseline-insert.ts';
import { leftfoldAppend } from './append/leftfold-append.ts';
import { taggedAppend } from './append/tagged-append.ts';
import { decideFlat } from './decide/decide-flat.ts';
import { decideNew } from './decide/decide-new.ts';
import { decideOverlap } from './decide/decide-overlap.ts';
import { depositByAggregate, depositByTags } from './decide/rules.ts';
import { awaitedStatements, balances, statements } from './domain/balances.ts';
import { leftfoldFlat } from './flat/leftfold-flat.ts';
import { barePing, bareSelect, bareSnapshotRow } from './load/baseline-select.ts';
import { leftfoldLoad, leftfoldLoadFromSnapshot } from './load/leftfold-load.ts';
import { bareConsumer } from './messages/bare-consumer.ts';
import { bareJetstream } from './messages/bare-jetstream.ts';
import { bareRabbitmq } from './messages/bare-rabbitmq.ts';
import { openStream } from './messages/jetstream-stream.ts';
import { leftfoldConsumer } from './messages/leftfold-consumer.ts';
import { leftfoldDelivered } from './messages/leftfold-delivered.ts';
import { leftfoldRelay } from './messages/leftfold-relay.ts';
import { openExchange } from './messages/rabbitmq-exchange.ts';
import { peerInstallation } from './peers/install-peers.ts';
import { peers } from './peers/peer-list.ts';
import { peerAppend, peerCatchUp } from './peers/peer-workloads.ts';
import { bareCommands } from './processes/bare-commands.ts';
import { idleDeadlines } from './processes/idle-deadlines.ts';
import { leftfoldDeadlines } from './processes/leftfold-deadlines.ts';
import { leftfoldSteps } from './processes/leftfold-steps.ts';
import { bareLoop } from './project/baseline-loop.ts';
import { bareStatements } from './project/baseline-statements.ts';
import { leftfoldCatchUp } from './project/catch-up.ts';
import { leftfoldRebuild } from './project/rebuild.ts';
import { readCategory } from './read/category.ts';
import { leftfoldReplay } from './replay/leftfold-replay.ts';
import type { Pace } from './run/pace.ts';
import type { Group } from './run/workload.ts';
import { onStockServer } from './server/stock-server.ts';
import { silentChannel } from './tracing/silent-channel.ts';
import { tracedAppends } from './tracing/traced-appends.ts';
import { leftfoldIdle } from './subscriptions/leftfold-idle.ts';
import { leftfoldSlices } from './subscriptions/leftfold-slices.ts';
import { bareTraffic } from './traffic/baseline-traffic.ts';
import { leftfoldTraffic } from './traffic/leftfold-traffic.ts';
import { leftfoldVisible } from './visible/leftfold-visible.ts';

/** All groups of workloads that are measured at this pace. */
export function groupsAt({ full, catchUpEvents, statementEvents, slicedEvents }: Pace): readonly Group[] {
  const install = peerInstallation();
  const always: readonly Group[] = [
    [bareInsert('append.single.insert', 1), leftfoldAppend('append.single.leftfold', 1)],
    [
      bareBulk('append.bulk'),
      leftfoldAppend('append.64.leftfold', 64),
      leftfoldAppend('append.1024.leftfold', 1_024),
      ...peers.map((peer) => peerAppend(`append.64.peer.${peer}`, peer, install, 64)),
      bareInsert('append.64.insert', 64),
    ],
    [
      leftfoldAppend('append.tags.16.streams', 16, taggedAppend('no-stream')),
      leftfoldAppend('append.tags.16.leftfold', 16, taggedAppend('no-tag')),
      peerAppend('append.tags.16.peer.dcb-es', 'dcb-es', install, 16),
    ],
    [
      onStockServer(leftfoldAppend('append.tags.stock.streams', 16, taggedAppend('no-stream'))),
      onStockServer(leftfoldAppend('append.tags.stock.leftfold', 16, taggedAppend('no-tag'))),
      onStockServer(peerAppend('append.tags.stock.peer.dcb-es', 'dcb-es', install, 16)),
    ],
    [
      decideNew('decide.tags.16.aggregate', 16, depositByAggregate),
      decideNew('decide.tags.16.leftfold', 16, depositByTags),
    ],
    [0, 25, 50, 75, 100].map((percent) => decideOverlap(`decide.overlap.${percent}`, 16, percent / 100)),
    [
      decideFlat('decide.tags.flat.10k', 16, 10_000),
      full
        ? decideFlat('decide.tags.flat.10m', 16, 10_000_000)
        : decideFlat('decide.tags.flat.1m', 16, 1_000_000),
    ],
    [readCategory('read.category.custom', 'custom'), readCategory('read.category.generic', 'generic')],
    [leftfoldAppend('tracing.64.silent', 64), tracedAppends('tracing.64.subscribed', 64)],
    [
      silentChannel('tracing.call.direct', { published: false }),
      silentChannel('tracing.call.silent', { published: true }),
    ],
    [bareTraffic('traffic.hot.bare', 0), leftfoldTraffic('traffic.hot.leftfold', 0)],
    [bareTraffic('traffic.mixed.bare', 0.5), leftfoldTraffic('traffic.mixed.leftfold', 0.5)],
    [bareSelect('load.1000.select'), leftfoldLoad('load.1000.leftfold')],
    [
      bareSnapshotRow('load.snapshot.roundTrip'),
      leftfoldLoadFromSnapshot('load.snapshot.leftfold'),
      barePing('load.snapshot.ping'),
    ],
    [
      bareLoop('project.table.loop'),
      leftfoldCatchUp('project.table.leftfold', balances, catchUpEvents),
      leftfoldRebuild('project.table.rebuild', balances(1), catchUpEvents),
      ...peers.map((peer) => peerCatchUp(`project.table.peer.${peer}`, peer, install, !full)),
    ],
    [
      bareStatements('project.general.statements', { pipelined: false }),
      bareStatements('project.general.pipelined', { pipelined: true }),
      leftfoldCatchUp('project.general.leftfold', statements, statementEvents),
      leftfoldCatchUp('project.general.awaited', awaitedStatements, statementEvents),
    ],
    [leftfoldVisible('visible.idle.leftfold')],
    [leftfoldSlices('slices.one', 1, slicedEvents), leftfoldSlices('slices.two', 2, slicedEvents)],
    [leftfoldIdle('idle.100', 100, 1)],
    [leftfoldIdle('idle.32x16', 32, 16)],
    [bareRabbitmq('relay.rabbitmq.client'), leftfoldRelay('relay.rabbitmq.leftfold', openExchange)],
    [bareJetstream('relay.jetstream.client'), leftfoldRelay('relay.jetstream.leftfold', openStream)],
    [
      bareConsumer('consumer.loop'),
      leftfoldConsumer('consumer.leftfold'),
      leftfoldConsumer('consumer.awaited', { awaits: true }),
    ],
    [leftfoldDelivered('relay.idle')],
    [
      bareCommands('process.commands.1', 1),
      bareCommands('process.commands.10', 10),
      leftfoldSteps('process.step'),
      leftfoldDeadlines('process.deadlines.due'),
    ],
    [idleDeadlines('process.deadlines.none', 0)],
    [idleDeadlines('process.deadlines.open', 100_000)],
    [leftfoldReplay('replay.1m.leftfold')],
  ];
  if (!full) return always;
  return [...always, [leftfoldFlat('flat.100k', 100_000, false), leftfoldFlat('flat.10m', 10_000_000, true)]];
}
