import type { ComponentProps, MouseEvent } from "react";
import { useGo } from "./use-go.ts";

interface AppLinkProps extends Omit<ComponentProps<"a">, "href"> {
  /** Below `/console`: `/devices?state=connected`. */
  readonly href: string;
}

/** A link to a page of the console whose address is made at run time. */
export function AppLink({ href, onClick, ...rest }: AppLinkProps) {
  const go = useGo();
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0;
    if (event.defaultPrevented || elsewhere) return;
    event.preventDefault();
    go(href);
  };
  return <a {...rest} href={`/console${href}`} onClick={follow} />;
}
