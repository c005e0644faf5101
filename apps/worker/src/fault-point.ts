/** Between any two of these the process may die; tests make it die right there. */
export const FAULT_POINTS = [
  "lease_taken",
  "taken_over",
  "drawn",
  "fed",
  "job_added",
  "fetched",
  "set_aside",
  "media_fetched",
  "media_kept",
  "media_uploaded",
  "media_ready",
  "begun",
  "sent",
  "settled",
  "finished",
  "released",
] as const;

type FaultPoint = (typeof FAULT_POINTS)[number];

/** Says that a point is reached. */
export type Reach = (point: FaultPoint) => void;

export type ParsedFault =
  | { readonly kind: "fault"; readonly point: FaultPoint; readonly time: number }
  | { readonly kind: "none" }
  | { readonly kind: "refused" };

/** Reads `point` or `point:n`, the n-th time that it is reached. */
export function parseFault(text: string | undefined): ParsedFault {
  if (text === undefined || text === "") return { kind: "none" };
  const [name, time = "1"] = text.split(":");
  const point = FAULT_POINTS.find((one) => one === name);
  if (point === undefined || !/^[1-9][0-9]*$/.test(time)) return { kind: "refused" };
  return { kind: "fault", point, time: Number(time) };
}

/** Counts down to the fault and dies there, as a power cut would: nothing is closed, nothing is written. */
export function faultPoints(fault: ParsedFault, die: () => void): Reach {
  if (fault.kind !== "fault") return () => undefined;
  let left = fault.time;
  return (point) => {
    if (point !== fault.point) return;
    left -= 1;
    if (left === 0) die();
  };
}
