import type { ReactNode } from "react";
import { says } from "../api/says.ts";
import styles from "./async.module.css";
import { Button } from "./button.tsx";
import { Copyable } from "./copyable.tsx";
import { formatClock } from "./format.ts";
import { Note } from "./note.tsx";

/** What a query of TanStack Query tells of itself. */
interface Asked<Data> {
  readonly data: Data | undefined;
  readonly error: unknown;
  readonly dataUpdatedAt: number;
  readonly refetch: () => unknown;
}

interface AsyncProps<Data> {
  readonly query: Asked<Data>;
  /** What is asked for, for people: "the devices". */
  readonly what: string;
  /** Final height of what comes, in px. */
  readonly height?: number;
  readonly isEmpty?: (data: Data) => boolean;
  /** What stands there when there is nothing: `Empty` or `NoMatch`. */
  readonly empty?: ReactNode;
  readonly children: (data: Data) => ReactNode;
}

/** Loading, empty, failed or there. Old data stays while new data is asked for, and says so when that fails. */
export function Async<Data>(props: AsyncProps<Data>) {
  const { query, what, height = 160, isEmpty, empty, children } = props;
  const { data, error, refetch } = query;
  if (data === undefined)
    return error === null ? (
      <Skeleton height={height} what={what} />
    ) : (
      <CannotTell what={what} error={error} retry={refetch} />
    );
  const content = isEmpty?.(data) === true ? empty : children(data);
  if (error === null) return content;
  return (
    <>
      <CannotTell what={what} error={error} lastGood={query.dataUpdatedAt} retry={refetch} />
      <div className={styles.stale}>{content}</div>
    </>
  );
}

/** Of the final height, and seen only when loading takes a while. */
function Skeleton({ height, what }: { readonly height: number; readonly what: string }) {
  return (
    <div className={styles.skeleton} style={{ blockSize: height }} aria-busy>
      <span className={styles.hidden}>Loading {what}</span>
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** What to run to get the first one. */
  readonly curl?: string;
  readonly testId?: string;
}

/** Nothing yet: what would stand here, and how to get the first one. */
export function Empty({ title, children, curl, testId }: EmptyProps) {
  return (
    <div className={styles.empty} data-testid={testId}>
      <p className={styles.title}>{title}</p>
      {children}
      {curl === undefined ? undefined : <Copyable value={curl} label="command" block />}
    </div>
  );
}

interface NoMatchProps {
  /** What was looked for: "No message has these filters." */
  readonly title: string;
  readonly onClear: () => void;
}

/** Something is there, but nothing that matches. */
export function NoMatch({ title, onClear }: NoMatchProps) {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      <div>
        <Button onClick={onClear}>Clear filters</Button>
      </div>
    </div>
  );
}

interface CannotTellProps {
  readonly what: string;
  readonly error: unknown;
  /** ms since the epoch */
  readonly lastGood?: number;
  readonly retry?: () => unknown;
}

/** A failed query is never an empty list: what failed, the last good time, and once more. */
export function CannotTell({ what, error, lastGood, retry }: CannotTellProps) {
  return (
    <Note role="needs-you">
      <div className={styles.failed} data-testid="cannot-tell">
        <p>
          Can’t tell {what}: {says(error)}
          {lastGood === undefined ? undefined : ` Last good at ${formatClock(lastGood)}.`}
        </p>
        {retry === undefined ? undefined : (
          <Button
            onClick={() => {
              retry();
            }}
          >
            Try again
          </Button>
        )}
      </div>
    </Note>
  );
}
