import type { ErrorComponentProps } from "@tanstack/react-router";
import { CannotTell } from "../ui/async.tsx";

/** A page broke, or could not be loaded. */
export function CannotStart({ error, reset }: ErrorComponentProps) {
  return (
    <div role="main">
      <CannotTell what="what belongs here" error={error} retry={reset} />
    </div>
  );
}
