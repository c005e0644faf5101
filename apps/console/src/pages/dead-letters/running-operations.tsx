import { useQuery } from "@tanstack/react-query";
import { pombo } from "../../api/client.ts";
import { usePoll } from "../../api/hold.ts";
import { AppLink } from "../../ui/app-link.tsx";
import { counted } from "../../ui/format.ts";

/** What goes on without anybody watching: begun here, in another tab, or by a program. */
export function RunningOperations() {
  const poll = usePoll(5_000);
  const running = useQuery({
    queryKey: ["operations"],
    queryFn: ({ signal }) => pombo.listOperations({}, { signal }),
    refetchInterval: poll,
  });
  return running.data?.operations.map(({ operation_id: id, kind, total }) => (
    <AppLink key={id} href={`/operations/${id}`}>
      Running: {kind} {counted(total, "letter")}
    </AppLink>
  ));
}
