/**
 * Lets one message of the process run alone: one that ended its worker before must not take others with it.
 *
 * Every job passes through `enter`; `goAlone` closes the door, waits until the other jobs in hand have ended, and its result opens
 * the door again. One at a time: a second one waits for the first.
 */
export interface Solo {
  /** A job of this device is in hand, until the returned function is called. */
  enter(deviceId: string): () => void;
  /** Somebody else runs alone: take no job. */
  closed(deviceId: string): boolean;
  goAlone(deviceId: string): Promise<() => void>;
}

export function createSolo(): Solo {
  const inside = new Set<string>();
  const waiting = new Set<string>();
  const door: { alone?: string } = {};
  let waiters: (() => void)[] = [];
  const changed = (): void => {
    const told = waiters;
    waiters = [];
    for (const tell of told) tell();
  };
  const nextChange = (): Promise<void> => new Promise((resolve) => waiters.push(resolve));
  const isAlone = (deviceId: string): boolean =>
    [...inside].every((other) => other === deviceId || waiting.has(other));
  return {
    enter(deviceId) {
      inside.add(deviceId);
      return () => {
        inside.delete(deviceId);
        changed();
      };
    },
    closed: (deviceId) => door.alone !== undefined && door.alone !== deviceId,
    async goAlone(deviceId) {
      waiting.add(deviceId);
      changed();
      // Between the last look and the taking nothing may be waited for: two that found the door open would wait for each other forever.
      // oxlint-disable-next-line no-await-in-loop -- woken at every change
      while (door.alone !== undefined) await nextChange();
      waiting.delete(deviceId);
      door.alone = deviceId;
      // Another one that waits for the door with its job in hand can't end before we do.
      // oxlint-disable-next-line no-await-in-loop
      while (!isAlone(deviceId)) await nextChange();
      return () => {
        delete door.alone;
        changed();
      };
    },
  };
}
