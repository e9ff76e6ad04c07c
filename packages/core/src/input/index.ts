export {
  assertDuration,
  assertInstant,
  assertList,
  assertObject,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from './assert-argument.ts';
export { parseCommandInput } from './parse-command-input.ts';
export { beyondLimits, type Parsed, parseWith } from './parse-with.ts';
