import { useQuery } from "@tanstack/react-query";
import { pombo, queries } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { useLive } from "../../api/live.ts";

const LIVE_MS = 2_000;
const SLOW_MS = 15_000;

/** A device, its lane, its gates and its history, each asked for as often as it changes. */
export function useDevice(id: string) {
  const [often, seldom] = [usePoll(LIVE_MS), usePoll(SLOW_MS)];
  const device = useQuery({
    queryKey: ["device", id],
    queryFn: ({ signal }) => pombo.getDevice({ id }, { signal }),
    refetchInterval: often,
  });
  const lane = useQuery({
    queryKey: ["device", id, "lane"],
    queryFn: ({ signal }) => pombo.getLane({ id }, { signal }),
    refetchInterval: often,
  });
  const gates = useQuery({
    queryKey: ["device", id, "gates"],
    queryFn: ({ signal }) => pombo.getLaneGates({ id }, { signal }),
    refetchInterval: often,
  });
  const history = useQuery({
    queryKey: ["device", id, "history"],
    queryFn: ({ signal }) => pombo.getDeviceHistory({ id }, { signal }),
    refetchInterval: seldom,
  });
  useLive((events) => {
    if (events.some(({ data }) => data.device_id === id)) void refreshDevice(id);
  });
  return { device, lane, gates, history };
}

/** Asks for everything of the device anew. */
export function refreshDevice(id: string): Promise<void> {
  return queries.invalidateQueries({ queryKey: ["device", id] });
}
