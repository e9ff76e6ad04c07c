import { bareBulk } from './append/bare-bulk.ts';
import { bareInsert } from './append/bare-insert.ts';
import { leftfoldAppend } from './append/leftfold-append.ts';
import { barePing, bareSelect, bareSnapshotRow } from './load/bare-select.ts';
import { leftfoldLoad, leftfoldLoadFromSnapshot } from './load/leftfold-load.ts';
import { bareLoop } from './project/bare-loop.ts';
import { bareStatements } from './project/bare-statements.ts';
import { leftfoldCatchUp } from './project/catch-up.ts';
import { balances, statements } from './domain/balances.ts';
import { leftfoldVisible } from './visible/leftfold-visible.ts';
import { leftfoldReplay } from './replay/leftfold-replay.ts';
import type { Group } from './run/workload.ts';

/** Everything that can be measured. */
export function groups(): readonly Group[] {
  return [
    [bareInsert('append.single.insert', 1), leftfoldAppend('append.single.leftfold', 1)],
    [
      bareBulk('append.bulk'),
      leftfoldAppend('append.64.leftfold', 64),
      leftfoldAppend('append.1024.leftfold', 1_024),
      bareInsert('append.64.insert', 64),
    ],
    [bareSelect('load.1000.select'), leftfoldLoad('load.1000.leftfold')],
    [
      bareSnapshotRow('load.snapshot.roundTrip'),
      leftfoldLoadFromSnapshot('load.snapshot.leftfold'),
      barePing('load.snapshot.ping'),
    ],
    [
      bareLoop('project.table.loop'),
      leftfoldCatchUp('project.table.leftfold', balances, ({ catchUpEvents }) => catchUpEvents),
    ],
    [
      bareStatements('project.general.statements'),
      leftfoldCatchUp('project.general.leftfold', statements, ({ statementEvents }) => statementEvents),
    ],
    [leftfoldVisible('visible.idle.leftfold')],
    [leftfoldReplay('replay.1m.leftfold')],
  ];
}
