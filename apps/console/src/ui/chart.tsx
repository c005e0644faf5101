import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "react";
import UPlot from "uplot";
import { usePreference } from "../shell/preferences.ts";
import styles from "./chart.module.css";
import { formatClock } from "./format.ts";
import type { Role } from "./status-role.ts";
import { useDarkness } from "./use-darkness.ts";

export interface Series {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly role: Role;
  /** Sets series apart where colours don't: lengths of strokes and gaps. */
  readonly dash?: readonly number[];
}

interface ChartProps {
  /** What it shows. */
  readonly label: string;
  /** ms since the epoch, one for each value. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  /** Of the values: "msg/s". */
  readonly unit: string;
  readonly height?: number;
  readonly testId?: string;
}

const COLOURS: Readonly<Record<Role, string>> = {
  neutral: "var(--neutral)",
  moving: "var(--moving)",
  waiting: "var(--waiting-line)",
  "needs-you": "var(--needs-text)",
};

/** Lines over time. A canvas has no text for screen readers: the same numbers stand in a table below. */
export function Chart({ label, times, series, unit, height = 200, testId }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const dark = useDarkness();
  const theme = usePreference("theme");
  const shape = series.map((one) => `${one.label} ${one.role} ${String(one.dash)}`).join();
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const made = new UPlot(
      optionsOf(element, series, { height, unit }),
      dataOf(times, series),
      element,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
    };
  }, [shape, unit, height, dark, theme]);
  useEffect(() => plot.current?.setData(dataOf(times, series)), [times, series]);
  return (
    <figure className={styles.chart} data-testid={testId}>
      <div ref={place} role="img" aria-label={`${label}; the numbers are in the table below`} />
      <details>
        <summary>Show as table</summary>
        <Numbers label={label} times={times} series={series} unit={unit} />
      </details>
    </figure>
  );
}

type NumbersProps = Pick<ChartProps, "label" | "times" | "series" | "unit">;

function Numbers({ label, times, series, unit }: NumbersProps) {
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={`${label}, as a table`}>
      <table className={styles.numbers}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {series.map((one) => (
              <th key={one.label} scope="col">
                {one.label} ({unit})
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, index) => (
            <tr key={time}>
              <th scope="row">{formatClock(time)}</th>
              {series.map((one) => (
                <td key={one.label}>{one.values[index] ?? "–"}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function dataOf(times: readonly number[], series: readonly Series[]): UPlot.AlignedData {
  return [times.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])];
}

/** A canvas knows no variables: each colour is read from an element that has it. */
function colourOf(element: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

interface Look {
  readonly height: number;
  readonly unit: string;
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  { height }: Look,
): UPlot.Options {
  const colours = series.map(({ role }) => colourOf(element, COLOURS[role]));
  const line = colourOf(element, "var(--line)");
  const ink = colourOf(element, "var(--neutral)");
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { show: false },
    padding: [8, 92, 0, 0],
    axes: [
      { ...axis, values: (_, splits) => splits.map((s) => formatClock(s * 1_000).slice(0, 5)) },
      axis,
    ],
    scales: { y: { range: (_, _min, max) => [0, Math.max(1, max * 1.1)] } },
    series: [
      {},
      ...series.map(({ label, dash }, index) => ({
        label,
        stroke: colours[index] ?? ink,
        width: 2,
        points: { show: false },
        ...(dash === undefined ? {} : { dash: [...dash] }),
      })),
    ],
    hooks: { draw: [(drawn) => drawEndLabels(drawn, colours)] },
  };
}

/** The name of each line at its end, moved apart where they would meet. */
function drawEndLabels(plot: UPlot, colours: readonly string[]): void {
  const { ctx, bbox } = plot;
  const size = 12 * devicePixelRatio;
  const ends = colours
    .map((colour, index) => ({
      colour,
      label: plot.series[index + 1]?.label,
      y: plot.valToPos(lastOf(plot.data[index + 1]), "y", true),
    }))
    .toSorted((a, b) => a.y - b.y);
  ctx.save();
  ctx.font = `${size}px system-ui, sans-serif`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  let free = bbox.top;
  for (const { colour, label, y } of ends) {
    const at = Math.max(y, free);
    free = at + size * 1.2;
    ctx.fillStyle = colour;
    const text = typeof label === "string" ? label : "";
    ctx.fillText(text, bbox.left + bbox.width + 6 * devicePixelRatio, at);
  }
  ctx.restore();
}

function lastOf(values: ArrayLike<number | null | undefined> | undefined): number {
  return Array.from(values ?? []).findLast((value) => typeof value === "number") ?? 0;
}
