import { Link } from "@tanstack/react-router";
import type { LucideIcon } from "lucide-react";
import { useState } from "react";
import { useSession } from "../api/session.ts";
import { Dialog } from "../ui/dialog.tsx";
import styles from "./navigation.module.css";
import type { Place } from "./places.ts";

interface BarProps {
  readonly places: readonly Place[];
}

export function SideBar({ places }: BarProps) {
  return (
    <nav className={styles.side} aria-label="Pages">
      <ul>
        {places.map((place) => (
          <li key={place.to}>
            <PlaceLink place={place} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** What a phone has at its bottom; the pages that don't fit stand behind "More". */
export function BottomBar({ places, icon: Icon }: BarProps & { readonly icon: LucideIcon }) {
  const [more, setMore] = useState(false);
  return (
    <nav className={styles.bottom} aria-label="Main pages">
      <ul>
        {places
          .filter((place) => place.first === true)
          .map((place) => (
            <li key={place.to}>
              <PlaceLink place={place} />
            </li>
          ))}
        <li>
          <button type="button" className={styles.link} onClick={() => setMore(true)}>
            <Icon aria-hidden size={18} />
            More
          </button>
        </li>
      </ul>
      <Dialog open={more} onClose={() => setMore(false)} title="More pages">
        <ul className={styles.more}>
          {places
            .filter((place) => place.first !== true)
            .map((place) => (
              <li key={place.to}>
                <PlaceLink place={place} onClick={() => setMore(false)} />
              </li>
            ))}
        </ul>
      </Dialog>
    </nav>
  );
}

interface PlaceLinkProps {
  readonly place: Place;
  readonly onClick?: () => void;
}

function PlaceLink({ place, onClick }: PlaceLinkProps) {
  const { to, word, icon: Icon, key, outside, needs } = place;
  const scopes = useSession()?.scopes ?? [];
  const inside = (
    <>
      <Icon aria-hidden size={18} />
      {word}
    </>
  );
  if (needs !== undefined && !scopes.includes(needs))
    return (
      <span className={styles.link} role="link" aria-disabled>
        <Icon aria-hidden size={18} />
        <span>
          {word} <small>needs {needs}</small>
        </span>
      </span>
    );
  if (outside === true)
    return (
      <a href={`/console${to}`} className={styles.link}>
        {inside}
      </a>
    );
  return (
    <Link
      to={to}
      className={styles.link}
      activeOptions={{ exact: to === "/", includeSearch: false }}
      aria-keyshortcuts={key === undefined ? undefined : `g ${key}`}
      {...(onClick === undefined ? {} : { onClick })}
    >
      {inside}
    </Link>
  );
}
