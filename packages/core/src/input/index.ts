export {
  assertDuration,
  assertInstant,
  assertList,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from './assert-argument.ts';
