import { useLocation, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { says } from "../api/says.ts";
import { type Session, signIn } from "../api/session.ts";
import { Button } from "../ui/button.tsx";
import { Note } from "../ui/note.tsx";
import { TextField } from "../ui/text-field.tsx";
import { useGo } from "../ui/use-go.ts";
import { isOutside, placeAfter } from "./place-after.ts";
import type { SearchTexts } from "./search-params.ts";
import styles from "./sign-in-page.module.css";

/** Whose key is this, what may it do? */
export function SignInPage() {
  const { next, ended }: SearchTexts = useSearch({ strict: false });
  const { hash } = useLocation();
  const go = useGo();
  const [key, setKey] = useState("");
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    document.title = "Sign in · Pombo";
  }, []);
  const attempt = async (): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      const found = await signIn(key.trim());
      // The session's record has the key's digest now; this page forgets the key.
      setKey("");
      setSession(found);
    } catch (error) {
      setFailed(says(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (key.trim() === "") setFailed("Paste an API key first.");
    else void attempt();
  };
  return (
    <main className={styles.page}>
      <h1>Pombo</h1>
      {session === undefined ? (
        <form className={styles.form} onSubmit={submit} data-testid="sign-in">
          {ended === undefined ? undefined : (
            <Note role="waiting">
              Your session has ended. Sign in again to go on where you were.
            </Note>
          )}
          <TextField
            label="API key"
            type="password"
            value={key}
            onChange={setKey}
            autoComplete="off"
            autoFocus
            spellCheck={false}
            hint="After npm start it stands in data/admin-key. It is sent once, and not kept in this browser."
          />
          {failed === undefined ? undefined : <Note role="needs-you">{failed}</Note>}
          <Button type="submit" variant="primary" busy={busy}>
            Sign in
          </Button>
        </form>
      ) : (
        <SignedIn session={session} go={() => leave(placeAfter(next, hash), go)} />
      )}
    </main>
  );
}

/** The board of the queues is another program: the browser has to ask for it. */
function leave(place: string, go: (href: string) => void): void {
  if (isOutside(place)) location.assign(`/console${place}`);
  else go(place);
}

interface SignedInProps {
  readonly session: Session;
  readonly go: () => void;
}

function SignedIn({ session, go }: SignedInProps) {
  return (
    <div className={styles.form} data-testid="signed-in">
      <p>
        This is the key <strong>{session.name}</strong>. It may use{" "}
        {session.devices === "*" ? "all devices" : `${session.devices.length} devices`}.
      </p>
      <ul className={styles.scopes}>
        {session.scopes.map((scope) => (
          <li key={scope}>
            <code>{scope}</code>
          </li>
        ))}
      </ul>
      <Button variant="primary" onClick={go} autoFocus>
        Go on
      </Button>
    </div>
  );
}
