import { PhoneNumber } from "../../ui/phone-number.tsx";

interface ErrorValueProps {
  readonly field: string;
  readonly value: unknown;
}

/** What was sent, cut short; a number shows its last four digits until somebody asks. */
export function ErrorValue({ field, value }: ErrorValueProps) {
  if (value === null || value === undefined || value === "") return <i>empty</i>;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (field === "to" && /[0-9]{5}/.test(text.replaceAll(/[^0-9]/g, "")))
    return <PhoneNumber value={text.slice(0, 60)} />;
  return <code>{text.slice(0, 60)}</code>;
}
