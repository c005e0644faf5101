import { type ComponentProps, type ReactNode, useId } from "react";
import { AppLink } from "./app-link.tsx";
import styles from "./button.module.css";

type Variant = "plain" | "primary" | "danger";

export interface ButtonProps extends Omit<ComponentProps<"button">, "className" | "disabled"> {
  readonly variant?: Variant | undefined;
  /** Why it can't be pressed now, told to whoever asks. It stays reachable by keyboard. */
  readonly disabledBecause?: string | undefined;
  readonly icon?: ReactNode;
  /** Pressed already, not done yet. */
  readonly busy?: boolean;
}

/** A verb, with its count where it acts on many: "Discard 214". */
export function Button({
  variant = "plain",
  disabledBecause,
  icon,
  busy = false,
  children,
  onClick,
  type = "button",
  ...rest
}: ButtonProps) {
  const reason = useId();
  const off = disabledBecause !== undefined || busy;
  const button = (
    <button
      {...rest}
      // A refused button must not submit a form either.
      type={off ? "button" : type}
      className={`${styles.button} ${styles[variant]}`}
      aria-disabled={off || undefined}
      aria-busy={busy || undefined}
      aria-describedby={disabledBecause === undefined ? rest["aria-describedby"] : reason}
      onClick={off ? (event) => event.preventDefault() : onClick}
    >
      {icon}
      {children}
    </button>
  );
  if (disabledBecause === undefined) return button;
  return (
    <span className={styles.refused}>
      {button}
      <span id={reason} className={styles.reason}>
        {disabledBecause}
      </span>
    </span>
  );
}

interface ButtonLinkProps {
  /** Below `/console`. */
  readonly href: string;
  readonly variant?: Variant;
  readonly icon?: ReactNode;
  readonly children: ReactNode;
  readonly "data-testid"?: string;
}

/** Goes somewhere, and looks like what it stands beside. */
export function ButtonLink({ variant = "plain", icon, children, ...link }: ButtonLinkProps) {
  return (
    <AppLink {...link} className={`${styles.button} ${styles[variant]}`}>
      {icon}
      {children}
    </AppLink>
  );
}
