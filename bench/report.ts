/** A table of text; the first row is its head. Numbers stand right. */
export function table(title: string, rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [`\n## ${title}\n`, line(head), rule, ...rows.slice(1).map(line), ""].join("\n");
}

export function rounded(value: number, digits = 2): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "–";
}

/** `0.93 (goal ≥ 0.9)`, or `0.71 (goal ≥ 0.9: missed)`. */
export function against(
  value: number,
  goal: { readonly least?: number; readonly most?: number },
): string {
  const met = value >= (goal.least ?? -Infinity) && value <= (goal.most ?? Infinity);
  const says = goal.least === undefined ? `≤ ${goal.most}` : `≥ ${goal.least}`;
  return `${rounded(value)} (goal ${says}${met ? "" : ": missed"})`;
}
