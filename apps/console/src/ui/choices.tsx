import type { ReactNode } from "react";
import styles from "./choices.module.css";

interface ChoicesProps {
  readonly legend: string;
  readonly children: ReactNode;
}

/** Checkboxes that belong together. */
export function Choices({ legend, children }: ChoicesProps) {
  return (
    <fieldset className={styles.choices}>
      <legend>{legend}</legend>
      {children}
    </fieldset>
  );
}
