import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { pombo, queries } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useLive } from "../../api/live.ts";
import { type Overview, withTick } from "./overview.ts";

const KEY = ["overview"];
/** The stream tells it every second; this is for what the stream has missed, and for when there is none. */
const POLL_MS = 30_000;

/** The installation as it is, and since when it can't be told (ms since the epoch). @param asks whether the session may ask for it */
export function useOverview(asks: boolean) {
  const [outage, setOutage] = useState<number>();
  const query = useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => {
      const overview = await pombo.getOverview({}, { signal });
      setOutage(undefined);
      return overview;
    },
    enabled: asks,
    refetchInterval: usePoll(POLL_MS),
  });
  useLive((events) => {
    const last = events.findLast(({ type }) => type === "overview" || type === "outage");
    if (last === undefined) return;
    if (last.type === "outage") return setOutage(Date.parse(String(last.data["since"])));
    setOutage(undefined);
    const tick = last.data as unknown as Overview;
    queries.setQueryData<Overview>(KEY, (before) => withTick(before, tick));
  });
  return { query, outage };
}
