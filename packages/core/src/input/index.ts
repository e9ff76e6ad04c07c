export {
  assertDuration,
  assertInstant,
  assertList,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from './assert-argument.ts';
export { parseCommandInput } from './parse-command-input.ts';
export { type Parsed, parseWith, tooDeep } from './parse-with.ts';
