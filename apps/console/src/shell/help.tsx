import { Checkbox } from "../ui/checkbox.tsx";
import { Dialog } from "../ui/dialog.tsx";
import styles from "./help.module.css";
import { PLACES, type Place } from "./places.ts";
import { prefer, usePreference } from "./preferences.ts";

const JUMPS = PLACES.flatMap(({ key, word }: Place) =>
  key === undefined ? [] : [[`g ${key}`, word] as const],
);

const KEYS: readonly (readonly [string, string])[] = [
  ["/", "Search"],
  ...JUMPS,
  ["j k", "Next row, row before"],
  ["Enter", "Open the row"],
  ["x", "Choose the row"],
  ["p", "Freeze the page, and go on"],
  ["?", "This help"],
];

export function Help({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const off = usePreference("single_keys") === "off";
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard" testId="help">
      <dl className={styles.keys}>
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <Checkbox
        label="Single keys do these things"
        hint="Switch them off when they get in the way of a screen reader or of dictation."
        checked={!off}
        onChange={(on) => prefer("single_keys", on ? undefined : "off")}
        testId="help.single-keys"
      />
    </Dialog>
  );
}
