import { type ReactNode, useEffect, useRef } from "react";
import styles from "./page.module.css";

interface PageProps {
  readonly title: string;
  /** Beside the title: marks, actions. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A page: its heading, which takes the focus when the page is opened, and what stands under it. */
export function Page({ title, aside, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Pombo`;
  }, [title]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <h1 ref={heading} tabIndex={-1} data-testid="page.title">
          {title}
        </h1>
        {aside === undefined ? undefined : <div className={styles.aside}>{aside}</div>}
      </header>
      {children}
    </div>
  );
}
