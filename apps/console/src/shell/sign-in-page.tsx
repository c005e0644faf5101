import { useLocation, useSearch } from "@tanstack/react-router";
import { type FormEvent, useEffect, useState } from "react";
import { says } from "../api/says.ts";
import { loadSession, type Session, signIn } from "../api/session.ts";
import { Button } from "../ui/button.tsx";
import { Note } from "../ui/note.tsx";
import { TextField } from "../ui/text-field.tsx";
import { useGo } from "../ui/use-go.ts";
import { isOutside, placeAfter } from "./place-after.ts";
import type { SearchTexts } from "./search-params.ts";
import styles from "./sign-in-page.module.css";

/** Whose key is this, what may it do? */
export function SignInPage() {
  const { next, ended, elsewhere }: SearchTexts = useSearch({ strict: false });
  const { hash } = useLocation();
  const place = placeAfter(next) + (hash === "" ? "" : `#${hash}`);
  const asks = useAskAgain(elsewhere !== undefined, place);
  const go = useGo();
  const [session, setSession] = useState<Session>();
  useEffect(() => {
    document.title = "Sign in · Pombo";
  }, []);
  return (
    <main className={styles.page}>
      <h1>Pombo</h1>
      {asks ? undefined : session === undefined ? (
        <SignInForm ended={ended !== undefined} onSignedIn={setSession} />
      ) : (
        <SignedIn session={session} go={() => leave(place, go)} />
      )}
    </main>
  );
}

interface SignInFormProps {
  /** There was a session until now. */
  readonly ended: boolean;
  readonly onSignedIn: (session: Session) => void;
}

function SignInForm({ ended, onSignedIn }: SignInFormProps) {
  const [key, setKey] = useState("");
  const [failed, setFailed] = useState<string>();
  const [busy, setBusy] = useState(false);
  const attempt = async (): Promise<void> => {
    setBusy(true);
    setFailed(undefined);
    try {
      // The session's record has the key's digest now; this page forgets the key.
      onSignedIn(await signIn(key.trim()));
    } catch (error) {
      setFailed(says(error));
      setBusy(false);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (key.trim() === "") setFailed("Paste an API key first.");
    else void attempt();
  };
  return (
    <form className={styles.form} onSubmit={submit} data-testid="sign-in">
      {ended ? (
        <Note role="waiting">Your session has ended. Sign in again to go on where you were.</Note>
      ) : undefined}
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
  );
}

/** The server has seen no cookie behind a link of another site: true until it is known that nobody is signed in. */
function useAskAgain(elsewhere: boolean, place: string): boolean {
  const [asks, setAsks] = useState(elsewhere);
  useEffect(() => {
    if (!elsewhere) return;
    loadSession().then(
      (found) => (found === undefined ? setAsks(false) : location.replace(`/console${place}`)),
      () => setAsks(false),
    );
  }, [elsewhere, place]);
  return asks;
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
