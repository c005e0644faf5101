import { QrCode } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useMissingScope } from "../../api/session.ts";
import { Async } from "../../ui/async.tsx";
import { Button } from "../../ui/button.tsx";
import { Panel } from "../../ui/panel.tsx";
import { PhoneNumber } from "../../ui/phone-number.tsx";
import { SelectField } from "../../ui/select-field.tsx";
import { maskNumber } from "../../ui/mask-number.ts";
import { ArrivedBubble, WaitingBubble } from "./bubbles.tsx";
import { bubblesOf, onTheWay } from "./chat.ts";
import { Composer } from "./composer.tsx";
import { LinkDialog } from "./link-dialog.tsx";
import type { Device } from "./phones-panel.tsx";
import { PhoneSwitches } from "./phone-switches.tsx";
import type { Place } from "./place.ts";
import styles from "./sandbox.module.css";
import { useChat, useSent } from "./use-sandbox.ts";

interface ChatPanelProps {
  readonly place: Required<Place>;
  readonly chats: readonly { readonly chat: string }[];
  readonly devices: readonly Device[];
  readonly go: (place: Place) => void;
  /** The message whose story is told. */
  readonly told: string | undefined;
  readonly tell: (message: string) => void;
}

/** A phone in hand: one of its chats as a window, and what a person may do there. */
export function ChatPanel({ place, chats, devices, go, told, tell }: ChatPanelProps) {
  const { phone, chat } = place;
  const [linking, setLinking] = useState(false);
  const missing = useMissingScope("ops:write");
  const device = devices.find(({ phone_number: number }) => number === chat);
  const partners = partnersOf(phone, chat, { chats, devices });
  return (
    <Panel
      title="Chat"
      testId="sandbox.chat"
      aside={
        <>
          <PhoneNumber value={phone} testId="sandbox.number" />
          <Button
            icon={<QrCode aria-hidden size={14} />}
            disabledBecause={missing}
            onClick={() => setLinking(true)}
          >
            Link a device
          </Button>
        </>
      }
    >
      <SelectField
        label="With"
        value={chat}
        onChange={(next) => go({ phone, chat: next })}
        options={partners}
        testId="sandbox.with"
      />
      <Window place={place} device={device} told={told} tell={tell} />
      <Composer place={place} device={device} tell={tell} />
      <PhoneSwitches phone={phone} chat={chat} />
      {linking ? (
        <LinkDialog phone={phone} devices={devices} onClose={() => setLinking(false)} />
      ) : undefined}
    </Panel>
  );
}

/** With whom this phone talks, or may: chats that are there, and devices. */
function partnersOf(
  phone: string,
  chat: string,
  { chats, devices }: Pick<ChatPanelProps, "chats" | "devices">,
) {
  const numbers = devices.flatMap(({ phone_number: number }) => number ?? []);
  const all = new Set([chat, ...chats.map((one) => one.chat), ...numbers]);
  all.delete(phone);
  return [...all].map((value) => {
    const name = devices.find(({ phone_number: number }) => number === value)?.name;
    const masked = maskNumber(value);
    return { value, label: name === undefined ? masked : `${name} (${masked})` };
  });
}

interface WindowProps {
  readonly place: Required<Place>;
  readonly device: Device | undefined;
  readonly told: string | undefined;
  readonly tell: (message: string) => void;
}

function Window({ place, device, told, tell }: WindowProps) {
  const { phone, chat } = place;
  const query = useChat(phone, chat);
  const sent = useSent(phone);
  const messages = query.data?.pages.flatMap((page) => page.messages) ?? [];
  const ours = (sent.data?.messages ?? []).filter(
    ({ device_id: id }) => device !== undefined && id === device.device_id,
  );
  const bubbles = bubblesOf(phone, messages, ours);
  const waiting = onTheWay(messages, ours);
  const end = useEndInSight(`${bubbles.at(-1)?.message.message_id}/${waiting.length}`);
  return (
    <Async query={query} what="the chat" height={360}>
      {() => (
        <div className={styles.window} ref={end} tabIndex={0} role="group" aria-label="Chat window">
          {query.hasNextPage ? (
            <Button onClick={() => void query.fetchNextPage()}>Earlier messages</Button>
          ) : undefined}
          {bubbles.length + waiting.length === 0 ? (
            <p className={styles.nothing}>Nothing was written here yet.</p>
          ) : undefined}
          <ol className={styles.bubbles}>
            {bubbles.map((bubble) => (
              <ArrivedBubble
                key={bubble.message.message_id}
                bubble={bubble}
                told={told === bubble.message.message_id}
                onTell={() => tell(bubble.message.message_id)}
              />
            ))}
            {waiting.map((message) => (
              <WaitingBubble
                key={message.message_id}
                message={message}
                told={told === message.message_id}
                onTell={() => tell(message.message_id)}
              />
            ))}
          </ol>
        </div>
      )}
    </Async>
  );
}

/** The window shows its end when something new stands there, unless somebody reads further up. */
function useEndInSight(last: string) {
  const window = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = window.current;
    if (box === null) return;
    const away = box.scrollHeight - box.scrollTop - box.clientHeight;
    if (box.scrollTop === 0 || away < box.clientHeight) box.scrollTop = box.scrollHeight;
  }, [last]);
  return window;
}
