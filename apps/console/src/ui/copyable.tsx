import { Copy } from "lucide-react";
import { useRef } from "react";
import { copyText, selectContents } from "./copy-text.ts";
import styles from "./copyable.module.css";
import { useToast } from "./toast.tsx";

interface CopyableProps {
  readonly value: string;
  /** What is copied: "message id". */
  readonly label: string;
  /** As it is shown until it is copied; the whole value when absent. */
  readonly shown?: string;
  /** Several lines, as they are. */
  readonly block?: boolean;
  readonly testId?: string;
}

/** A text that is worth copying. Without a clipboard the text is selected instead. */
export function Copyable({ value, label, shown, block = false, testId }: CopyableProps) {
  const text = useRef<HTMLElement>(null);
  const toast = useToast();
  const copy = async (): Promise<void> => {
    if (await copyText(value)) return toast({ title: `Copied the ${label}.` });
    if (text.current === null) return;
    text.current.textContent = value;
    selectContents(text.current);
    toast({ title: `Selected the ${label}: copy it with your keyboard.` });
  };
  return (
    <span className={block ? styles.block : styles.line}>
      <code ref={text} title={value} data-testid={testId} data-value={value}>
        {shown ?? value}
      </code>
      <button
        type="button"
        className={styles.copy}
        aria-label={`Copy the ${label}`}
        onClick={() => void copy()}
      >
        <Copy aria-hidden size={14} />
      </button>
    </span>
  );
}

/** `3EB0…4F1C`, copied whole. */
export function MessageId({ id, testId }: { readonly id: string; readonly testId?: string }) {
  return (
    <Copyable
      value={id}
      label="message id"
      shown={`${id.slice(0, 4)}…${id.slice(-4)}`}
      {...(testId === undefined ? {} : { testId })}
    />
  );
}
