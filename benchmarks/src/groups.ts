import { bareBulk } from './append/bare-bulk.ts';
import { bareInsert } from './append/bare-insert.ts';
import { leftfoldAppend } from './append/leftfold-append.ts';
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
  ];
}
