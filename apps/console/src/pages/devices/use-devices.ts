import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { pombo, queries } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useLive } from "../../api/live.ts";
import { type ListedDevice, withChanged } from "./device.ts";

const KEY = ["devices", "lanes"];
const PAGE = 1_000;
/** All numbers anew: what changed a state comes sooner, by the stream. */
const POLL_MS = 10_000;
const GATHER_MS = 1_000;
const MOST_IDS = 200;

/** All devices with what waits on each; those that the stream names are asked for again at once. */
export function useDevices() {
  const query = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => loadAll(signal),
    refetchInterval: usePoll(POLL_MS),
  });
  const changed = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useLive((events) => {
    for (const { type, data } of events)
      if (/^(?:device|lane)\./.test(type) && data.device_id !== undefined)
        changed.current.add(data.device_id);
    if (changed.current.size === 0 || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      const ids = [...changed.current];
      changed.current.clear();
      void refresh(ids);
    }, GATHER_MS);
  });
  return query;
}

async function loadAll(signal: AbortSignal): Promise<readonly ListedDevice[]> {
  const all: ListedDevice[] = [];
  let cursor: string | undefined;
  do {
    // oxlint-disable-next-line no-await-in-loop -- page after page
    const page = await pombo.listDevices(
      { lanes: "true", limit: PAGE, ...(cursor === undefined ? {} : { cursor }) },
      { signal },
    );
    all.push(...page.devices);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** Only these; a device that is new, or very many, mean all of them. */
async function refresh(ids: readonly string[]): Promise<void> {
  const known = new Set(
    queries.getQueryData<readonly ListedDevice[]>(KEY)?.map((one) => one.device_id),
  );
  if (ids.length > MOST_IDS || ids.some((id) => !known.has(id)))
    return queries.invalidateQueries({ queryKey: KEY });
  const { devices } = await pombo.listDevices({
    lanes: "true",
    ids: ids.join(","),
    limit: MOST_IDS,
  });
  if (devices.length < ids.length) return queries.invalidateQueries({ queryKey: KEY });
  queries.setQueryData<readonly ListedDevice[]>(
    KEY,
    (before) => before && withChanged(before, devices),
  );
}
