import { Outlet, useMatches } from "@tanstack/react-router";
import { useMissingScope, useSession } from "../api/session.ts";
import { Empty } from "../ui/async.tsx";
import { Page } from "../ui/page.tsx";
import { guardOf } from "./guards.ts";

/** The page; or, where the key of the session sees nothing of it, what is missing. What would be refused is not asked for. */
export function Reach() {
  // What the outlet shows: the address is ahead of it while a page loads.
  const guard = guardOf(useMatches({ select: (matches) => matches.at(-1)?.pathname ?? "" }));
  const scope = useMissingScope(...(guard?.scopes ?? []));
  const devices = useSession()?.devices;
  const limited = guard?.allDevices === true && devices !== "*";
  const missing =
    scope ?? (limited ? "It shows all devices; your key is for certain ones." : undefined);
  if (guard === undefined || missing === undefined) return <Outlet />;
  return (
    <Page title={guard.word}>
      <Empty title={missing} testId="page.refused" />
    </Page>
  );
}
