import { Search as SearchIcon } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useId, useRef, useState } from "react";
import { AppLink } from "../ui/app-link.tsx";
import { useGo } from "../ui/use-go.ts";
import { detect } from "./detect.ts";
import { useKeys } from "./keyboard.ts";
import styles from "./search.module.css";

/** One field for everything that has a name or a number; `/` leads here, and Escape back. */
export function Search() {
  const go = useGo();
  const field = useRef<HTMLInputElement>(null);
  const before = useRef<Element>(null);
  const id = useId();
  const [text, setText] = useState("");
  const targets = detect(text);
  useKeys({
    "/": () => {
      before.current = document.activeElement;
      field.current?.focus();
      field.current?.select();
    },
  });
  const leave = (): void => {
    setText("");
    field.current?.blur();
    if (before.current instanceof HTMLElement) before.current.focus();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const first = targets[0];
    if (first === undefined) return;
    setText("");
    field.current?.blur();
    go(first.href);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") leave();
  };
  return (
    <search className={styles.search}>
      <form onSubmit={submit} onKeyDown={onKeyDown}>
        <SearchIcon aria-hidden size={16} className={styles.icon} />
        <input
          ref={field}
          type="search"
          className={styles.field}
          aria-label="Search"
          aria-controls={id}
          aria-keyshortcuts="/"
          placeholder="Id, number, reference, name"
          autoComplete="off"
          value={text}
          data-testid="search"
          onChange={(event) => setText(event.target.value)}
        />
        <kbd className={styles.key} aria-hidden>
          /
        </kbd>
        <ul id={id} className={styles.targets} hidden={targets.length === 0}>
          {targets.map(({ says, href }) => (
            <li key={href}>
              <AppLink href={href} onClick={() => setText("")}>
                {says}
              </AppLink>
            </li>
          ))}
        </ul>
      </form>
    </search>
  );
}
