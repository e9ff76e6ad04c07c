/** The fields of a line that the read models use. */
export interface LineData {
  readonly quantity: number;
  readonly unitPriceMils: number;
}

/** The amount of a line in thousandths of a pound, negative for a return. Exact, since all numbers are integers. */
export function amountOf({ quantity, unitPriceMils }: LineData): number {
  return quantity * unitPriceMils;
}

/** Adds one line and its amount to a row. */
export function addLine<TRow extends { readonly lines: number; readonly mils: number }>(
  row: TRow,
  line: LineData,
): TRow {
  return { ...row, lines: row.lines + 1, mils: row.mils + amountOf(line) };
}
