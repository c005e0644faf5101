import { encode } from "uqr";
import styles from "./qr-code.module.css";

const MARGIN = 4;

interface QrCodeProps {
  readonly text: string;
  /** What it is for: "Pairing code for sales-3". */
  readonly label: string;
  readonly testId?: string;
}

/** Black on white in both themes, with the margin that readers need. */
export function QrCode({ text, label, testId }: QrCodeProps) {
  const { data, size } = encode(text, { border: MARGIN, ecc: "L" });
  return (
    <svg
      className={styles.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
      data-testid={testId}
      data-value={text}
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={pathOf(data)} fill="#000" />
    </svg>
  );
}

/** One path for all dark modules, row by row in runs. */
function pathOf(rows: readonly (readonly boolean[])[]): string {
  let path = "";
  for (const [y, row] of rows.entries())
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      const from = x;
      while (row[x + 1] === true) x += 1;
      path += `M${from} ${y}h${x - from + 1}v1H${from}z`;
    }
  return path;
}
