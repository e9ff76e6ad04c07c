/** What the read models need of a line. */
export interface LineData {
  readonly quantity: number;
  readonly unitPriceMils: number;
}

/** A line's worth in thousandths of a pound; negative when goods or money went back. Exact: whole numbers only. */
export function amountOf({ quantity, unitPriceMils }: LineData): number {
  return quantity * unitPriceMils;
}

/** A row with one more line, and its worth. */
export function addLine<TRow extends { readonly lines: number; readonly mils: number }>(
  row: TRow,
  line: LineData,
): TRow {
  return { ...row, lines: row.lines + 1, mils: row.mils + amountOf(line) };
}
